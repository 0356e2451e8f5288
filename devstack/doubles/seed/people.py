"""The people of the tenant: those with nothing special about them, and one for each thing that can be."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from devstack.doubles.seed import completion
from devstack.doubles.world import World

MAIL_DOMAIN = "contoso.example"
"""Of everybody's address, which a form has; they sign in under the tenant's own domain."""
_PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {"displayName": "Ada Lovelace"},
    "grace": {"displayName": "Grace Hopper"},
    "alan": {"displayName": "Alan Turing"},
    # Signs in under one name, gets mail under another.
    "k.johnson": {"displayName": "Katherine Johnson", "mail": "katherine.johnson"},
    # Mail under a second address arrives, too: an alias.
    "barbara": {"displayName": "Barbara Liskov", "aliases": ["b.liskov"]},
    # Left, and was blocked.
    "edsger": {"displayName": "Edsger Dijkstra", "accountEnabled": False},
    # Two people share one address.
    "dennis": {"displayName": "Dennis Ritchie", "mail": "unix"},
    "ken": {"displayName": "Ken Thompson", "mail": "unix"},
    # May decide about requests.
    "margaret": {"displayName": "Margaret Hamilton"},
    "radia": {"displayName": "Radia Perlman"},
}
APPROVERS = ("margaret", "radia")
READERS = ("alan",)


def plant_people(world: World) -> None:
    """Put everybody into the directory; who is there stays."""
    for name, given in _PEOPLE.items():
        if world.primary().get("users", person_id(world, name)) is None:
            user = completion.user(world, _given(world, name, dict(given)))
            world.documents.put("users", user["id"], user, since_ever=True)


def person_id(world: World, name: str) -> str:
    """The object id of one of the people, the same after every reset of one tenant."""
    return str(uuid5(NAMESPACE_URL, f"{world.tenant.id}/user/{name}"))


def _given(world: World, name: str, given: dict[str, Any]) -> dict[str, Any]:
    domain = world.tenant.domain
    aliases: list[str] = given.pop("aliases", [])
    mail = f"{given.pop('mail', name)}@{MAIL_DOMAIN}"
    addresses = [f"SMTP:{mail}", *(f"smtp:{alias}@{MAIL_DOMAIN}" for alias in aliases)]
    named = {"id": person_id(world, name), "userPrincipalName": f"{name}@{domain}", "mail": mail}
    return {**given, **named, "proxyAddresses": addresses}
