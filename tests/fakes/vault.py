"""A Key Vault in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

from shared.errors import Forbidden, NotYetVisible, Refused
from shared.model import VaultEntry
from shared.naming import SECRET_CONTENT_TYPE
from shared.ports import VaultPlace
from shared.secret import Secret
from tests.fakes.clock import FakeClock
from tests.fakes.faults import Faults, outgoing

URL = "https://contoso-registrar.vault.azure.net"
_MOST_TAGS = 15
_PAGE = 3


@dataclass
class FakeVersion:
    entry: VaultEntry
    value: str


class FakeVault:
    """Fills `Vault`. `secrets` holds the versions of each name, oldest first."""

    def __init__(self, clock: FakeClock, faults: Faults) -> None:
        self.clock = clock
        self.faults = faults
        self.secrets: dict[str, list[FakeVersion]] = {}
        self.deleted: dict[str, list[FakeVersion]] = {}
        self._versions = count(1)

    @outgoing("vault page")
    def page(self, after: VaultPlace | None) -> tuple[tuple[VaultEntry, ...], VaultPlace | None]:
        names = sorted(self.secrets)
        first = int(after.token or 0) if after is not None else 0
        entries = tuple(self.secrets[name][-1].entry for name in names[first : first + _PAGE])
        following = first + _PAGE
        return entries, VaultPlace(URL, str(following)) if following < len(names) else None

    @outgoing("vault versions")
    def versions(self, unique_name: str, secret_name: str) -> tuple[VaultEntry, ...]:
        return tuple(version.entry for version in self.secrets.get(secret_name, ()))

    @outgoing("vault deleted_tags")
    def deleted_tags(self, unique_name: str, secret_name: str) -> dict[str, str] | None:
        versions = self.deleted.get(secret_name)
        return versions[-1].entry.tags if versions else None

    @outgoing("vault recover")
    def recover(self, unique_name: str, secret_name: str) -> None:
        if secret_name not in self.deleted:
            raise NotYetVisible("SecretNotFound")
        self.secrets[secret_name] = self.deleted.pop(secret_name)

    @outgoing("vault store")
    def store(
        self,
        unique_name: str,
        secret_name: str,
        value: Secret,
        *,
        not_before: datetime,
        expires: datetime,
        tags: Mapping[str, str],
    ) -> VaultEntry:
        if secret_name in self.deleted:
            raise NotYetVisible("the name is held by a deleted secret")
        if len(tags) > _MOST_TAGS:
            raise Refused("BadParameter")
        return self.put(secret_name, value.reveal(), expires, tags)

    @outgoing("vault retag")
    def retag(self, unique_name: str, secret_name: str, version: str, tags: Mapping[str, str]) -> None:
        kept = self._version(secret_name, version)
        kept.entry = replace(kept.entry, tags=dict(tags))

    @outgoing("vault disable")
    def disable(self, unique_name: str, secret_name: str, version: str) -> None:
        kept = self._version(secret_name, version)
        kept.entry = replace(kept.entry, enabled=False)

    @outgoing("vault value")
    def value(self, unique_name: str, secret_name: str, version: str) -> Secret:
        kept = self._version(secret_name, version)
        if not kept.entry.enabled:
            raise Forbidden("SecretDisabled")
        return Secret(kept.value)

    def put(self, name: str, value: str, expires: datetime, tags: Mapping[str, str]) -> VaultEntry:
        """Store a version, as somebody with the right to."""
        entry = VaultEntry(
            uri=f"{URL}/secrets/{name}",
            version=f"{next(self._versions):032x}",
            enabled=True,
            created=self.clock.now(),
            expires=expires,
            content_type=SECRET_CONTENT_TYPE,
            tags=dict(tags),
        )
        self.secrets.setdefault(name, []).append(FakeVersion(entry, value))
        return entry

    def delete(self, name: str) -> None:
        """Soft-delete a secret."""
        self.deleted[name] = self.secrets.pop(name)

    def restore(self, name: str) -> None:
        """Recover a soft-deleted secret by hand."""
        self.secrets[name] = self.deleted.pop(name)

    def disable_newest(self, name: str) -> None:
        """Disable the newest version, as somebody with the right to."""
        newest = self.secrets[name][-1]
        newest.entry = replace(newest.entry, enabled=False)

    def _version(self, name: str, version: str) -> FakeVersion:
        for kept in self.secrets.get(name, ()):
            if kept.entry.version == version:
                return kept
        raise NotYetVisible("SecretNotFound")
