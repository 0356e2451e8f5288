"""A caller's token counts only if everything about it is right."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
import jwt.algorithms
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.adapters.entra.tokens import EntraTokens
from shared.core.callers import APPROVER, READER, SCOPE, Holder, NotAllowedError, NotAuthenticatedError
from shared.core.errors import UnavailableError

TENANT = "72f988bf-0000-4000-8000-2d7cd011db47"
OTHER_TENANT = "11111111-0000-4000-8000-2d7cd011db47"
AUDIENCE = "3f6c7d2a-9c1e-4d55-8a77-0c9f5b1e2d10"
AUTHORITY = "https://login.microsoftonline.com"
ISSUER = f"{AUTHORITY}/{TENANT}/v2.0"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(name: str) -> dict[str, Any]:
    return jwt.algorithms.RSAAlgorithm.to_jwk(key(name).public_key(), as_dict=True) | {"kid": name, "use": "sig"}


class Entra:
    """The two documents about the tenant's keys, and how often they were asked for."""

    def __init__(self, *names: str, issuer: str = ISSUER) -> None:
        self.now = NOW
        self.issuer = issuer
        self.keys_url = f"{AUTHORITY}/{TENANT}/discovery/v2.0/keys"
        self.names = list(names or ("first",))
        self.is_away = False
        self.asked: list[str] = []

    async def fetch(self, url: str) -> Mapping[str, Any]:
        self.asked.append(url)
        if self.is_away:
            raise UnavailableError("no answer")
        if url.endswith("/openid-configuration"):
            return {"issuer": self.issuer, "jwks_uri": self.keys_url}
        return {"keys": [jwk(name) for name in self.names]}

    def tokens(self, audience: str = AUDIENCE) -> EntraTokens:
        return EntraTokens(
            authority=AUTHORITY, tenant_id=TENANT, audience=audience, now=lambda: self.now, fetch=self.fetch
        )


def claims(**changes: Any) -> dict[str, Any]:
    given = {
        "aud": AUDIENCE,
        "iss": ISSUER,
        "tid": TENANT,
        "oid": "0b1c0000-0000-4000-8000-000000000001",
        "azp": "0b1c0000-0000-4000-8000-000000000002",
        "nbf": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(hours=1)).timestamp()),
        "roles": [READER],
    } | changes
    return {name: value for name, value in given.items() if value is not None}


def bearer(signed_by: str = "first", kid: str | None = None, **changes: Any) -> str:
    return (
        f"Bearer {jwt.encode(claims(**changes), key(signed_by), algorithm='RS256', headers={'kid': kid or signed_by})}"
    )


