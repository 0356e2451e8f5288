"""Evidence from the vaults: never a value, only whether it signs in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.core.naming import pending_secret_name

MANAGED_BY = "registrar"
"""The tag `managedBy` of every vault secret that is ours (tags, version 1)."""


@dataclass(frozen=True)
class SecretVersion:
    """One version of a vault secret. `signs_in` is None when its value was not tried."""

    version: str
    enabled: bool
    created: datetime | None
    expires: datetime | None
    tags: Mapping[str, str]
    signs_in: bool | None = None
    thumbprint: str = ""
    """SHA-1 of its certificate, in upper-case hex; empty for a client secret."""


@dataclass(frozen=True)
class VaultSecret:
    """A secret of a vault with all its versions, oldest first; at least one."""

    vault: str
    name: str
    versions: tuple[SecretVersion, ...]

    @property
    def ours(self) -> tuple[SecretVersion, ...]:
        """The versions that the registrar stored, oldest first."""
        return tuple(version for version in self.versions if version.tags.get("managedBy") == MANAGED_BY)

    @property
    def newest(self) -> SecretVersion:
        """The newest version that the registrar stored; of any other secret, the newest."""
        return (self.ours or self.versions)[-1]

    @property
    def above(self) -> SecretVersion | None:
        """The version that clients read, where others set it above the registrar's newest."""
        return self.versions[-1] if self.versions[-1] != self.newest else None

    @property
    def is_ours(self) -> bool:
        """Return whether the registrar stored a version of it."""
        return bool(self.ours)

    @property
    def is_pending(self) -> bool:
        """Return whether it holds values that are not proven yet and that no client reads."""
        credential = self.newest.tags.get("credential", "")
        return self.name == pending_secret_name(self.unique_name, credential)

    @property
    def unique_name(self) -> str:
        """The app it belongs to, by its tags."""
        return self.newest.tags.get("uniqueName", "")


@dataclass(frozen=True)
class DeletedSecret:
    """A deleted secret that can be recovered: its values are not lost."""

    name: str
    unique_name: str


@dataclass(frozen=True)
class Leak:
    """A secret's value found outside the vault."""

    secret: str
    place: str
