"""Key Vault through its SDK. A secret's value passes here once on its way in, and once to be proven."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.keyvault.secrets import SecretProperties
from azure.keyvault.secrets.aio import SecretClient

from shared.adapters.azure_errors import translated
from shared.adapters.vault.certificates import VaultCertificates
from shared.adapters.vault.options import ONCE_MORE
from shared.core.errors import RefusedError
from shared.core.naming import SECRET_CONTENT_TYPE
from shared.core.secret import Secret
from shared.model.directory import CredentialType, PublicCertificate
from shared.model.vault import VaultEntry
from shared.ports import VaultPlace

_RECOVER_SECONDS = 5
_PAGE = 25
"""Key Vault's largest page (Microsoft Learn, "Get Secrets")."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class KeyVault:
    """Implements the port `Vault`; `vault_url` maps an app to the one of `vault_urls` that keeps its credentials."""

    def __init__(
        self, credential: AsyncTokenCredential, vault_url: Callable[[str], str], vault_urls: Sequence[str] = ()
    ) -> None:
        self._credential = credential
        self._vault_url = vault_url
        self._vault_urls = list(dict.fromkeys(vault_urls))
        self._clients: dict[str, SecretClient] = {}
        self._certificates = VaultCertificates(credential)

    async def page(self, after: VaultPlace | None) -> tuple[tuple[VaultEntry, ...], VaultPlace | None]:
        """Read one page of all vaults' secrets (their newest versions' properties), and the next page's place.

        Raises RefusedError for a place outside these vaults: our token goes nowhere else.
        """
        place = after or VaultPlace(self._vault_urls[0], None)
        is_ours = place.url in self._vault_urls and (place.token or f"{place.url}/secrets?").startswith(
            f"{place.url}/secrets?"
        )
        if not is_ours:
            raise RefusedError("a listing of secrets was to go on where no vault of ours is")
        with translated("list the secrets"):
            pages: Any = self._client_at(place.url).list_properties_of_secrets(max_page_size=_PAGE)
            pages = pages.by_page(continuation_token=place.token)
            entries = [_entry(properties) async for properties in await anext(pages)]
        if pages.continuation_token:
            return tuple(entries), VaultPlace(place.url, pages.continuation_token)
        following = self._vault_urls[self._vault_urls.index(place.url) + 1 :]
        return tuple(entries), VaultPlace(following[0], None) if following else None

    async def versions(self, unique_name: str, secret_name: str) -> tuple[VaultEntry, ...]:
        """Read the properties of all versions of a live secret, oldest first; none if there is no such secret."""
        with translated(f"list the versions of the secret {secret_name}"):
            try:
                listed = self._client(unique_name).list_properties_of_secret_versions(secret_name)
                versions = [_entry(properties) async for properties in listed]
            except ResourceNotFoundError:
                return ()
        if any(entry.type == "certificate" for entry in versions):
            # Tags and thumbprints are the certificate's: whether its secret mirrors them is not documented.
            versions = await self._certificates.versions(self._vault_url(unique_name), secret_name)
        return tuple(sorted(versions, key=lambda entry: (entry.created or _EPOCH, entry.version)))

    async def deleted_tags(self, unique_name: str, secret_name: str) -> dict[str, str] | None:
        """Read the tags of a soft-deleted secret that holds the name; None if there is none."""
        with translated(f"read the deleted secret {secret_name}"):
            try:
                deleted = await self._client(unique_name).get_deleted_secret(secret_name)
            except ResourceNotFoundError:
                return None
        return dict(deleted.properties.tags or {})

    async def recover(self, unique_name: str, secret_name: str, kind: CredentialType) -> None:
        """Begin to recover a soft-deleted secret. The SDK polls for completion; the next attempt checks instead."""
        if kind == "certificate":
            await self._certificates.recover(self._vault_url(unique_name), secret_name, _RECOVER_SECONDS)
            return
        with translated(f"recover the secret {secret_name}"), suppress(TimeoutError):
            async with asyncio.timeout(_RECOVER_SECONDS):
                await self._client(unique_name).recover_deleted_secret(secret_name)

    async def store(
        self,
        unique_name: str,
        secret_name: str,
        value: Secret,
        *,
        not_before: datetime,
        expires: datetime,
        tags: Mapping[str, str],
    ) -> VaultEntry:
        """Make `value` the newest version. Repeating it makes another version with the same value."""
        with translated(f"store the secret {secret_name}"):
            stored = await self._client(unique_name).set_secret(
                secret_name,
                value.reveal(),
                content_type=SECRET_CONTENT_TYPE,
                not_before=not_before,
                expires_on=expires,
                tags=dict(tags),
            )
        return _entry(stored.properties)

    async def make_certificate(
        self, unique_name: str, secret_name: str, *, subject: str, months: int, tags: Mapping[str, str]
    ) -> VaultEntry | None:
        """Create a self-signed certificate without auto-renewal as the newest version; None while in progress."""
        return await self._certificates.make(
            self._vault_url(unique_name), secret_name, subject=subject, months=months, tags=tags
        )

    async def certificate(self, unique_name: str, secret_name: str, version: str) -> PublicCertificate:
        """Read the public part of one version of a certificate."""
        return await self._certificates.public_part(self._vault_url(unique_name), secret_name, version)

    async def import_certificate(
        self, unique_name: str, secret_name: str, value: Secret, tags: Mapping[str, str]
    ) -> VaultEntry:
        """Make `value`, which is another version's, the newest version."""
        return await self._certificates.import_(self._vault_url(unique_name), secret_name, value, tags)

    async def retag(
        self, unique_name: str, secret_name: str, version: str, tags: Mapping[str, str], kind: CredentialType
    ) -> None:
        """Replace the tags of one version."""
        if kind == "certificate":
            await self._certificates.change(self._vault_url(unique_name), secret_name, version, tags=tags)
            return
        with translated(f"update the secret {secret_name}"):
            await self._client(unique_name).update_secret_properties(secret_name, version, tags=dict(tags))

    async def disable(self, unique_name: str, secret_name: str, version: str, kind: CredentialType) -> None:
        """Disable one version: its value can no longer be read. Already disabled is a success."""
        if kind == "certificate":
            await self._certificates.change(
                self._vault_url(unique_name), secret_name, version, enabled=False, tags=None
            )
            return
        with translated(f"disable a version of the secret {secret_name}"):
            await self._client(unique_name).update_secret_properties(secret_name, version, enabled=False)

    async def value(self, unique_name: str, secret_name: str, version: str) -> Secret:
        """Read one version's value, for the sign-in that verifies it."""
        with translated(f"read the secret {secret_name}"):
            kept = await self._client(unique_name).get_secret(secret_name, version)
        return Secret(kept.value or "")

    async def close(self) -> None:
        """Close the connections; a worker keeps them for its whole life."""
        for client in self._clients.values():
            await client.close()
        await self._certificates.close()

    def _client(self, unique_name: str) -> SecretClient:
        return self._client_at(self._vault_url(unique_name))

    def _client_at(self, url: str) -> SecretClient:
        if url not in self._clients:
            self._clients[url] = SecretClient(url, self._credential, **ONCE_MORE)
        return self._clients[url]


def _entry(properties: SecretProperties) -> VaultEntry:
    return VaultEntry(
        uri=f"{properties.vault_url}/secrets/{properties.name}",
        version=properties.version or "",
        enabled=properties.enabled is not False,
        created=properties.created_on,
        expires=properties.expires_on,
        content_type=properties.content_type,
        tags=dict(properties.tags or {}),
        updated=properties.updated_on,
    )
