"""The directory behind the nouns: where objects are found, how fresh the finding is, what time it is.

Every call is served by a replica that may lag behind (`World.replica`). It resolves the path and the references
of the body; what is then written is decided on the primary. That is how a write to an object made moments ago
is answered 404 although the object exists. Unique names are the primary's affair alone.
"""

from datetime import UTC, datetime, timedelta

from devstack.doubles.documents import Document, View
from devstack.doubles.graph.errors import malformed, not_found
from devstack.doubles.graph.odata.path import Key
from devstack.doubles.tokens import Caller
from devstack.doubles.world import World

_ALTERNATE_KEYS = {
    "applications": ("appId", "uniqueName"),
    "servicePrincipals": ("appId",),
    "users": ("userPrincipalName",),
}

DELETED_FOR = timedelta(days=30)
"""How long a soft-deleted object can be restored."""


class Directory:
    """The tenant's objects, for one double."""

    def __init__(self, world: World, caller: Caller | None = None) -> None:
        self.world = world
        self.caller = caller
        """Who makes the call that is being served."""

    @property
    def primary(self) -> View:
        """The objects as they are."""
        return self.world.primary()

    @property
    def replica(self) -> View:
        """The objects as the replica that serves the call shows them."""
        return self.world.replica()

    def look_up(self, view: View, collection: str, key: Key) -> Document | None:
        """The object with an id or an alternate key, or None. Raises GraphError for a key that is none."""
        if key.name == "id":
            found = view.get(collection, key.value.casefold())
            if found is None and collection == "users" and "@" in key.value:
                return next(iter(view.find("users", "userPrincipalName", key.value)), None)
            return found
        if key.name not in _ALTERNATE_KEYS.get(collection, ()):
            raise malformed(f"'{key.name}' is not a key property or an alternate key of the resource type.")
        return next(iter(view.find(collection, key.name, key.value)), None)

    def read(self, collection: str, key: Key) -> Document:
        """The object a GET asks for. Raises GraphError 404."""
        found = self.look_up(self.replica, collection, key)
        if found is None:
            raise not_found(key.value)
        return found

    def target(self, collection: str, key: Key) -> Document:
        """The object a write is for: visible on the replica, as it is on the primary. Raises GraphError 404."""
        current = self.primary.get(collection, self.read(collection, key)["id"])
        if current is None:
            raise not_found(key.value)
        return current

    def save(self, collection: str, document: Document) -> None:
        """Create or replace an object under its id."""
        self.world.documents.put(collection, document["id"], document)

    def remove(self, collection: str, document: Document) -> None:
        """Remove an object for good (soft deletion is `deleted_items`' affair)."""
        self.world.documents.delete(collection, document["id"])

    def now(self) -> datetime:
        """The stack clock."""
        return self.world.clock.now()


def to_seconds(moment: datetime) -> str:
    """`2025-01-01T00:00:00Z`: how reads and echoed client dates look."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_ticks(moment: datetime, *, trimmed: bool = True) -> str:
    """`2025-01-01T00:00:00.1234567Z`: seven digits as the service's clock has, trailing zeros trimmed or not."""
    digits = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0")
    return (digits.rstrip("0").rstrip(".") if trimmed else digits) + "Z"
