"""Client assertions: signed with one of the application's certificates, or by a trusted issuer (federation)."""

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
import jwt.types
from cryptography import x509

from devstack.doubles.documents import Document
from devstack.doubles.entra import errors
from devstack.doubles.entra.rules.clients import Client, has_ended, is_active
from devstack.doubles.tokens import Tokens, issuer
from devstack.doubles.world import World

_CERTIFICATE_ALGORITHMS = ["RS256", "PS256"]
_FEDERATION_ALGORITHMS = ["RS256"]
_UNCHECKED: jwt.types.Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
}
"""Times and audiences are checked here: PyJWT knows only the wall clock, and Entra has errors of its own."""


@dataclass(frozen=True)
class _Assertion:
    token: str
    header: dict[str, Any]
    claims: dict[str, Any]


def check_assertion(client: Client, token: str, audiences: Collection[str], world: World, tokens: Tokens) -> None:
    """Raises SignInRefusedError unless the assertion proves to be the client.

    An assertion that the client issued itself must be signed with one of its certificates and made out to
    one of `audiences`, this endpoint's names; any other must match one of its federated identity credentials.
    """
    assertion = _parse(token)
    _check_times(assertion.claims, world)
    if str(assertion.claims["iss"]).casefold() == client.app_id.casefold():
        _check_certificate(client, assertion, audiences, world.clock.now())
    else:
        _check_federation(client, assertion, world, tokens)


def _parse(token: str) -> _Assertion:
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise errors.malformed_assertion() from error
    if not {"iss", "sub", "aud", "exp"} <= claims.keys() or not isinstance(claims["exp"], int | float):
        raise errors.malformed_assertion()
    return _Assertion(token, header, claims)


def _check_times(claims: dict[str, Any], world: World) -> None:
    """In time is who is in time on either clock: a client outside of the stack signs on the wall clock."""
    now, start, end = world.clock.time(), claims.get("nbf", claims.get("iat", 0)), claims["exp"]
    if not any(start - 300 <= moment < end for moment in (now, now - world.clock.offset)):
        raise errors.stale_assertion(*(datetime.fromtimestamp(m, UTC) for m in (now, start, end)))


def _check_certificate(client: Client, assertion: _Assertion, audiences: Collection[str], now: datetime) -> None:
    claims = assertion.claims
    if str(claims["sub"]).casefold() != client.app_id.casefold():
        raise errors.foreign_assertion(str(claims["sub"]), client.app_id)
    if claims["aud"] not in audiences:
        raise errors.wrong_assertion_audience(str(claims["aud"]))
    key, shown = _registered_key(client, assertion.header, now)
    certificate = x509.load_der_x509_certificate(base64.b64decode(key["key"]))
    if has_ended(key, now):
        raise errors.wrong_key("The key used is expired.", shown)
    try:
        jwt.decode(assertion.token, certificate.public_key(), algorithms=_CERTIFICATE_ALGORITHMS, options=_UNCHECKED)  # pyright: ignore[reportArgumentType, reportUnknownMemberType]
    except jwt.InvalidTokenError as error:
        raise errors.wrong_key("The signature is not valid.", shown) from error


def _registered_key(client: Client, header: dict[str, Any], now: datetime) -> tuple[Document, str]:
    """The key credential that the header names by thumbprint, and the thumbprint as errors show it."""
    name, digest = ("x5t#S256", hashlib.sha256) if "x5t#S256" in header else ("x5t", hashlib.sha1)
    wanted = str(header.get(name, ""))
    try:
        shown = base64.urlsafe_b64decode(wanted + "=" * (-len(wanted) % 4)).hex().upper()
    except ValueError as error:
        raise errors.malformed_assertion() from error
    for key in client.credentials("keyCredentials"):
        found = digest(base64.b64decode(key["key"])).hexdigest().upper()
        if found == shown and is_active(key, now):
            return key, shown
    raise errors.wrong_key("The key was not found.", shown)


def _check_federation(client: Client, assertion: _Assertion, world: World, tokens: Tokens) -> None:
    claims = assertion.claims
    view = world.primary()
    records = view.find("federatedIdentityCredentials", "_applicationId", client.application["id"])
    of_issuer = [record for record in records if record["issuer"] == claims["iss"]]
    if not of_issuer:
        raise errors.no_federation(700211, "issuer", str(claims["iss"]))
    names = _audience_names(claims["aud"], world)
    of_audience = [record for record in of_issuer if names & set(record["audiences"])]
    if not of_audience:
        raise errors.no_federation(700212, "audience", str(claims["aud"]))
    if not any(record["subject"] == claims["sub"] for record in of_audience):
        raise errors.no_federation(700213, "subject", str(claims["sub"]))
    _check_issuer_signature(assertion, world, tokens)


def _audience_names(audience: str | list[str], world: World) -> set[str]:
    """The audience, and the names of the resource it is the app id of.

    A managed identity's token for `api://AzureADTokenExchange` is a v2.0 token, so its `aud` is the app id.
    """
    names = {audience} if isinstance(audience, str) else set(audience)
    for name in list(names):
        for principal in world.primary().find("servicePrincipals", "appId", name):
            names.update(principal["servicePrincipalNames"])
    return names


def _check_issuer_signature(assertion: _Assertion, world: World, tokens: Tokens) -> None:
    issued_by = assertion.claims["iss"]
    if issued_by in (issuer(world.tenant.id), issuer(world.tenant.id, "2.0")):
        keys: dict[str, Any] = tokens.key_set()
    else:
        document = world.primary().get("issuers", issued_by)
        if document is None:
            raise errors.unreachable_issuer(issued_by)
        keys = {"keys": document["keys"]}
    key_id = assertion.header.get("kid")
    for key in jwt.PyJWKSet.from_dict(keys).keys:
        if key.key_id != key_id:
            continue
        try:
            jwt.decode(assertion.token, key, algorithms=_FEDERATION_ALGORITHMS, options=_UNCHECKED)
        except jwt.InvalidTokenError as error:
            raise errors.wrong_federated_signature() from error
        return
    raise errors.wrong_federated_signature()
