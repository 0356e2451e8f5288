"""Access tokens: minted by the Entra double, verified by every other double.

Claims as v1.0 and v2.0 access tokens have them (Microsoft Learn, access-token-claims-reference): those of an app-only
sign-in are made here, what is said of people in `entra.people`.
"""

import base64
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jwt
import jwt.algorithms
import jwt.types
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

LIFETIME_SECONDS = 3599
"""What `expires_in` says for an app-only token."""

_SKEW_SECONDS = 300
"""Entra's libraries allow five minutes of clock skew on `nbf`; `exp` is taken at its word."""


@dataclass(frozen=True)
class Caller:
    """Who a verified token speaks for; `roles` are the values of the app roles on the token's audience."""

    app_id: str
    object_id: str
    tenant_id: str
    roles: frozenset[str]
    token_id: str


class RefusalReason(StrEnum):
    """Why a bearer token was not accepted."""

    MISSING = "missing"
    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_ISSUER = "wrong_issuer"


class TokenRefusedError(Exception):
    """A bearer token that is not accepted; each service words `reason` in its own way.

    `found` is the audience or issuer at fault, where there is one.
    """

    def __init__(self, reason: RefusalReason, found: str = "") -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.found = found


class AccessToken(NamedTuple):
    """A token and the times in its claims, in seconds since the epoch.

    An answer takes them from here: reading the clock again may give the next second.
    """

    text: str
    not_before: int
    expires_on: int


def issuer(tenant_id: str, version: Literal["1.0", "2.0"] = "1.0") -> str:
    """The `iss` of a tenant's access tokens."""
    if version == "2.0":
        return f"https://login.microsoftonline.com/{tenant_id}/v2.0"
    return f"https://sts.windows.net/{tenant_id}/"


class Tokens:
    """Mints and verifies the tenant's RS256 tokens.

    `clock` gives seconds since the epoch on the stack clock. With `folder`, the signing key is kept there, so
    that tokens outlive a restart; without, it lives in memory. `minted` is told every token.
    """

    def __init__(
        self,
        tenant_id: str,
        clock: Callable[[], float],
        folder: Path | None = None,
        minted: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._tenant_id = tenant_id
        self._clock = clock
        self._minted = minted
        self._key = _load_key(folder / "signing-key.pem") if folder else _new_key()
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        digest = hashes.Hash(hashes.SHA256())
        digest.update(public)
        self.key_id = base64.urlsafe_b64encode(digest.finalize()).decode().rstrip("=")

    def mint(
        self,
        *,
        audience: str,
        app_id: str,
        object_id: str,
        roles: Iterable[str] = (),
        version: Literal["1.0", "2.0"] = "1.0",
        lifetime: float = LIFETIME_SECONDS,
    ) -> AccessToken:
        """An app-only access token for `audience`, valid from now for `lifetime` seconds.

        `object_id` is the service principal's; it becomes both `oid` and `sub`.
        """
        claims: dict[str, Any] = {
            "aud": audience,
            "azp" if version == "2.0" else "appid": app_id,
            "idtyp": "app",
            "oid": object_id,
            "sub": object_id,
        }
        if granted := sorted(roles):
            claims["roles"] = granted
        return self.sign(claims, version=version, lifetime=lifetime)

    def sign(
        self, claims: dict[str, Any], *, version: Literal["1.0", "2.0"] = "1.0", lifetime: float = LIFETIME_SECONDS
    ) -> AccessToken:
        """A token with these claims and those that every token of the tenant has, valid from now."""
        now = int(self._clock())
        expires_on = now + int(lifetime)
        common: dict[str, Any] = {
            "iss": issuer(self._tenant_id, version),
            "iat": now,
            "nbf": now,
            "exp": expires_on,
            "tid": self._tenant_id,
            "uti": secrets.token_urlsafe(16),
            "ver": version,
        }
        token = jwt.encode(common | claims, self._key, algorithm="RS256", headers={"kid": self.key_id})
        self._minted(token)
        return AccessToken(token, now, expires_on)

    def verify(self, authorization: str | None, audiences: Collection[str]) -> Caller:
        """Who the Authorization header speaks for. Raises TokenRefusedError.

        `audiences` are those the service answers to; a trailing slash counts as a difference, as in Azure.
        """
        if not authorization:
            raise TokenRefusedError(RefusalReason.MISSING)
        scheme, _, token = authorization.partition(" ")
        if scheme.casefold() != "bearer" or not token.strip():
            raise TokenRefusedError(RefusalReason.MISSING)
        claims = self._claims(token.strip())
        self._check_times(claims)
        if claims.get("iss") not in (issuer(self._tenant_id), issuer(self._tenant_id, "2.0")):
            raise TokenRefusedError(RefusalReason.WRONG_ISSUER, str(claims.get("iss")))
        if claims.get("aud") not in audiences:
            raise TokenRefusedError(RefusalReason.WRONG_AUDIENCE, str(claims.get("aud")))
        return Caller(
            app_id=claims.get("appid") or claims["azp"],
            object_id=claims["oid"],
            tenant_id=claims["tid"],
            roles=frozenset(claims.get("roles", ())),
            token_id=claims["uti"],
        )

    def key_set(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [public | {"use": "sig", "kid": self.key_id, "x5t": self.key_id}]}

    def _claims(self, token: str) -> dict[str, Any]:
        # PyJWT would compare with the wall clock.
        unchecked: jwt.types.Options = {
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
            "verify_aud": False,
        }
        try:
            return jwt.decode(token, self._key.public_key(), algorithms=["RS256"], options=unchecked)
        except jwt.InvalidSignatureError as error:
            raise TokenRefusedError(RefusalReason.BAD_SIGNATURE) from error
        except jwt.InvalidTokenError as error:
            raise TokenRefusedError(RefusalReason.MALFORMED) from error

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._clock()
        if now >= claims["exp"]:
            raise TokenRefusedError(RefusalReason.EXPIRED)
        if now < claims["nbf"] - _SKEW_SECONDS:
            raise TokenRefusedError(RefusalReason.NOT_YET_VALID)


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _load_key(file: Path) -> rsa.RSAPrivateKey:
    if file.exists():
        # We wrote the file ourselves; checking the key again would take longer than all else at start.
        loaded = serialization.load_pem_private_key(
            file.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
        )
        if not isinstance(loaded, rsa.RSAPrivateKey):
            raise TypeError(f"{file} does not hold an RSA key")
        return loaded
    key = _new_key()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return key
