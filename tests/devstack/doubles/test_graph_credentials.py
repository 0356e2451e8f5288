"""Secrets and certificates on the Graph double."""

import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from devstack.doubles.documents import Document
from devstack.doubles.world import Weather, World
from tests.devstack.doubles.graph_tenant import NOWHERE, Caller, error

_DER = serialization.Encoding.DER
START, END = "2027-01-01T00:00:00Z", "2027-07-01T00:00:00Z"
POLICY = "/policies/defaultAppManagementPolicy"


def stored(world: World, application: Document) -> Document:
    found = world.primary().get("applications", application["id"])
    assert found is not None
    return found


async def test_a_secret_is_shown_once_and_kept_as_a_hash(admin: Caller, world: World) -> None:
    world.change_weather(Weather(secret_activation_seconds=18))
    application = await admin.create_application()
    asked = {"displayName": "reg:1", "startDateTime": START, "endDateTime": "2027-07-01T02:00:00.1234567+02:00"}
    answer = await admin.post(
        f"/applications(appId='{application['appId']}')/addPassword", {"passwordCredential": asked}
    )
    assert answer.status_code == 200
    assert answer.headers["location"] == "https://graph.microsoft.com"
    body = answer.json()
    assert body["@odata.context"].endswith("#microsoft.graph.passwordCredential")
    assert (body["displayName"], body["startDateTime"], body["endDateTime"]) == ("reg:1", START, END)
    assert (len(body["secretText"]), body["secretText"][3:6]) == (40, "8Q~")
    assert body["hint"] == body["secretText"][:3]
    (kept,) = stored(world, application)["passwordCredentials"]
    assert kept["_hash"] == hashlib.sha256(body["secretText"].encode()).hexdigest()
    assert kept["_activeFrom"] == pytest.approx(world.clock.time() + 18, abs=5)
    read = (await admin.get(f"/applications/{application['id']}")).json()["passwordCredentials"]
    assert read == [{**{name: body[name] for name in read[0]}, "secretText": None}]


@pytest.mark.parametrize("body", [None, {}, {"passwordCredential": None}, {"passwordCredential": {}}])
async def test_a_secret_lives_two_years_unless_told(admin: Caller, body: object) -> None:
    application = await admin.create_application()
    answer = (await admin.post(f"/applications/{application['id']}/addPassword", body)).json()
    assert int(answer["endDateTime"][:4]) - int(answer["startDateTime"][:4]) == 2
    assert answer["displayName"] is None


async def test_every_key_leads_to_the_secrets(admin: Caller) -> None:
    application = await admin.create_application(uniqueName="orders")
    for key in (f"/{application['id']}", f"(appId='{application['appId']}')", "(uniqueName='orders')"):
        added = await admin.post(f"/applications{key}/addPassword", {"passwordCredential": {"displayName": key}})
        removed = await admin.post(f"/applications{key}/removePassword", {"keyId": added.json()["keyId"]})
        assert (added.status_code, removed.status_code, removed.content) == (200, 204, b"")
    assert (await admin.get(f"/applications/{application['id']}")).json()["passwordCredentials"] == []


async def test_removing_an_unknown_key_says_so(admin: Caller) -> None:
    application = await admin.create_application()
    answer = await admin.post(f"/applications/{application['id']}/removePassword", {"keyId": NOWHERE})
    status, code, message = error(answer)
    assert (status, code) == (400, "Request_BadRequest")
    assert message.startswith(f"No password credential found with keyId {NOWHERE}")


async def test_an_inline_secret_is_answered_by_the_create(admin: Caller) -> None:
    created = await admin.create_application(passwordCredentials=[{"displayName": "x", "endDateTime": END}])
    (shown,) = created["passwordCredentials"]
    assert (shown["displayName"], shown["endDateTime"], len(shown["secretText"])) == ("x", END, 40)
    read = (await admin.get(f"/applications/{created['id']}")).json()["passwordCredentials"]
    assert [item["secretText"] for item in read] == [None]


async def test_a_patch_keeps_drops_but_never_adds_secrets(admin: Caller, world: World) -> None:
    created = await admin.create_application(passwordCredentials=[{"displayName": "a"}, {"displayName": "b"}])
    path = f"/applications/{created['id']}"
    first, _ = (await admin.get(path)).json()["passwordCredentials"]
    assert (await admin.patch(path, {"passwordCredentials": [first]})).status_code == 204
    assert [item["displayName"] for item in stored(world, created)["passwordCredentials"]] == ["a"]
    assert "_hash" in stored(world, created)["passwordCredentials"][0]
    refused = await admin.patch(path, {"passwordCredentials": [{"displayName": "c"}]})
    assert error(refused)[2] == "New password credentials must be generated with service actions."


async def test_a_principals_secret_has_no_hint(admin: Caller) -> None:
    principal = await admin.create_principal((await admin.create_application())["appId"])
    answer = (await admin.post(f"/servicePrincipals/{principal['id']}/addPassword")).json()
    assert (answer["hint"], len(answer["secretText"])) == (None, 40)


