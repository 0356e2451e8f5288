"""Key Vault: secrets and certificates, by whole names."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.core.secret import Secret
from shared.model.directory import CredentialType, PublicCertificate
from shared.model.vault import VaultEntry


@dataclass(frozen=True)
class VaultPlace:
    """Position at which a listing of all secrets continues: the vault's URL, and Key Vault's continuation token."""

    url: str
    token: str | None


class Vault(Protocol):
    """Key Vault. Names are whole secret names; entries carry properties and tags only."""

    async def page(self, after: VaultPlace | None) -> tuple[tuple[VaultEntry, ...], VaultPlace | None]:
        """Read the newest versions' properties of some secrets of all vaults, and the position of the next page."""
        ...

    async def versions(self, unique_name: str, secret_name: str) -> tuple[VaultEntry, ...]:
        """Read the properties of all versions of a live secret, oldest first; empty if there is no such secret."""
        ...

    async def deleted_tags(self, unique_name: str, secret_name: str) -> dict[str, str] | None:
        """Read the tags of a soft-deleted secret that holds the name; None if there is none."""
        ...

    async def recover(self, unique_name: str, secret_name: str, kind: CredentialType) -> None:
        """Begin recovery of a soft-deleted secret or certificate."""
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
        """Store `value` as the newest version. Repeating it creates another version with the same value."""
        ...

    async def make_certificate(
        self, unique_name: str, secret_name: str, *, subject: str, months: int, tags: dict[str, str]
    ) -> VaultEntry | None:
        """Create a self-signed certificate as the newest version, without auto-renewal; None while in progress.

        `subject` is a distinguished name. Repeating it creates another one.
        """
        ...

    async def certificate(self, unique_name: str, secret_name: str, version: str) -> PublicCertificate:
        """Read the public part of one version of a certificate."""
        ...

    async def import_certificate(
        self, unique_name: str, secret_name: str, value: Secret, tags: dict[str, str]
    ) -> VaultEntry:
        """Store another version's `value` as the newest version. Repeating it creates another one with it."""
        ...

    async def retag(
        self, unique_name: str, secret_name: str, version: str, tags: dict[str, str], kind: CredentialType
    ) -> None:
        """Replace the tags of one version."""
        ...

    async def disable(self, unique_name: str, secret_name: str, version: str, kind: CredentialType) -> None:
        """Disable one version: its value can no longer be read. Already disabled is a success."""
        ...

    async def value(self, unique_name: str, secret_name: str, version: str) -> Secret:
        """Read one version's value, for the sign-in that verifies it."""
        ...
