"""Reads the vaults: every secret with all its versions, and whether the values that matter sign in.

Over REST like Graph rather than with the SDK: one client for thousands of calls, whose answers are used as is. The
sign-in is the plain client credentials request (RFC 6749, 4.4.2), so that no token cache answers instead of Entra.
"""

import asyncio
import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import pkcs12
from pydantic import SecretStr

from doctor.collect.access import GRAPH, Access, UnreachableError
from doctor.evidence import Application, DeletedSecret, SecretVersion, VaultSecret

_API = "api-version=7.5"
_NO_TAGS: Mapping[str, str] = {}
_AUDIENCE = "https://vault.azure.net"
_ACCEPTED = frozenset({53003, 501051, 65001})
"""AADSTS codes that are known to follow an accepted credential: Conditional Access, no assignment, no consent."""
_NOT_ACCEPTED = frozenset({70002, 50012, 700027, 7000215, 7000222, 700016, 7000229, 7000112})
"""AADSTS codes of a credential, or a client, that is unknown or no longer valid (Microsoft Learn, "AADSTS error
codes"). Any other code proves nothing either way."""


@dataclass(frozen=True)
class Vaults:
    """The vaults' contents. `values` are (secret name, value) pairs of what was read, for the leak search."""

    secrets: list[VaultSecret]
    values: list[tuple[str, SecretStr]]
    untried: list[str]
    """Secrets whose sign-in could not be tried, with the reason."""


async def vaults(access: Access, applications: list[Application]) -> Vaults:
    """Read every vault; sign in with the current values, and with older values of live credentials."""
    listed = await asyncio.gather(*(_secrets(access, url) for url in access.settings.vault_urls))
    by_name = {app.unique_name: app for app in applications if app.unique_name and not app.deleted}
    result = Vaults([], [], [])
    tried = await asyncio.gather(
        *(
            _with_sign_ins(access, secret, by_name.get(secret.unique_name), result)
            for found in listed
            for secret in found
        )
    )
    return replace(result, secrets=tried)


async def deleted_secrets(access: Access) -> list[DeletedSecret]:
    """List the deleted secrets of every vault that can be recovered."""
    found: list[DeletedSecret] = []
    for vault in access.settings.vault_urls:
        async for item in access.pages(f"{vault}/deletedsecrets?{_API}&maxresults=25", _AUDIENCE):
            tags: Mapping[str, str] = item.get("tags") or _NO_TAGS
            found.append(DeletedSecret(item["id"].rpartition("/")[2], tags.get("uniqueName", "")))
    return found


async def _secrets(access: Access, vault: str) -> list[VaultSecret]:
    items = access.pages(f"{vault}/secrets?{_API}&maxresults=25", _AUDIENCE)
    names = [item["id"].rpartition("/")[2] async for item in items]
    found = await asyncio.gather(*(_secret(access, vault, name) for name in names))
    return [secret for secret in found if secret.versions]


async def _secret(access: Access, vault: str, name: str) -> VaultSecret:
    url = f"{vault}/secrets/{name}/versions?{_API}&maxresults=25"
    items = [item async for item in access.pages(url, _AUDIENCE)]
    if any("kid" in item for item in items):
        url = f"{vault}/certificates/{name}/versions?{_API}&maxresults=25"
        items = [item async for item in access.pages(url, _AUDIENCE)]
    versions = [_version(item) for item in items]
    oldest_first = sorted(versions, key=lambda each: (each.created or datetime.min.replace(tzinfo=UTC), each.version))
    return VaultSecret(vault, name, tuple(oldest_first))


def _version(item: Mapping[str, Any]) -> SecretVersion:
    attributes = item["attributes"]
    return SecretVersion(
        version=item["id"].rpartition("/")[2],
        enabled=attributes.get("enabled") is not False,
        created=_moment(attributes.get("created")),
        expires=_moment(attributes.get("exp")),
        tags=dict(item.get("tags") or {}),
        thumbprint=base64.urlsafe_b64decode(item.get("x5t", "") + "==").hex().upper(),
    )


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


