"""Verifies Entra's access tokens for the registrar's own API: signature, issuer, audience, times, tenant, role, and
kind of holder.

No header set by a platform in front is trusted (docs/adr/0016).
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import httpx
import jwt
import jwt.types
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from shared.core.callers import SCOPE, Caller, Holder, NotAllowedError, NotAuthenticatedError
from shared.core.errors import UnavailableError

type Fetch = Callable[[str], Awaitable[Mapping[str, Any]]]
"""Reads a JSON document over HTTPS. Raises UnavailableError."""

_ALGORITHM = "RS256"
_SKEW = timedelta(minutes=5)
_KEYS_LIFETIME = timedelta(hours=24)
"""Entra rolls its keys without notice, and requires that they be read at least once a day."""
_REFRESH_AFTER = timedelta(minutes=1)
"""For an unknown key. Anyone can send a token that names one: that must not cause traffic."""
_RETRY_AFTER = timedelta(seconds=5)
"""After the keys could not be read."""
_MAX_LENGTH = 16_384
"""Characters. A token with two hundred groups is shorter."""
_TIMEOUT = httpx.Timeout(10.0)
_MIN_KEY_BITS = 2048
_CHECKED: jwt.types.Options = {
    "require": ["iss", "aud", "exp", "nbf", "tid", "oid"],
    "verify_signature": True,
    "verify_iss": True,
    "verify_aud": True,
    "strict_aud": True,
    # PyJWT uses the wall clock: times are checked below, by the clock that was passed in.
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


@dataclass(frozen=True)
class _Keys:
    """The tenant's signing keys by id, and their issuer."""

    issuer: str
    by_id: Mapping[str, RSAPublicKey]
    read_at: datetime