def unsigned(header: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims()).encode(), signature]
    return "Bearer " + ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def confused() -> str:
    """HS256 with the public key, which everybody knows, as the secret."""
    pem = (
        key("first")
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    token = unsigned({"alg": "HS256", "typ": "JWT", "kid": "first"}).removeprefix("Bearer ").rstrip(".")
    signature = base64.urlsafe_b64encode(algorithm.sign(token.encode(), pem)).decode().rstrip("=")
    return f"Bearer {token}.{signature}"


async def test_a_good_token_says_who_calls() -> None:
    caller = await Entra().tokens().require(bearer(), READER)
    assert caller.object_id == claims()["oid"]
    assert caller.client_id == claims()["azp"]
    assert caller.roles == {READER}


BAD = {
    "no header": lambda: None,
    "an empty header": lambda: "",
    "another scheme": lambda: bearer().replace("Bearer", "Basic"),
    "no token": lambda: "Bearer ",
    "no JWT": lambda: "Bearer abc.def",
    "far too long": lambda: f"Bearer {'a' * 20_000}",
    "signed with another key": lambda: bearer(signed_by="stranger", kid="first"),
    "signed with a key that nobody knows": lambda: bearer(signed_by="stranger"),
    "alg none": lambda: unsigned({"alg": "none", "typ": "JWT", "kid": "first"}),
    "alg None in capitals": lambda: unsigned({"alg": "NONE", "typ": "JWT", "kid": "first"}),
    "HS256 with the public key": confused,
    "RS512": lambda: f"Bearer {jwt.encode(claims(), key('first'), algorithm='RS512', headers={'kid': 'first'})}",
    "no key id": lambda: f"Bearer {jwt.encode(claims(), key('first'), algorithm='RS256')}",
    "a key of its own in the header": lambda: (
        f"Bearer {jwt.encode(claims(), key('stranger'), algorithm='RS256', headers={'jwk': jwk('stranger')})}"
    ),
    "expired": lambda: bearer(exp=int((NOW - timedelta(minutes=5)).timestamp())),
    "not yet valid": lambda: bearer(nbf=int((NOW + timedelta(minutes=6)).timestamp())),
    "no expiry": lambda: bearer(exp=None),
    "no beginning": lambda: bearer(nbf=None),
    "an expiry that is a text": lambda: bearer(exp="4102444800"),
    "an endless expiry": lambda: bearer(exp=float("inf")),
    "another audience": lambda: bearer(aud="https://graph.microsoft.com"),
    "several audiences": lambda: bearer(aud=[AUDIENCE, "https://graph.microsoft.com"]),
    "another tenant's issuer": lambda: bearer(iss=ISSUER.replace(TENANT, OTHER_TENANT)),
    "the issuer of version 1.0": lambda: bearer(iss=f"https://sts.windows.net/{TENANT}/"),
    "another tenant": lambda: bearer(tid=OTHER_TENANT),
    "no tenant": lambda: bearer(tid=None),
    "nobody": lambda: bearer(oid=None),
    "roles as a text": lambda: bearer(roles=READER),
    "an ID token, which names no client": lambda: bearer(azp=None),
    "an ID token with a nonce": lambda: bearer(azp=None, nonce="n", preferred_username="ada@contoso.example"),
    "a client that is no text": lambda: bearer(azp=["x"]),
    "scopes as a list": lambda: bearer(scp=[SCOPE]),
    "an app's with scopes": lambda: bearer(scp=SCOPE, idtyp="app"),
    "a person's without scopes": lambda: bearer(idtyp="user"),
}


@pytest.mark.parametrize("what", BAD)
async def test_a_token_that_is_wrong_in_one_thing_is_refused(what: str) -> None:
    with pytest.raises(NotAuthenticatedError):
        await Entra().tokens().require(BAD[what](), READER)


@pytest.mark.parametrize("roles", [None, [], [APPROVER], ["registrar.reader"], [[READER]]])
async def test_without_the_role_nobody_is_let_in(roles: Any) -> None:
    with pytest.raises(NotAllowedError) as refused:
        await Entra().tokens().require(bearer(roles=roles), READER)
    assert refused.value.caller.object_id == claims()["oid"]


async def test_the_role_is_the_routes_business() -> None:
    assert (await Entra().tokens().require(bearer(roles=[READER, APPROVER]), APPROVER)).roles == {READER, APPROVER}


@pytest.mark.parametrize(
    ("given", "holder"),
    [
        ({"scp": SCOPE, "idtyp": "user"}, Holder.PERSON),
        ({"scp": SCOPE}, Holder.PERSON),
        ({"scp": f"Reports.Read {SCOPE}"}, Holder.PERSON),
        ({"idtyp": "app"}, Holder.APP),
        ({}, Holder.APP),
        ({"scp": "Reports.Read", "idtyp": "user"}, Holder.OTHER),
        ({"scp": f"{SCOPE}.none"}, Holder.OTHER),
        ({"scp": ""}, Holder.OTHER),
        ({"scp": SCOPE, "idtyp": "device"}, Holder.OTHER),
        ({"idtyp": "device"}, Holder.OTHER),
        ({"idtyp": ["app"]}, Holder.OTHER),
    ],
)
async def test_a_token_says_whether_a_person_or_an_app_holds_it(given: dict[str, Any], holder: Holder) -> None:
    assert (await Entra().tokens().require(bearer(**given), READER)).holder is holder


async def test_five_minutes_of_skew_are_forgiven() -> None:
    late = bearer(exp=int((NOW - timedelta(minutes=4, seconds=59)).timestamp()))
    early = bearer(nbf=int((NOW + timedelta(minutes=5)).timestamp()))
    for token in (late, early):
        assert await Entra().tokens().require(token, READER)


async def test_an_application_id_uri_stands_for_tokens_of_version_1() -> None:
    entra = Entra(issuer=f"https://sts.windows.net/{TENANT}/")
    tokens, audience = entra.tokens(f"api://{AUDIENCE}"), f"api://{AUDIENCE}"
    assert await tokens.require(bearer(aud=audience, iss=entra.issuer, azp=None, appid="x"), READER)
    assert entra.asked[0] == f"{AUTHORITY}/{TENANT}/.well-known/openid-configuration"
    with pytest.raises(NotAuthenticatedError):
        await tokens.require(bearer(aud=audience), READER)


async def test_the_keys_are_read_once_a_day() -> None:
    entra = Entra()
    tokens = entra.tokens()
    for hours in (0, 1, 23):
        entra.now = NOW + timedelta(hours=hours)
        await tokens.require(bearer(nbf=int(entra.now.timestamp()), exp=int(entra.now.timestamp()) + 60), READER)
    assert len(entra.asked) == 2
    entra.now = NOW + timedelta(hours=24)
    await tokens.require(bearer(exp=int(entra.now.timestamp()) + 60), READER)
    assert len(entra.asked) == 4


async def test_a_new_key_is_found_and_unknown_ones_make_no_traffic() -> None:
    entra = Entra("first")
    tokens = entra.tokens()
    await tokens.require(bearer(), READER)
    entra.names.append("second")
    for _ in range(20):
        with pytest.raises(NotAuthenticatedError):
            await tokens.require(bearer(signed_by="second"), READER)
    assert len(entra.asked) == 2
    entra.now += timedelta(minutes=1)
    assert await tokens.require(bearer(signed_by="second"), READER)
    for number in range(20):
        with pytest.raises(NotAuthenticatedError):
            await tokens.require(bearer(signed_by="stranger", kid=f"stranger-{number}"), READER)
    assert len(entra.asked) == 4


async def test_a_key_that_entra_withdrew_counts_no_longer_than_a_day() -> None:
    entra = Entra("first", "second")
    tokens = entra.tokens()
    await tokens.require(bearer(signed_by="second"), READER)
    entra.names.remove("second")
    entra.now += timedelta(hours=24)
    with pytest.raises(NotAuthenticatedError):
        await tokens.require(bearer(signed_by="second", exp=int(entra.now.timestamp()) + 60), READER)


async def test_while_the_keys_cannot_be_read_nobody_is_judged_and_entra_is_not_flooded() -> None:
    entra = Entra()
    entra.is_away = True
    tokens = entra.tokens()
    for _ in range(5):
        with pytest.raises(UnavailableError):
            await tokens.require(bearer(), READER)
    assert len(entra.asked) == 1
    entra.is_away = False
    entra.now += timedelta(seconds=5)
    assert await tokens.require(bearer(), READER)


@pytest.mark.parametrize(
    ("issuer", "keys_url"),
    [
        (f"{AUTHORITY}/{OTHER_TENANT}/v2.0", f"{AUTHORITY}/{TENANT}/discovery/v2.0/keys"),
        (ISSUER, "https://elsewhere.example/keys"),
        (ISSUER, f"{AUTHORITY}.elsewhere.example/keys"),
    ],
)
async def test_a_configuration_that_leads_elsewhere_is_not_followed(issuer: str, keys_url: str) -> None:
    entra = Entra(issuer=issuer)
    entra.keys_url = keys_url
    with pytest.raises(UnavailableError):
        await entra.tokens().require(bearer(), READER)
    assert len(entra.asked) == 1


async def test_a_token_that_cannot_be_read_costs_no_call() -> None:
    entra = Entra()
    with pytest.raises(NotAuthenticatedError):
        await entra.tokens().require("Bearer nonsense", READER)
    assert entra.asked == []
