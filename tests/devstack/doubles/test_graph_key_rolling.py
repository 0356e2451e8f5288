"""Applications that roll their own certificates on the Graph double."""

import base64
from datetime import timedelta
from typing import Any

import jwt
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from devstack.doubles.documents import Document
from devstack.doubles.world import World
from tests.devstack.doubles.graph_tenant import NOWHERE, Caller, GraphTenant, error

AZURE_AD_GRAPH = "00000002-0000-0000-c000-000000000000"


class Pair:
    """A certificate and its key."""

    def __init__(self) -> None:
        issued = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("a.example", key_type=trustme.KeyType.RSA)
        self.certificate = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
        key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), password=None)
        assert isinstance(key, RSAPrivateKey)
        self.key = key

    def credential(self) -> Document:
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.b64encode(der).decode()}

    def proof(self, world: World, issuer: str, **claims: Any) -> str:
        now = int(world.clock.time())
        standard = {"aud": AZURE_AD_GRAPH, "iss": issuer, "nbf": now - 1, "exp": now + 500}
        return jwt.encode(standard | claims, self.key, algorithm="RS256")


@pytest.fixture(scope="module")
def first() -> Pair:
    return Pair()


@pytest.fixture(scope="module")
def second() -> Pair:
    return Pair()


@pytest.fixture
async def application(admin: Caller, first: Pair) -> Document:
    return await admin.create_application(keyCredentials=[first.credential()])


@pytest.fixture
async def itself(graph: GraphTenant, admin: Caller, application: Document) -> Caller:
    """The application as a caller, without any app role."""
    principal = await admin.create_principal(application["appId"])
    return Caller(graph.app, graph.tokens, principal["id"], (), application["appId"])


async def test_an_application_adds_and_removes_its_own_certificates(
    admin: Caller, itself: Caller, application: Document, first: Pair, second: Pair, world: World
) -> None:
    path = f"/applications/{application['id']}"
    body = {"keyCredential": second.credential(), "proof": first.proof(world, application["id"])}
    added = await itself.post(f"{path}/addKey", {**body, "passwordCredential": None})
    assert (added.status_code, added.json()["key"]) == (200, None)
    old = application["keyCredentials"][0]["keyId"]
    removal = {"keyId": old, "proof": second.proof(world, application["id"])}
    assert (await itself.post(f"{path}/removeKey", removal)).status_code == 204
    kept = (await admin.get(path)).json()["keyCredentials"]
    assert [item["keyId"] for item in kept] == [added.json()["keyId"]]


@pytest.mark.parametrize(
    "claims", [{"iss": NOWHERE}, {"aud": "https://graph.microsoft.com"}, {"exp": 99_999_999_999}, {"nbf": 0}]
)
async def test_a_proof_proves_nothing_with(
    itself: Caller, application: Document, first: Pair, second: Pair, world: World, claims: dict[str, Any]
) -> None:
    proof = first.proof(world, application["id"], **claims)
    body = {"keyCredential": second.credential(), "proof": proof}
    answer = await itself.post(f"/applications/{application['id']}/addKey", body)
    assert error(answer)[:2] == (401, "Authentication_MissingOrMalformed")


async def test_a_proof_needs_a_certificate_the_application_has(
    itself: Caller, application: Document, second: Pair, world: World
) -> None:
    proof = second.proof(world, application["id"])
    body = {"keyCredential": second.credential(), "proof": proof}
    assert (await itself.post(f"/applications/{application['id']}/addKey", body)).status_code == 401


async def test_a_proof_is_stale_after_its_minutes(
    graph: GraphTenant, itself: Caller, application: Document, first: Pair, second: Pair, world: World
) -> None:
    body = {"keyCredential": second.credential(), "proof": first.proof(world, application["id"])}
    world.clock.advance(timedelta(minutes=9))
    assert (await itself.post(f"/applications/{application['id']}/addKey", body)).status_code == 401


async def test_nobody_rolls_the_certificates_of_another(
    admin: Caller, application: Document, first: Pair, second: Pair, world: World
) -> None:
    body = {"keyCredential": second.credential(), "proof": first.proof(world, application["id"])}
    assert (await admin.post(f"/applications/{application['id']}/addKey", body)).status_code == 403
