"""Signing in without a secret: by certificate, and by a token of an issuer the application trusts."""

import base64
import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import jwt.algorithms
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from devstack.config import StackConfig
from devstack.doubles.seed import Additions, add
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World
from tests.devstack.doubles.test_entra import APP, Entra, add_client, claims_of

GITHUB = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:contoso/orders:ref:refs/heads/main"
EXCHANGE = "api://AzureADTokenExchange"
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def der(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name.from_rfc4514_string("CN=client")
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    now = datetime.now(UTC)
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=90))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.fixture
def entra(planted: World, tokens: Tokens, config: StackConfig) -> Entra:
    return Entra(planted, tokens, config)


type Refusal = tuple[int, str, int]


def form(assertion: str) -> dict[str, str]:
    """The token request of the client with that assertion."""
    return {
        "client_id": APP,
        "client_secret": "",
        "client_assertion": assertion,
        "client_assertion_type": BEARER,
        "scope": "https://vault.azure.net/.default",
    }


def thumbprint(der: bytes, digest: Callable[[bytes], Any]) -> str:
    return base64.urlsafe_b64encode(digest(der).digest()).decode().rstrip("=")


def signed(entra: Entra, key: rsa.RSAPrivateKey, der: bytes, algorithm: str = "RS256", **claims: Any) -> str:
    """A certificate assertion as MSAL (RS256, x5t) or the newer libraries (PS256, x5t#S256) make it."""
    now = int(time.time())
    audience = f"https://login.microsoftonline.com/{entra.tenant}/oauth2/v2.0/token"
    body = {"aud": audience, "iss": APP, "sub": APP, "jti": "1", "iat": now, "nbf": now, "exp": now + 600}
    if algorithm == "PS256":
        header = {"x5t#S256": thumbprint(der, hashlib.sha256)}
    else:
        header = {"x5t": thumbprint(der, hashlib.sha1)}
    return jwt.encode(body | claims, key, algorithm=algorithm, headers=header)


def with_certificate(entra: Entra, der: bytes, **fields: Any) -> None:
    credential = {"keyId": "1", "type": "AsymmetricX509Cert", "usage": "Verify"}
    add_client(entra.world, keyCredentials=[credential | {"key": base64.b64encode(der).decode()} | fields])


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
async def test_a_registered_certificate_signs_in(
    entra: Entra, key: rsa.RSAPrivateKey, der: bytes, algorithm: str
) -> None:
    with_certificate(entra, der)
    assert claims_of(await entra.sign_in(**form(signed(entra, key, der, algorithm))))["appid"] == APP


async def test_an_unregistered_certificate(entra: Entra, key: rsa.RSAPrivateKey, der: bytes) -> None:
    add_client(entra.world)
    assert await entra.refusal(**form(signed(entra, key, der))) == (401, "invalid_client", 700027)


async def test_an_expired_certificate(entra: Entra, key: rsa.RSAPrivateKey, der: bytes) -> None:
    with_certificate(entra, der, endDateTime="2026-01-01T00:00:00Z")
    assert await entra.refusal(**form(signed(entra, key, der))) == (401, "invalid_client", 700027)


async def test_somebody_elses_signature(entra: Entra, der: bytes) -> None:
    with_certificate(entra, der)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert await entra.refusal(**form(signed(entra, stranger, der))) == (401, "invalid_client", 700027)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "https://login.microsoftonline.com/other/oauth2/v2.0/token"}, 700023),
        ({"sub": "22222222-2222-4222-8222-222222222222"}, 700021),
        ({"exp": 1_700_000_000, "nbf": 1_600_000_000}, 700024),
    ],
)
async def test_an_assertion_for_another_purpose(
    entra: Entra, key: rsa.RSAPrivateKey, der: bytes, claims: dict[str, Any], code: int
) -> None:
    with_certificate(entra, der)
    assertion = signed(entra, key, der, **claims)
    assert await entra.refusal(**form(assertion)) == (401, "invalid_client", code)


async def test_a_client_on_the_wall_clock_may_sign_in_after_the_stack_clock_moved(
    entra: Entra, key: rsa.RSAPrivateKey, der: bytes
) -> None:
    with_certificate(entra, der)
    entra.world.clock.advance(timedelta(days=61))
    assert claims_of(await entra.sign_in(**form(signed(entra, key, der))))["appid"] == APP


def github_token(key: rsa.RSAPrivateKey, key_id: str = "k1", **claims: Any) -> str:
    now = int(time.time())
    body = {"iss": GITHUB, "sub": SUBJECT, "aud": EXCHANGE, "iat": now, "nbf": now, "exp": now + 300}
    return jwt.encode(body | claims, key, algorithm="RS256", headers={"kid": key_id})


def with_federation(entra: Entra, key: rsa.RSAPrivateKey, issuer: str = GITHUB, subject: str = SUBJECT) -> None:
    application = add_client(entra.world)
    credential = {"id": "f", "name": "main", "issuer": issuer, "subject": subject, "audiences": [EXCHANGE]}
    document = credential | {"_applicationId": application["id"]}
    entra.world.documents.put("federatedIdentityCredentials", "f", document)
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    issuers = [{"issuer": GITHUB, "keys": [public | {"kid": "k1", "use": "sig"}]}]
    add(entra.world, Additions.model_validate({"issuers": issuers}))


async def test_a_trusted_issuer_signs_in(entra: Entra, key: rsa.RSAPrivateKey) -> None:
    with_federation(entra, key)
    assert claims_of(await entra.sign_in(**form(github_token(key))))["appid"] == APP


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        ({"iss": "https://elsewhere.example"}, (401, "invalid_client", 700211)),
        ({"aud": "api://other"}, (401, "invalid_client", 700212)),
        ({"sub": "repo:contoso/orders:pull_request"}, (401, "invalid_client", 700213)),
        ({"exp": 1_700_000_000, "nbf": 1_600_000_000}, (401, "invalid_client", 700024)),
        ({"key_id": "k2"}, (401, "invalid_client", 50013)),
    ],
)
async def test_a_token_that_does_not_match(
    entra: Entra, key: rsa.RSAPrivateKey, token: dict[str, Any], refusal: Refusal
) -> None:
    with_federation(entra, key)
    assert await entra.refusal(**form(github_token(key, **token))) == refusal


async def test_an_issuer_that_cannot_be_reached(entra: Entra, key: rsa.RSAPrivateKey) -> None:
    with_federation(entra, key)
    entra.world.documents.delete("issuers", GITHUB)
    assert await entra.refusal(**form(github_token(key))) == (400, "invalid_request", 50166)


async def test_a_managed_identity_can_stand_in_for_a_secret(
    entra: Entra, key: rsa.RSAPrivateKey, tokens: Tokens, config: StackConfig
) -> None:
    issuer = f"https://login.microsoftonline.com/{entra.tenant}/v2.0"
    with_federation(entra, key, issuer, config.app.object_id)
    assertion = tokens.mint(
        audience="fb60f99c-7a34-4190-8149-302f77469936",
        app_id=config.app.client_id,
        object_id=config.app.object_id,
        version="2.0",
    ).text
    assert claims_of(await entra.sign_in(**form(assertion)))["appid"] == APP
