"""App management policies on the Graph double: exempt callers, policies of single apps, and what they restrict."""

import base64
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from devstack.doubles.documents import Document
from devstack.doubles.seed.additions import Additions, add
from devstack.doubles.world import World
from tests.devstack.doubles.graph_tenant import Caller, GraphTenant, error

POLICY, OWN = "/policies/defaultAppManagementPolicy", "/policies/appManagementPolicies"
ATTRIBUTE = {
    "@odata.type": "#microsoft.graph.customSecurityAttributeStringValueExemption",
    "id": "PolicyExemptions_AppManagementExemption",
    "operator": "equals",
    "value": "Registrar",
}
NO_SECRETS: dict[str, Any] = {"restrictionType": "passwordAddition", "state": "enabled"}
FORBIDDEN, TOO_LONG = "CredentialTypeNotAllowedAsPerAppPolicy", "CredentialInvalidLifetimeAsPerAppPolicy"


def tenant(*passwords: Document, keys: tuple[Document, ...] = (), **more: Any) -> Document:
    section = {"passwordCredentials": list(passwords), "keyCredentials": list(keys), **more}
    return {"isEnabled": True, "applicationRestrictions": section}


def own(*passwords: Document, **more: Any) -> Document:
    restrictions = {"passwordCredentials": list(passwords), "applicationRestrictions": more or None}
    return {"displayName": "an exception", "isEnabled": True, "restrictions": restrictions}


async def assign(admin: Caller, application: Document, policy: Document) -> str:
    made = await admin.post(OWN, policy)
    assert made.status_code == 201, made.text
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0{OWN}/{made.json()['id']}"}
    path = f"/applications/{application['id']}/appManagementPolicies/$ref"
    assert (await admin.post(path, reference)).status_code == 204
    return made.json()["id"]


async def refused(admin: Caller, application: Document) -> str | None:
    """The code with which another secret is refused."""
    answer = await admin.post(f"/applications/{application['id']}/addPassword")
    return None if answer.status_code == 200 else error(answer)[1]


async def test_a_caller_with_the_attribute_is_exempt(admin: Caller, world: World) -> None:
    application = await admin.create_application()
    excluded = NO_SECRETS | {"excludeActors": {"customSecurityAttributes": [ATTRIBUTE]}}
    assert (await admin.patch(POLICY, tenant(excluded))).status_code == 204
    assert await refused(admin, application) == FORBIDDEN
    (read,) = (await admin.get(POLICY)).json()["applicationRestrictions"]["passwordCredentials"]
    assert read["excludeActors"] == {"customSecurityAttributes": [ATTRIBUTE]}, "it can be sent back as it was read"
    for value, code in (("Somebody", FORBIDDEN), ("Registrar", None)):
        given = {"principalId": admin.object_id, "attributes": {"PolicyExemptions": {"AppManagementExemption": value}}}
        add(world, Additions.model_validate({"customSecurityAttributes": [given]}))
        assert await refused(admin, application) == code