class EntraTokens:
    """Fills the port `Callers` for one tenant.

    `audience` is how tokens name our API: an app id in version 2.0 tokens, an application id URI in 1.0, which
    determines the issuer. `authority` is Entra's sign-in host with its scheme.
    """

    def __init__(
        self,
        *,
        authority: str,
        tenant_id: str,
        audience: str,
        now: Callable[[], datetime],
        fetch: Fetch | None = None,
    ) -> None:
        self._authority = authority
        self._tenant_id = tenant_id.casefold()
        self._audience = audience if "://" in audience else audience.casefold()
        self._now = now
        self._fetch = fetch or fetch_json
        self._keys: _Keys | None = None
        self._failed_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def require(self, authorization: str | None, role: str) -> Caller:
        """Return the caller that an Authorization header authenticates.

        Raises NotAuthenticatedError, NotAllowedError without the app role, and UnavailableError while Entra's keys
        cannot be read.
        """
        token = _bearer(authorization)
        issuer, key = await self._key_of(token)
        try:
            claims = jwt.decode(
                token, key, algorithms=[_ALGORITHM], issuer=issuer, audience=self._audience, options=_CHECKED
            )
        except jwt.InvalidIssuerError:
            raise NotAuthenticatedError("the token is not from our tenant's issuer") from None
        except jwt.InvalidAudienceError:
            raise NotAuthenticatedError("the token is for another audience") from None
        except jwt.MissingRequiredClaimError as error:
            raise NotAuthenticatedError(f"the token lacks {error.claim}") from None
        except jwt.InvalidTokenError as error:
            raise NotAuthenticatedError(f"the token cannot be verified: {type(error).__name__}") from None
        caller = self._caller(claims)
        if role not in caller.roles:
            raise NotAllowedError(caller, role)
        return caller

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        now = self._now().timestamp()
        starts, ends = _seconds(claims, "nbf"), _seconds(claims, "exp")
        if _text(claims, "tid").casefold() != self._tenant_id:
            raise NotAuthenticatedError("the token is from another tenant")
        if now >= ends + _SKEW.total_seconds():
            raise NotAuthenticatedError("the token has expired")
        if now < starts - _SKEW.total_seconds():
            raise NotAuthenticatedError("the token is not valid yet")
        roles: Any = claims.get("roles", [])
        if not isinstance(roles, list):
            raise NotAuthenticatedError("the token's roles are not a list")
        held = frozenset(role for role in cast("list[Any]", roles) if isinstance(role, str))
        return Caller(_text(claims, "oid"), _client(claims), held, _holder(claims))

    async def _key_of(self, token: str) -> tuple[str, RSAPublicKey]:
        """Return the issuer and the key that a token's header names."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            raise NotAuthenticatedError("the token cannot be read") from None
        key_id: Any = header.get("kid")
        if header.get("alg") != _ALGORITHM or not isinstance(key_id, str):
            raise NotAuthenticatedError("the token is not signed with RS256 by a named key")
        async with self._reading:
            keys = self._keys
            age = self._now() - keys.read_at if keys is not None else None
            # A negative age: the clock was set back, and says nothing about the keys.
            is_old = age is None or not timedelta(0) <= age < _KEYS_LIFETIME
            if keys is None or is_old or (key_id not in keys.by_id and age is not None and age >= _REFRESH_AFTER):
                keys = await self._read_keys()
        key = keys.by_id.get(key_id)
        if key is None:
            raise NotAuthenticatedError("the token is signed with a key that is not our tenant's")
        return keys.issuer, key

    async def _read_keys(self) -> _Keys:
        now = self._now()
        if self._failed_at is not None and timedelta(0) <= now - self._failed_at < _RETRY_AFTER:
            raise UnavailableError("Entra's signing keys could not be read a moment ago", _RETRY_AFTER)
        try:
            self._keys = await self._ask(now)
        except UnavailableError:
            self._failed_at = now
            raise
        self._failed_at = None
        return self._keys

    async def _ask(self, now: datetime) -> _Keys:
        is_v1 = "://" in self._audience
        tenant = f"{self._authority}/{self._tenant_id}"
        configuration = await self._fetch(f"{tenant}{'' if is_v1 else '/v2.0'}/.well-known/openid-configuration")
        issuer, keys_url = configuration.get("issuer"), configuration.get("jwks_uri")
        if not isinstance(issuer, str) or self._tenant_id not in issuer.casefold().split("/"):
            raise UnavailableError("Entra's configuration names no issuer of our tenant", _RETRY_AFTER)
        if not isinstance(keys_url, str) or not keys_url.startswith(f"{self._authority}/"):
            raise UnavailableError("Entra's configuration leads to keys that are not at the authority", _RETRY_AFTER)
        listed: Any = (await self._fetch(keys_url)).get("keys")
        by_id = _signing_keys(cast("list[Any]", listed) if isinstance(listed, list) else [])
        if not by_id:
            raise UnavailableError("Entra named no signing key", _RETRY_AFTER)
        return _Keys(issuer, by_id, now)


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    token = token.strip()
    if scheme.casefold() != "bearer" or not token or len(token) > _MAX_LENGTH:
        raise NotAuthenticatedError("there is no bearer token")
    return token


def _signing_keys(listed: list[Any]) -> dict[str, RSAPublicKey]:
    """Read the RSA signing keys; others, and unreadable ones, are ignored."""
    found: dict[str, RSAPublicKey] = {}
    for each in listed:
        if not isinstance(each, dict):
            continue
        jwk = cast("dict[str, Any]", each)
        key_id: Any = jwk.get("kid")
        if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig" or not isinstance(key_id, str):
            continue
        try:
            key: object = jwt.PyJWK.from_dict(jwk, algorithm=_ALGORITHM).key
        except jwt.PyJWTError:
            continue
        if isinstance(key, RSAPublicKey) and key.key_size >= _MIN_KEY_BITS:
            found[key_id] = key
    return found


def _client(claims: Mapping[str, Any]) -> str:
    """Return the application that the token was issued to. An ID token names none: no API accepts it."""
    client: Any = claims.get("azp") or claims.get("appid")
    if not isinstance(client, str) or not client:
        raise NotAuthenticatedError("the token is not an access token: it names no client")
    return client


def _holder(claims: Mapping[str, Any]) -> Holder:
    """Return the kind of holder: only people's tokens have `scp`, and `idtyp` has to agree if present.

    Source: Microsoft Learn, access-token-claims-reference and optional-claims-reference.
    """
    scopes: Any = claims.get("scp")
    kind: Any = claims.get("idtyp")
    if scopes is not None and not isinstance(scopes, str):
        raise NotAuthenticatedError("the token's scopes are not text")
    if kind == ("user" if scopes is None else "app"):
        raise NotAuthenticatedError("the token contradicts itself: scp and idtyp do not agree")
    if scopes is None:
        return Holder.APP if kind in (None, "app") else Holder.OTHER
    return Holder.PERSON if SCOPE in scopes.split() and kind in (None, "user") else Holder.OTHER


def _text(claims: Mapping[str, Any], name: str) -> str:
    value: Any = claims.get(name)
    if not isinstance(value, str) or not value:
        raise NotAuthenticatedError(f"the token lacks {name}")
    return value


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value: Any = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise NotAuthenticatedError(f"the token lacks {name}")
    return float(value)


async def fetch_json(url: str) -> Mapping[str, Any]:
    """Read a JSON object from Entra. Raises UnavailableError."""
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False) as client:
            answer = await client.get(url, headers={"Accept": "application/json"})
        document: Any = answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError) as error:
        raise UnavailableError(f"no answer from Entra about its keys: {type(error).__name__}", _RETRY_AFTER) from None
    if not isinstance(document, dict):
        raise UnavailableError(f"Entra answered {answer.status_code} about its keys", _RETRY_AFTER)
    return cast("dict[str, Any]", document)
