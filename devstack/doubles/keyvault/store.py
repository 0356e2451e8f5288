"""What a vault holds. Secrets and certificates share one shape, and soft deletion:

`{vault, name, versions: [...], deletedDate?, scheduledPurgeDate?, _busyUntil?}`, versions from old to new. A
version has `version` (32 hex digits), `attributes` and `tags`; a secret's also `value`, `contentType`, and `kid`
when it belongs to a certificate; a certificate's also `cer`, `x5t` and `policy`. Times are whole seconds.
`purged: true` stands for a name that was just purged and is not free yet.
"""

import re
from collections.abc import Iterator

from devstack.doubles.documents import Document, View
from devstack.doubles.keyvault import errors
from devstack.doubles.keyvault.templates import new_item, new_version
from devstack.doubles.world import World

_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
_DAY = 86_400


class Store:
    """The objects of one kind ("Secret" or "Certificate") in one vault."""

    def __init__(self, world: World, vault: Document, kind: str) -> None:
        self._world = world
        self._vault = vault
        self._collection = f"vault{kind}s"
        self.kind = kind

    def all(self, *, deleted: bool) -> list[Document]:
        """The live or the deleted objects by name, as readers see them."""
        found = (self._settled(item) for item in self._stored(self._reading()))
        wanted = [item for item in found if item and self._is_readable(item) and ("deletedDate" in item) == deleted]
        return sorted(wanted, key=lambda item: item["name"].casefold())

    def read(self, name: str) -> Document:
        """A live object as readers see it. Raises KeyVaultError 404."""
        item = self._find(self._reading(), name)
        if item is None or item.get("purged") or "deletedDate" in item:
            raise errors.not_found(self.kind, name)
        return item

    def never_existed(self, name: str) -> bool:
        """Return whether readers see nothing of that name, neither live nor deleted."""
        return self._find(self._reading(), name) is None

    def read_deleted(self, name: str) -> Document:
        """A deleted object whose deletion is complete. Raises KeyVaultError 404."""
        item = self._find(self._reading(), name)
        if item is None or "deletedDate" not in item or not self._is_readable(item):
            raise errors.not_found(self.kind, name)
        return item

    def live(self, name: str) -> Document:
        """A live object, for a change. Raises KeyVaultError 404, or 409 while it is being recovered."""
        item = self.existing(name)
        if item is None:
            raise errors.not_found(self.kind, name)
        return item

    def existing(self, name: str) -> Document | None:
        """The live object of that name, None when the name is free. Raises KeyVaultError 409 when it is neither."""
        item = self._find(self._world.primary(), name)
        if item is None:
            return None
        if self._is_busy(item):
            if item.get("purged") or "deletedDate" in item:
                raise errors.being_deleted(self.kind, name)
            raise errors.being_recovered(self.kind, name)
        if "deletedDate" in item:
            raise errors.deleted_but_recoverable(self.kind, name)
        return item

    def deleted(self, name: str) -> Document:
        """A deleted object, for recovery or purge. Raises KeyVaultError 404, or 409 while it is being deleted."""
        item = self._find(self._world.primary(), name)
        if item is None or item.get("purged") or "deletedDate" not in item:
            raise errors.not_found(self.kind, name)
        if self._is_busy(item):
            raise errors.being_deleted(self.kind, name)
        return item

    def add_version(self, name: str, version: Document) -> Document:
        """Store a new version under a name that is live or free, and return it with its id and times."""
        item = self.existing(name) or new_item(self._vault["name"], name)
        added = new_version(version, self.now())
        item["versions"].append(added)
        self.save(item)
        return added

    def delete(self, item: Document) -> Document:
        """Soft-delete all versions."""
        now = self.now()
        item |= {
            "deletedDate": now,
            "scheduledPurgeDate": now + self._vault["recoverableDays"] * _DAY,
            "_busyUntil": now + self._world.weather.deletion_seconds,
        }
        self.save(item)
        return item

    def recover(self, item: Document) -> Document:
        """Undo a deletion."""
        del item["deletedDate"], item["scheduledPurgeDate"]
        item["_busyUntil"] = self.now() + self._world.weather.recovery_seconds
        self.save(item)
        return item

    def purge(self, item: Document) -> None:
        """End a deleted object for good; its name may stay taken for some more seconds."""
        if self._vault["purgeProtection"]:
            raise errors.purge_protected()
        if seconds := self._world.weather.deletion_seconds:
            self.save(item | {"versions": [], "purged": True, "_busyUntil": self.now() + seconds})
        else:
            self._world.documents.delete(self._collection, self._key(item["name"]))

    def save(self, item: Document) -> None:
        """Write an object as it is."""
        self._world.documents.put(self._collection, self._key(item["name"]), item)

    def now(self) -> int:
        """The stack clock in whole seconds, as Key Vault counts."""
        return int(self._world.clock.time())

    def _reading(self) -> View:
        lag = self._world.weather.vault_lag_seconds
        return self._world.documents.view(self._world.clock.time() - lag) if lag else self._world.primary()

    def _stored(self, view: View) -> Iterator[Document]:
        return (item for item in view.all(self._collection) if item["vault"] == self._vault["name"])

    def _find(self, view: View, name: str) -> Document | None:
        if not _NAME.fullmatch(name):
            raise errors.invalid_name(name)
        item = view.get(self._collection, self._key(name))
        return self._settled(item) if item else None

    def _settled(self, item: Document) -> Document | None:
        """The object, or None when time has purged it meanwhile."""
        if item.get("purged") and not self._is_busy(item):
            return None
        ends = item.get("scheduledPurgeDate")
        return None if ends is not None and ends <= self.now() else item

    def _is_busy(self, item: Document) -> bool:
        return item.get("_busyUntil", 0) > self._world.clock.time()

    def _is_readable(self, item: Document) -> bool:
        return not item.get("purged") and not ("deletedDate" in item and self._is_busy(item))

    def _key(self, name: str) -> str:
        return f"{self._vault['name']}/{name}".casefold()


def version_of(item: Document, version: str | None) -> Document | None:
    """One version of an object by its id, or the newest."""
    versions: list[Document] = item["versions"]
    if not version:
        return versions[-1]
    return next((each for each in versions if each["version"] == version), None)