async def _with_sign_ins(access: Access, secret: VaultSecret, app: Application | None, result: Vaults) -> VaultSecret:
    """Sign in with the current value, and with older values whose credential the directory still has."""
    if not secret.is_ours or not secret.newest.enabled:
        return secret
    live = {credential.key_id for credential in app.credentials} if app else set[str]()
    client_id = app.client_id if app else secret.newest.tags.get("clientId", "")
    try:
        # A version newer than ours was set by others: it is not ours to sign in with.
        current, value = await _read(access, secret, secret.newest.version if secret.above is not None else "")
        signs_in = {current: await _try_value(access, client_id, secret, value, result)}
        for version in secret.versions:
            if version.version != current and version.enabled and version.tags.get("keyId") in live:
                _, value = await _read(access, secret, version.version)
                signs_in[version.version] = await _try_value(access, client_id, secret, value, result)
    except UnreachableError as error:
        result.untried.append(f"{secret.name}: {error}")
        return secret
    tried = [replace(each, signs_in=signs_in.get(each.version)) for each in secret.versions]
    if secret.above is not None:
        return replace(secret, versions=tuple(tried))
    # Times have whole seconds: only the vault knows which of two versions is newer.
    return replace(secret, versions=tuple(sorted(tried, key=lambda each: each.version == current)))


async def _read(access: Access, secret: VaultSecret, version: str = "") -> tuple[str, SecretStr]:
    """Read a version, the newest by default; return its id and its value."""
    path = f"{secret.name}/{version}" if version else secret.name
    kept = await access.get(f"{secret.vault}/secrets/{path}?{_API}", _AUDIENCE)
    return kept["id"].rpartition("/")[2], SecretStr(kept["value"])


async def _try_value(access: Access, client_id: str, secret: VaultSecret, value: SecretStr, result: Vaults) -> bool:
    """Sign in with a value, and keep it for the leak search; return whether it was accepted."""
    result.values.append((secret.name, value))
    token_endpoint = f"{access.settings.authority}/{access.settings.tenant_id}/oauth2/v2.0/token"
    if secret.newest.thumbprint:
        form = await asyncio.to_thread(assertion_form, value, client_id, token_endpoint)
    else:
        form = {"client_secret": value.get_secret_value()}
    return await signs_in(access, client_id, token_endpoint, form)


async def signs_in(access: Access, client_id: str, token_endpoint: str, form: Mapping[str, str]) -> bool:
    """Return whether a credential signs in. A refusal that is known to follow its acceptance counts as success.

    Raises UnreachableError for an answer that says nothing about the credential.
    """
    answer = await access.post_form(
        token_endpoint,
        {"grant_type": "client_credentials", "client_id": client_id, "scope": f"{GRAPH}/.default", **form},
    )
    if answer.is_success:
        return True
    given = frozenset(_codes(answer))
    if not given or answer.is_server_error:
        raise UnreachableError(f"the token endpoint answered {answer.status_code} without a reason")
    if given <= _ACCEPTED:
        return True
    if given <= _NOT_ACCEPTED:
        return False
    named = ", ".join(f"AADSTS{code}" for code in sorted(given))
    raise UnreachableError(f"the token endpoint answered {named}, which proves nothing about the credential")


def assertion_form(value: SecretStr, client_id: str, token_endpoint: str) -> dict[str, str]:
    """Build the token request of a client with a certificate (RFC 7523; Microsoft Learn, "certificate credentials").

    `value` is the pair as Key Vault keeps it: PFX without a password, in base64.
    """
    key, certificate, _ = pkcs12.load_key_and_certificates(base64.b64decode(value.get_secret_value()), None)
    if not isinstance(key, RSAPrivateKey) or certificate is None:
        raise UnreachableError("the value in the vault is not a certificate with its private key")
    now = int(time.time())
    claims = {
        "aud": token_endpoint,
        "iss": client_id,
        "sub": client_id,
        "jti": str(uuid4()),
        "nbf": now - 60,
        "exp": now + 300,
    }
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(SHA256())).decode().rstrip("=")
    signed = jwt.encode(claims, key, algorithm="PS256", headers={"x5t#S256": thumbprint})
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {"client_assertion_type": kind, "client_assertion": signed}


def _codes(answer: httpx.Response) -> list[int]:
    try:
        codes: list[Any] = list(answer.json()["error_codes"])
    except (ValueError, KeyError, TypeError):
        return []
    return codes if all(type(code) is int for code in codes) else []