async def test_an_apps_own_policy_counts_and_what_it_does_not_mention_is_the_tenants(admin: Caller) -> None:
    lifetime = {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P90D"}
    await admin.patch(POLICY, tenant(NO_SECRETS, lifetime))
    excepted, other = await admin.create_application(), await admin.create_application()
    policy = await assign(admin, excepted, own(NO_SECRETS | {"state": "disabled"}))
    assert (await refused(admin, excepted), await refused(admin, other)) == (TOO_LONG, FORBIDDEN)
    listed = (await admin.get(f"/applications/{excepted['id']}/appManagementPolicies")).json()["value"]
    assert [each["id"] for each in listed] == [policy]
    assert listed[0]["restrictions"]["passwordCredentials"][0]["state"] == "disabled"
    assert (await admin.get(f"/applications/{other['id']}/appManagementPolicies")).json()["value"] == []
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0{OWN}/{policy}"}
    second = await admin.post(f"/applications/{excepted['id']}/appManagementPolicies/$ref", reference)
    assert second.status_code == 409


async def test_a_policy_of_its_own_that_is_off_changes_nothing(admin: Caller) -> None:
    await admin.patch(POLICY, tenant(NO_SECRETS))
    application = await admin.create_application()
    await assign(admin, application, own(NO_SECRETS | {"state": "disabled"}) | {"isEnabled": False})
    assert await refused(admin, application) == FORBIDDEN


async def test_a_custom_password_is_what_nobody_can_add_here(admin: Caller) -> None:
    await admin.patch(POLICY, tenant({"restrictionType": "customPasswordAddition", "state": "enabled"}))
    assert await refused(admin, await admin.create_application()) is None


def key(kind: str) -> Document:
    issued = trustme.CA().issue_cert("orders.example").cert_chain_pems[0]
    der = x509.load_pem_x509_certificate(issued.bytes()).public_bytes(serialization.Encoding.DER)
    value = der if kind == "AsymmetricX509Cert" else b"0123456789abcdef"
    dates = {"startDateTime": "2027-01-01T00:00:00Z", "endDateTime": "2027-07-01T00:00:00Z"}
    return {
        "type": kind,
        "usage": "Verify",
        "key": base64.b64encode(value).decode(),
        **(dates if kind == "Symmetric" else {}),
    }


@pytest.mark.parametrize(
    ("kind", "restriction", "code"),
    [
        ("Symmetric", {"restrictionType": "symmetricKeyAddition", "state": "enabled"}, FORBIDDEN),
        ("Symmetric", {"restrictionType": "symmetricKeyLifetime", "state": "enabled", "maxLifetime": "P30D"}, TOO_LONG),
        ("Symmetric", NO_SECRETS, None),
        ("AsymmetricX509Cert", {"restrictionType": "symmetricKeyAddition", "state": "enabled"}, None),
    ],
)
async def test_symmetric_keys_have_restrictions_of_their_own(
    admin: Caller, kind: str, restriction: Document, code: str | None
) -> None:
    await admin.patch(POLICY, tenant(restriction))
    application = await admin.create_application()
    answer = await admin.patch(f"/applications/{application['id']}", {"keyCredentials": [key(kind)]})
    assert (error(answer)[1] if answer.status_code != 204 else None) == code


async def test_a_certificate_lives_no_longer_than_allowed(admin: Caller) -> None:
    limit = {"restrictionType": "asymmetricKeyLifetime", "state": "enabled", "maxLifetime": "P30D"}
    await admin.patch(POLICY, tenant(keys=(limit,)))
    application = await admin.create_application()
    answer = await admin.patch(f"/applications/{application['id']}", {"keyCredentials": [key("AsymmetricX509Cert")]})
    assert error(answer)[1] == TOO_LONG


@pytest.mark.parametrize(
    ("name", "uri", "status"),
    [
        ("nonDefaultUriAddition", "api://{appId}", 204),
        ("nonDefaultUriAddition", "api://{appId}/orders", 400),
        ("nonDefaultUriAddition", "https://contoso.onmicrosoft.com/orders", 400),
        ("uriAdditionWithoutUniqueTenantIdentifier", "https://contoso.onmicrosoft.com/orders", 204),
        ("uriAdditionWithoutUniqueTenantIdentifier", "urn:orders", 400),
    ],
)
async def test_new_identifier_uris_are_restricted(admin: Caller, name: str, uri: str, status: int) -> None:
    application = await admin.create_application()
    path, wanted = f"/applications/{application['id']}", uri.format(appId=application["appId"])
    await admin.patch(POLICY, tenant(identifierUris={name: {"state": "enabled"}}))
    assert (await admin.patch(path, {"identifierUris": [wanted]})).status_code == status
    await admin.patch(POLICY, {"isEnabled": False})
    await admin.patch(path, {"identifierUris": [wanted]})
    await admin.patch(POLICY, {"isEnabled": True})
    assert (await admin.patch(path, {"identifierUris": [wanted]})).status_code == 204, "what is there stays"


@pytest.mark.parametrize(
    "policy",
    [
        tenant(NO_SECRETS, NO_SECRETS),
        tenant({"restrictionType": "asymmetricKeyLifetime", "state": "enabled", "maxLifetime": "P1D"}),
        tenant(keys=(NO_SECRETS,)),
        tenant(NO_SECRETS | {"state": "on"}),
        tenant({"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "half a year"}),
        tenant({"restrictionType": "passwordLifetime", "state": "enabled"}),
        tenant(NO_SECRETS | {"excludeActors": {"customSecurityAttributes": [ATTRIBUTE] * 6}}),
        tenant(NO_SECRETS | {"excludeActors": {"customSecurityAttributes": [ATTRIBUTE | {"operator": "contains"}]}}),
        tenant(NO_SECRETS | {"excludeActors": {"customSecurityAttributes": [{"id": "A_B", "value": "C"}]}}),
    ],
)
async def test_what_is_no_policy_is_refused(admin: Caller, policy: Document) -> None:
    assert (await admin.patch(POLICY, policy)).status_code == 400
    assert (await admin.get(POLICY)).json()["isEnabled"] is False


async def test_policies_have_permissions_of_their_own(graph: GraphTenant, admin: Caller) -> None:
    application = await admin.create_application()
    own_path = f"/applications/{application['id']}/appManagementPolicies"
    nobody, reader = graph.caller("Application.Read.All"), graph.caller("Policy.Read.All", "Application.Read.All")
    assert [(await nobody.get(path)).status_code for path in (POLICY, own_path)] == [403, 403]
    assert [(await reader.get(path)).status_code for path in (POLICY, own_path)] == [200, 200]
    assert (await reader.patch(POLICY, {"isEnabled": True})).status_code == 403
