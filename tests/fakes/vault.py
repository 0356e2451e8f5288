"""A Key Vault in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha1
from itertools import count

from shared.core.errors import ForbiddenError, NotYetVisibleError, RefusedError
from shared.core.naming import CERTIFICATE_CONTENT_TYPE, SECRET_CONTENT_TYPE
from shared.core.secret import Secret
from shared.model.directory import CredentialType, PublicCertificate
from shared.model.vault import VaultEntry
from shared.ports import VaultPlace
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
        self.pairs_made = 0
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
    def recover(self, unique_name: str, secret_name: str, kind: CredentialType) -> None:
        if secret_name not in self.deleted:
            raise NotYetVisibleError("SecretNotFound")
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
        self._check(secret_name, tags, "secret")
        return self.put(secret_name, value.reveal(), expires, tags)

    @outgoing("vault make_certificate")
    def make_certificate(
        self, unique_name: str, secret_name: str, *, subject: str, months: int, tags: Mapping[str, str]
    ) -> VaultEntry | None:
        self._check(secret_name, tags, "certificate")
        self.pairs_made += 1
        expires = self.clock.now() + timedelta(days=30.44 * months)
        return self._keep_pair(secret_name, f"{subject} pair {self.pairs_made}", expires, tags)

    @outgoing("vault certificate")
    def certificate(self, unique_name: str, secret_name: str, version: str) -> PublicCertificate:
        kept = self._version(secret_name, version)
        return PublicCertificate(public_part(kept.value), kept.entry.thumbprint)

    @outgoing("vault import_certificate")
    def import_certificate(
        self, unique_name: str, secret_name: str, value: Secret, tags: Mapping[str, str]
    ) -> VaultEntry:
        self._check(secret_name, tags, "certificate")
        pair = value.reveal()
        expires = next(
            kept.entry.expires for versions in self.secrets.values() for kept in versions if kept.value == pair
        )
        assert expires is not None
        return self._keep_pair(secret_name, pair, expires, tags)

    @outgoing("vault retag")
    def retag(
        self, unique_name: str, secret_name: str, version: str, tags: Mapping[str, str], kind: CredentialType
    ) -> None:
        kept = self._version(secret_name, version, kind)
        kept.entry = replace(kept.entry, tags=dict(tags), updated=self.clock.now())

    @outgoing("vault disable")
    def disable(self, unique_name: str, secret_name: str, version: str, kind: CredentialType) -> None:
        kept = self._version(secret_name, version, kind)
        kept.entry = replace(kept.entry, enabled=False, updated=self.clock.now())

    @outgoing("vault value")
    def value(self, unique_name: str, secret_name: str, version: str) -> Secret:
        kept = self._version(secret_name, version)
        if not kept.entry.enabled:
            raise ForbiddenError("SecretDisabled")
        return Secret(kept.value)

    def put(
        self,
        name: str,
        value: str,
        expires: datetime,
        tags: Mapping[str, str],
        content_type: str = SECRET_CONTENT_TYPE,
        thumbprint: str = "",
    ) -> VaultEntry:
        """Store a version, as somebody with the right to."""
        entry = VaultEntry(
            uri=f"{URL}/secrets/{name}",
            version=f"{next(self._versions):032x}",
            enabled=True,
            created=self.clock.now(),
            expires=expires,
            content_type=content_type,
            tags=dict(tags),
            thumbprint=thumbprint,
            updated=self.clock.now(),
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
        self.disable_version(name, -1)

    def disable_version(self, name: str, index: int) -> None:
        """Disable one version, as somebody with the right to."""
        kept = self.secrets[name][index]
        kept.entry = replace(kept.entry, enabled=False, updated=self.clock.now())

    def enable_newest(self, name: str) -> None:
        """Enable the newest version, as somebody with the right to."""
        newest = self.secrets[name][-1]
        newest.entry = replace(newest.entry, enabled=True, updated=self.clock.now())

    def _keep_pair(self, name: str, pair: str, expires: datetime, tags: Mapping[str, str]) -> VaultEntry:
        thumbprint = thumbprint_of(public_part(pair))
        return self.put(name, pair, expires, tags, CERTIFICATE_CONTENT_TYPE, thumbprint)

    def _check(self, name: str, tags: Mapping[str, str], kind: CredentialType) -> None:
        if name in self.deleted:
            raise NotYetVisibleError("the name is held by a deleted secret")
        if len(tags) > _MOST_TAGS or any(kept.entry.type != kind for kept in self.secrets.get(name, ())):
            raise RefusedError("BadParameter")

    def _version(self, name: str, version: str, kind: CredentialType | None = None) -> FakeVersion:
        for kept in self.secrets.get(name, ()):
            if kept.entry.version == version:
                if kind is not None and kept.entry.type != kind:
                    raise RefusedError("a managed secret is written through its certificate, and no other one is")
                return kept
        raise NotYetVisibleError("SecretNotFound")


def public_part(pair: str) -> bytes:
    """What the directory gets to know of a pair."""
    return f"public part of {pair}".encode()


def thumbprint_of(public: bytes) -> str:
    """SHA-1 in upper-case hex, as the directory shows it."""
    return sha1(public).hexdigest().upper()
