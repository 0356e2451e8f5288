"""The people of the tenant, as `devstack.toml` names them."""

from uuid import NAMESPACE_URL, uuid5

from devstack.doubles.documents import Document
from devstack.doubles.seed import completion
from devstack.doubles.world import World
from devstack.project import Person, project


def plant_person(world: World, person: Person) -> Document:
    """Put somebody into the directory; returns the user."""
    user = completion.user(world, _given(world, person))
    world.documents.put("users", user["id"], user, since_ever=True)
    return user


def person_id(world: World, name: str) -> str:
    """The object id of one of the people, the same after every reset of one tenant."""
    return str(uuid5(NAMESPACE_URL, f"{world.tenant.id}/user/{name}"))


def _given(world: World, person: Person) -> Document:
    domain = project().tenant.mail_domain
    mail = f"{person.mail or person.name}@{domain}"
    given: Document = {
        "displayName": person.display_name,
        "id": person_id(world, person.name),
        "userPrincipalName": f"{person.name}@{world.tenant.domain}",
        "mail": mail,
        "proxyAddresses": [f"SMTP:{mail}", *(f"smtp:{alias}@{domain}" for alias in person.aliases)],
    }
    return given | ({"accountEnabled": False} if person.is_blocked else {})