async def test_personal_audiences_take_two_secrets(admin: Caller) -> None:
    created = await admin.create_application(
        signInAudience="PersonalMicrosoftAccount", api={"requestedAccessTokenVersion": 2}
    )
    path = f"/applications/{created['id']}/addPassword"
    assert [(await admin.post(path)).status_code for _ in range(3)] == [200, 200, 400]


def policy(*restrictions: dict[str, Any]) -> dict[str, Any]:
    return {"isEnabled": True, "applicationRestrictions": {"passwordCredentials": list(restrictions)}}


async def test_a_policy_limits_the_lifetime_of_secrets(admin: Caller) -> None:
    application = await admin.create_application()
    lifetime = {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P90D"}
    assert (await admin.patch(POLICY, policy(lifetime))).status_code == 204
    path = f"/applications/{application['id']}/addPassword"
    answer = await admin.post(path)
    assert error(answer)[:2] == (400, "CredentialInvalidLifetimeAsPerAppPolicy")
    (detail,) = answer.json()["error"]["details"]
    assert (detail["code"], detail["target"]) == ("InvalidKeyEndDate", "EndDate")
    short = {"startDateTime": START, "endDateTime": "2027-04-01T00:00:00Z"}
    assert (await admin.post(path, {"passwordCredential": short})).status_code == 200


async def test_a_policy_blocks_secrets_of_newer_applications(admin: Caller, world: World) -> None:
    older = await admin.create_application()
    since = (world.clock.now() + timedelta(hours=1)).isoformat()
    blocked = {
        "restrictionType": "passwordAddition",
        "state": "enabled",
        "restrictForAppsCreatedAfterDateTime": since,
    }
    await admin.patch(POLICY, policy(blocked))
    world.clock.advance(timedelta(minutes=59))
    assert (await admin.post(f"/applications/{older['id']}/addPassword")).status_code == 200
    world.clock.advance(timedelta(minutes=2))
    admin = Caller(admin.app, admin.tokens, admin.object_id, admin.roles)
    newer = await admin.create_application()
    answer = await admin.post(f"/applications/{newer['id']}/addPassword")
    assert error(answer)[:2] == (400, "CredentialTypeNotAllowedAsPerAppPolicy")


@pytest.fixture(scope="module")
def certificate() -> x509.Certificate:
    issued = trustme.CA().issue_cert("orders.example").cert_chain_pems[0]
    return x509.load_pem_x509_certificate(issued.bytes())


def key_credential(certificate: x509.Certificate, **fields: str) -> dict[str, Any]:
    der = certificate.public_bytes(encoding=_DER)
    return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.b64encode(der).decode(), **fields}


async def test_a_certificate_is_read_back_by_its_thumbprint(admin: Caller, certificate: x509.Certificate) -> None:
    sent = key_credential(certificate)
    created = await admin.create_application(keyCredentials=[sent])
    path = f"/applications/{created['id']}"
    (read,) = (await admin.get(path)).json()["keyCredentials"]
    assert read["key"] is None
    assert read["customKeyIdentifier"] == hashlib.sha1(certificate.public_bytes(_DER)).hexdigest().upper()
    assert read["displayName"] == certificate.subject.rfc4514_string()
    (selected,) = (await admin.get(f"{path}?$select=keyCredentials")).json()["keyCredentials"]
    assert selected["key"] == sent["key"]
    listed = (await admin.get("/applications?$select=id,keyCredentials")).json()["value"]
    assert listed[0]["keyCredentials"][0]["key"] is None


async def test_a_patch_replaces_the_certificates_but_keeps_those_sent_back(
    admin: Caller, certificate: x509.Certificate
) -> None:
    created = await admin.create_application(keyCredentials=[key_credential(certificate, displayName="a")])
    path = f"/applications/{created['id']}"
    (first,) = (await admin.get(path)).json()["keyCredentials"]
    both = {"keyCredentials": [first, key_credential(certificate, displayName="b")]}
    assert (await admin.patch(path, both)).status_code == 204
    read = (await admin.get(path)).json()["keyCredentials"]
    assert [item["displayName"] for item in read] == ["a", "b"]
    assert read[0]["keyId"] == first["keyId"]
    await admin.patch(path, {"keyCredentials": read[1:]})
    assert [item["displayName"] for item in (await admin.get(path)).json()["keyCredentials"]] == ["b"]


async def test_a_certificate_credential_cannot_outlive_its_certificate(
    admin: Caller, certificate: x509.Certificate
) -> None:
    beyond = (certificate.not_valid_after_utc + timedelta(days=1)).isoformat()
    answer = await admin.post(
        "/applications", {"displayName": "x", "keyCredentials": [key_credential(certificate, endDateTime=beyond)]}
    )
    assert answer.json()["error"]["details"][0]["code"] == "KeyCredentialsInvalidEndDate"
    junk = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": "bm8gY2VydA=="}
    assert (await admin.post("/applications", {"displayName": "x", "keyCredentials": [junk]})).status_code == 400
