"""Key Vault: secrets and certificates, by whole names."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.core.secret import Secret
from shared.model.directory import CredentialType, PublicCertificate
from shared.model.vault import VaultEntry


@dataclass(frozen=True)
class VaultPlace:
    """Where a listing of all secrets goes on: the vault's URL, and Key Vault's own token."""

    url: str
    token: str | None


class Vault(Protocol):
    """Key Vault. Names are whole secret names; entries carry properties and tags only."""

    async def page(self, after: VaultPlace | None) -> tuple[tuple[VaultEntry, ...], VaultPlace | None]:
        """Read the newest versions' properties of some secrets of all vaults, and where the next ones are."""
        ...

    async def versions(self, unique_name: str, secret_name: str) -> tuple[VaultEntry, ...]:
        """Read the properties of all versions of a live secret, oldest first; none when there is no such secret."""
        ...

    async def deleted_tags(self, unique_name: str, secret_name: str) -> dict[str, str] | None:
        """Read the tags of a soft-deleted secret that holds the name; None when there is none."""
        ...

    async def recover(self, unique_name: str, secret_name: str, kind: CredentialType) -> None:
        """Begin to recover a soft-deleted secret, or certificate."""
        ...

    async def store(
        self,
        unique_name: str,
        secret_name: str,
        value: Secret,
        *,
        not_before: datetime,
        expires: datetime,
        tags: dict[str, str],
    ) -> VaultEntry:
        """Make `value` the newest version. Repeating it makes another version with the same value."""
        ...

    async def make_certificate(
        self, unique_name: str, secret_name: str, *, subject: str, months: int, tags: dict[str, str]
    ) -> VaultEntry | None:
        """Have a self-signed certificate made as the newest version, never renewed by itself; None while it is made.

        `subject` is a distinguished name. Repeating it makes another one.
        """
        ...

    async def certificate(self, unique_name: str, secret_name: str, version: str) -> PublicCertificate:
        """Read the public part of one version of a certificate."""
        ...

    async def import_certificate(
        self, unique_name: str, secret_name: str, value: Secret, tags: dict[str, str]
    ) -> VaultEntry:
        """Make `value`, another version's, the newest version. Repeating it makes another one with the same."""
        ...

    async def retag(
        self, unique_name: str, secret_name: str, version: str, tags: dict[str, str], kind: CredentialType
    ) -> None:
        """Replace the tags of one version."""
        ...

    async def disable(self, unique_name: str, secret_name: str, version: str, kind: CredentialType) -> None:
        """Disable one version: its value can no longer be read. Disabled already is a success."""
        ...

    async def value(self, unique_name: str, secret_name: str, version: str) -> Secret:
        """Read one version's value, for the sign-in that verifies it."""
        ...
