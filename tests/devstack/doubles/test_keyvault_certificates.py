"""Certificates as far as a credential's life needs them, and the secret that holds their key."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from devstack.config import StackConfig
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World
from tests.devstack.doubles.test_keyvault import BASE, Vault

POLICY = {
    "key_props": {"kty": "RSA", "key_size": 2048, "exportable": True, "reuse_key": False},
    "secret_props": {"contentType": "application/x-pkcs12"},
    "x509_props": {"subject": "CN=client", "validity_months": 6},
    "issuer": {"name": "Self"},
}


@pytest.fixture
def vault(planted: World, tokens: Tokens, config: StackConfig) -> Vault:
    return Vault(planted, tokens, config, config.administrator)


async def test_a_self_signed_certificate_and_its_secret(vault: Vault) -> None:
    pending = await vault.call("POST", "/certificates/c/create", {"policy": POLICY})
    assert (pending.status_code, pending.json()["status"]) == (202, "inProgress")
    assert x509.load_der_x509_csr(base64.b64decode(pending.json()["csr"])).is_signature_valid
    done = (await vault.call("GET", "/certificates/c/pending")).json()
    assert (done["status"], done["target"]) == ("completed", f"{BASE}/certificates/c")

    bundle = (await vault.call("GET", "/certificates/c/")).json()
    certificate = x509.load_der_x509_certificate(base64.b64decode(bundle["cer"]))
    assert certificate.subject.rfc4514_string() == "CN=client"
    assert bundle["attributes"]["exp"] == int(certificate.not_valid_after_utc.timestamp())
    assert bundle["policy"]["x509_props"]["subject"] == "CN=client"

    secret = (await vault.call("GET", bundle["sid"].removeprefix(BASE))).json()
    assert (secret["managed"], secret["kid"]) == (True, bundle["kid"])
    _, held, _ = pkcs12.load_key_and_certificates(base64.b64decode(secret["value"]), None)
    assert held == certificate


async def test_the_secret_belongs_to_the_certificate(vault: Vault) -> None:
    await vault.call("POST", "/certificates/c/create", {"policy": POLICY})
    assert (await vault.refusal("PUT", "/secrets/c", {"value": "v"}))[:2] == (403, "Forbidden")
    assert (await vault.refusal("DELETE", "/secrets/c"))[:2] == (403, "Forbidden")
    await vault.set("s")
    assert (await vault.refusal("POST", "/certificates/s/create", {"policy": POLICY}))[:2] == (409, "Conflict")


async def test_an_imported_certificate_and_its_deletion(vault: Vault) -> None:
    pem = POLICY | {"secret_props": {"contentType": "application/x-pem-file"}}
    await vault.call("POST", "/certificates/c/create", {"policy": pem})
    text = (await vault.call("GET", "/secrets/c")).json()["value"]
    certificate = x509.load_pem_x509_certificate(text.encode())
    imported = await vault.call("POST", "/certificates/d/import", {"value": text, "tags": {"a": "b"}})
    der = certificate.public_bytes(serialization.Encoding.DER)
    assert base64.b64decode(imported.json()["cer"]) == der
    assert await vault.names("/certificates") == ["c", "d"]

    await vault.call("DELETE", "/certificates/d")
    assert await vault.names("/certificates") == ["c"]
    assert await vault.names("/deletedsecrets") == ["d"]
    await vault.call("POST", "/deletedcertificates/d/recover")
    assert (await vault.call("GET", "/secrets/d")).status_code == 200
    await vault.call("DELETE", "/certificates/d")
    assert (await vault.call("DELETE", "/deletedcertificates/d")).status_code == 204
    assert await vault.names("/deletedsecrets") == []


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"issuer": {"name": "DigiCert"}},
        {"issuer": {"name": "Self"}, "x509_props": {"subject": "nonsense"}},
        {"issuer": {"name": "Self"}, "key_props": {"kty": "oct"}},
    ],
)
async def test_policies_that_are_not_served(vault: Vault, policy: dict[str, object]) -> None:
    refusal = await vault.refusal("POST", "/certificates/c/create", {"policy": policy})
    assert refusal == (400, "BadParameter", None)


async def test_what_is_no_certificate_is_not_imported(vault: Vault) -> None:
    refusal = await vault.refusal("POST", "/certificates/c/import", {"value": "AAAA"})
    assert refusal == (400, "BadParameter", None)


async def test_versions_policy_and_properties(vault: Vault) -> None:
    for _ in range(2):
        await vault.call("POST", "/certificates/c/create", {"policy": POLICY})
    versions = await vault.names("/certificates/c/versions")
    assert len(set(versions)) == 2
    assert (await vault.call("GET", "/certificates/c/policy")).json()["key_props"]["exportable"] is True
    changed = await vault.call("PATCH", f"/certificates/c/{versions[0]}", {"tags": {"a": "b"}})
    assert changed.json()["tags"] == {"a": "b"}
    assert (await vault.refusal("GET", f"/certificates/c/{'0' * 32}"))[:2] == (404, "CertificateNotFound")
    assert (await vault.refusal("GET", "/certificates/d/pending"))[:2] == (404, "CertificateNotFound")


async def test_deleted_certificates_are_listed(vault: Vault) -> None:
    await vault.call("POST", "/certificates/c/create", {"policy": POLICY})
    deleted = (await vault.call("DELETE", "/certificates/c")).json()
    assert (await vault.call("GET", "/deletedcertificates/c")).json() == deleted
    assert await vault.names("/deletedcertificates") == [deleted["id"].rpartition("/")[2]]
