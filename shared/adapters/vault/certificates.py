"""Key Vault's certificates through their SDK: each is also the secret of the same name, which holds the private key.

That secret is managed: it can only be written through the certificate (Microsoft Learn, "About Azure Key Vault
certificates").
"""

import asyncio
import base64
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from azure.core.credentials_async import AsyncTokenCredential

from shared.adapters.azure_errors import translated
from shared.adapters.vault.options import ONCE_MORE
from shared.core.errors import RefusedError
from shared.core.naming import CERTIFICATE_CONTENT_TYPE
from shared.core.secret import Secret
from shared.model.directory import PublicCertificate
from shared.model.vault import VaultEntry

if TYPE_CHECKING:
    from azure.keyvault.certificates import CertificatePolicy, CertificateProperties, KeyVaultCertificate
    from azure.keyvault.certificates.aio import CertificateClient

_CREATE_TIMEOUT_SECONDS = 8
"""The SDK polls for completion; if it takes longer, the next attempt reads the result."""
_KEY_BITS = 2048


class VaultCertificates:
    """The certificates of any vault, by its URL."""

    def __init__(self, credential: AsyncTokenCredential) -> None:
        self._credential = credential
        self._clients: dict[str, CertificateClient] = {}

    async def versions(self, vault_url: str, name: str) -> list[VaultEntry]:
        """Read the properties of all versions of a certificate."""
        with translated(f"list the versions of the certificate {name}"):
            listed = self._client(vault_url).list_properties_of_certificate_versions(name)
            return [_entry(properties) async for properties in listed]

    async def make(
        self, vault_url: str, name: str, *, subject: str, months: int, tags: Mapping[str, str]
    ) -> VaultEntry | None:
        """Create a self-signed certificate as the newest version; None while that is in progress."""
        with translated(f"make the certificate {name}"), suppress(TimeoutError):
            async with asyncio.timeout(_CREATE_TIMEOUT_SECONDS):
                made: Any = await self._client(vault_url).create_certificate(
                    name, _self_signed(subject, months), tags=dict(tags)
                )
                properties: CertificateProperties | None = getattr(made, "properties", None)
                if properties is None:
                    raise RefusedError(f"Key Vault did not make the certificate {name}: {made.error or made.status}")
                return _entry(properties)
        return None

    async def public_part(self, vault_url: str, name: str, version: str) -> PublicCertificate:
        """Read one version's public part."""
        with translated(f"read the certificate {name}"):
            kept = await self._client(vault_url).get_certificate_version(name, version)
        return PublicCertificate(bytes(kept.cer or b""), _thumbprint(kept.properties) if kept.properties else "")

    async def import_(self, vault_url: str, name: str, value: Secret, tags: Mapping[str, str]) -> VaultEntry:
        """Make a pair, PFX in base64, the newest version."""
        with translated(f"import the certificate {name}"):
            kept: KeyVaultCertificate = await self._client(vault_url).import_certificate(
                name, base64.b64decode(value.reveal()), policy=_imported(), tags=dict(tags)
            )
        if kept.properties is None:
            raise RefusedError(f"Key Vault answered the import of {name} without its properties")
        return _entry(kept.properties)

    async def change(
        self, vault_url: str, name: str, version: str, *, enabled: bool | None = None, tags: Mapping[str, str] | None
    ) -> None:
        """Change one version's attributes, which its secret mirrors, or its tags."""
        with translated(f"update the certificate {name}"):
            await self._client(vault_url).update_certificate_properties(
                name, version, enabled=enabled, tags=dict(tags) if tags is not None else None
            )

    async def recover(self, vault_url: str, name: str, seconds: float) -> None:
        """Begin to recover a soft-deleted one. The SDK polls for completion; the next attempt checks instead."""
        with translated(f"recover the certificate {name}"), suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._client(vault_url).recover_deleted_certificate(name)

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.close()

    def _client(self, url: str) -> "CertificateClient":
        if url not in self._clients:
            # Most apps have no certificate: the SDK is loaded on first use.
            from azure.keyvault.certificates.aio import CertificateClient

            self._clients[url] = CertificateClient(url, self._credential, **ONCE_MORE)
        return self._clients[url]


def _self_signed(subject: str, months: int) -> "CertificatePolicy":
    """Return the policy of a self-signed pair: exportable for its client, and never renewed by the vault."""
    from azure.keyvault.certificates import (
        CertificateContentType,
        CertificatePolicy,
        CertificatePolicyAction,
        KeyType,
        LifetimeAction,
        WellKnownIssuerNames,
    )

    return CertificatePolicy(
        WellKnownIssuerNames.self,
        subject=subject,
        exportable=True,
        key_type=KeyType.rsa,
        key_size=_KEY_BITS,
        reuse_key=False,
        content_type=CertificateContentType.pkcs12,
        validity_in_months=months,
        # Without an action in the policy, the vault renews on its own, and the directory would not know.
        lifetime_actions=[LifetimeAction(CertificatePolicyAction.email_contacts, lifetime_percentage=99)],
    )


def _imported() -> "CertificatePolicy":
    """Return the policy of an imported pair: exportable, with an unknown issuer, so that the vault renews nothing."""
    from azure.keyvault.certificates import CertificateContentType, CertificatePolicy, KeyType, WellKnownIssuerNames

    return CertificatePolicy(
        WellKnownIssuerNames.unknown,
        exportable=True,
        key_type=KeyType.rsa,
        key_size=_KEY_BITS,
        reuse_key=False,
        content_type=CertificateContentType.pkcs12,
    )


def _entry(properties: "CertificateProperties") -> VaultEntry:
    return VaultEntry(
        uri=f"{properties.vault_url}/secrets/{properties.name}",
        version=properties.version or "",
        enabled=properties.enabled is not False,
        created=properties.created_on,
        expires=properties.expires_on,
        content_type=CERTIFICATE_CONTENT_TYPE,
        tags=dict(properties.tags or {}),
        thumbprint=_thumbprint(properties),
        updated=properties.updated_on,
    )


def _thumbprint(properties: "CertificateProperties") -> str:
    return bytes(properties.x509_thumbprint or b"").hex().upper()
