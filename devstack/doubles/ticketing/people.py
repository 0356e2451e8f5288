"""Who asks for tickets and decides on them: people of the tenant, as each ticketing system names them."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from devstack.doubles.documents import Document
from devstack.doubles.world import World


@dataclass(frozen=True)
class Person:
    """An e-mail address, and the user's object id in Entra, empty for one who is not in the tenant."""

    email: str
    object_id: str = ""

    @property
    def user_id(self) -> str:
        """The sys_id of the user's record in ServiceNow."""
        return uuid5(NAMESPACE_URL, f"servicenow/{self.email}").hex

    @property
    def account_id(self) -> str:
        """The account id in Jira."""
        return f"712020:{uuid5(NAMESPACE_URL, f'jira/{self.email}')}"

    @property
    def name(self) -> str:
        """What the systems show."""
        return self.email.partition("@")[0].replace(".", " ").title()

    def document(self) -> Document:
        """The person as a ticket keeps them."""
        return {"email": self.email, "object_id": self.object_id}


def person(world: World, email: str, object_id: str | None = None) -> Person:
    """The person of that address; the object id is the tenant's own when none is given, as provisioning brings it."""
    if object_id is not None:
        return Person(email, object_id)
    view = world.primary()
    users = view.find("users", "userPrincipalName", email) or view.find("users", "mail", email)
    return Person(email, users[0]["id"] if users else "")


def from_document(document: Document) -> Person:
    """A person whom a ticket has kept."""
    return Person(document["email"], document["object_id"])
