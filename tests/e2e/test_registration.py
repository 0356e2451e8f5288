"""The main job, from the message to the sign-in, and what requesters can do to it."""

import base64
import json

import pytest
from azure.core.exceptions import HttpResponseError

from tests.e2e.driver import EXAMPLES, RESOURCE, Driver, request

pytestmark = pytest.mark.e2e

DIGITAL_TWINS = "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
READ_WRITE = "4589bd03-58cb-4e6c-b17f-b580e39652f8"
TAGS = {
    "schema",
    "managedBy",
    "uniqueName",
    "clientId",
    "credential",
    "type",
    "keyId",
    "operationId",
    "requestId",
    "owner",
    "lifetimeDays",
    "rotateBeforeDays",
    "overlapDays",
    "previousKeyId",
    "retireAfter",
}


@pytest.mark.both_brokers
def test_a_request_becomes_an_app_whose_secret_the_requester_signs_in_with(driver: Driver) -> None:
    answer = driver.ask(request("E2E-1", "e2e-first"))
    data = answer["data"]
    assert answer["type"] == "registrar.registration.completed.v1"
    assert answer["subject"] == "e2e-first"
    assert [(p["name"], p["id"], p["consented"]) for p in data["apiPermissions"][0]["permissions"]] == [
        ("Read.Write", READ_WRITE, True)
    ]
    assert data["apiPermissions"][0]["resourceUri"] == RESOURCE

    (app,) = driver.applications("e2e-first")
    assert app["appId"] == data["clientId"]
    assert app["signInAudience"] == "AzureADMyOrg"
    assert app["publicClient"]["redirectUris"] == ["http://localhost"]
    assert app["requiredResourceAccess"] == [
        {"resourceAppId": DIGITAL_TWINS, "resourceAccess": [{"id": READ_WRITE, "type": "Scope"}]}
    ]
    assert "registrar" in app["tags"]
    (password,) = app["passwordCredentials"]
    assert password["displayName"] == f"reg:{data['operationId']} issued for RITM0010042"
    grants = driver.graph(f"/servicePrincipals/{data['servicePrincipalId']}/oauth2PermissionGrants")["value"]
    assert [(grant["consentType"], grant["scope"]) for grant in grants] == [("AllPrincipals", "Read.Write")]

    kept = driver.vault(driver.stack.config.clients["requester"]).get_secret("e2e-first--client-secret")
    assert kept.properties.version == data["credentials"][0]["keyVaultSecretVersion"]
    assert kept.properties.content_type == "application/vnd.registrar.client-secret"
    assert kept.properties.expires_on is not None
    assert kept.properties.not_before is not None
    assert set(kept.properties.tags or {}) == TAGS
    assert (kept.properties.tags or {})["keyId"] == password["keyId"]
    assert driver.sign_in(data["clientId"], kept.value or "")


def test_the_requester_may_read_secrets_and_nothing_else(driver: Driver) -> None:
    driver.ask(request("E2E-2", "e2e-reader"))
    vault = driver.vault(driver.stack.config.clients["requester"])
    assert vault.get_secret("e2e-reader--client-secret").value
    with pytest.raises(HttpResponseError) as refused:
        vault.set_secret("e2e-reader--client-secret", "mine")
    assert refused.value.status_code == 403


@pytest.mark.both_brokers
def test_again_changed_reused(driver: Driver) -> None:
    first = driver.ask(request("E2E-3", "e2e-again"))
    assert driver.ask(request("E2E-3", "e2e-again")) == first
    marked = b"\xef\xbb\xbf" + json.dumps(request("E2E-3", "e2e-again")).encode()
    for as_senders_put_it in (marked, base64.encodebytes(marked)):
        driver.send(as_senders_put_it)
        assert driver.answer("E2E-3") == first
    driver.send(base64.b64encode(marked.decode("utf-8-sig").encode("utf-16")))
    (error,) = driver.answer("E2E-3")["data"]["errors"]
    assert "base64 of text in UTF-16" in error["message"]

    reused = driver.ask(request("E2E-3", "e2e-again", displayName="Other"))
    assert reused["type"] == "registrar.registration.rejected.v1"
    assert [error["code"] for error in reused["data"]["errors"]] == ["request_id_reused"]

    changed = driver.ask(
        request(
            "E2E-4",
            "e2e-again",
            displayName="Renamed",
            publicClient={"redirectUris": ["http://localhost"], "allowPublicClientFlows": True},
            web={
                "redirectUris": ["https://app.contoso.example/signed-in"],
                "implicitGrantSettings": {"enableIdTokenIssuance": True, "enableAccessTokenIssuance": True},
            },
            spa={"redirectUris": ["https://spa.contoso.example/"]},
        )
    )
    assert changed["data"]["status"] == "completed"
    assert changed["data"]["clientId"] == first["data"]["clientId"]
    (app,) = driver.applications("e2e-again")
    assert app["displayName"] == "Renamed"
    assert app["isFallbackPublicClient"] is True
    assert app["web"]["redirectUris"] == ["https://app.contoso.example/signed-in"]
    assert app["web"]["implicitGrantSettings"] == {"enableIdTokenIssuance": True, "enableAccessTokenIssuance": True}
    assert app["spa"]["redirectUris"] == ["https://spa.contoso.example/"]
    assert len(app["passwordCredentials"]) == 1
    assert driver.sign_in(first["data"]["clientId"], driver.stored("e2e-again"))


def test_a_broken_request_is_rejected_with_all_its_faults(driver: Driver) -> None:
    driver.send((EXAMPLES / "broken.json").read_bytes())
    body = request(
        "E2E-5", "e2e-broken", publicClient={"redirectUris": ["http://contoso.example", "https://*.x.example"]}
    )
    body["application"]["apiPermissions"].append(
        {"api": "Microsoft Graph", "delegated": ["Directory.AccessAsUser.All"], "application": []}
    )
    answer = driver.ask(body)
    assert answer["type"] == "registrar.registration.rejected.v1"
    assert {error["code"] for error in answer["data"]["errors"]} == {
        "redirect_uri_not_allowed",
        "permission_never_allowed",
    }
    assert answer["data"]["errorCount"] == 3
    assert driver.applications("e2e-broken") == []


@pytest.mark.both_brokers
def test_what_is_no_request_at_all_is_answered_and_the_worker_goes_on(driver: Driver) -> None:
    cut_off, too_deep = b'{"requestId": "E2E-cut"', b'{"requestId": "E2E-deep", "a": ' + b"[" * 20_000
    for body in (b"not json", cut_off, too_deep, b"{}"):
        driver.send(body)
    for named in ("E2E-cut", "E2E-deep"):
        assert [error["code"] for error in driver.answer(named)["data"]["errors"]] == ["invalid_json"]
    driver.send(b'{"requestId": "E2E-6", "requestId": "E2E-6", "action": "register"}')
    answer = driver.answer("E2E-6")
    assert answer["data"]["status"] == "rejected"
    assert "duplicate_field" in {error["code"] for error in answer["data"]["errors"]}
    assert driver.ask(request("E2E-7", "e2e-after-garbage"))["data"]["status"] == "completed"


def test_an_app_that_is_not_ours_stays_untouched(driver: Driver) -> None:
    driver.control(
        "POST", "/seed", {"applications": [{"displayName": "Payroll", "uniqueName": "e2e-payroll", "tags": ["hr"]}]}
    )
    answer = driver.ask(request("E2E-8", "e2e-payroll"))
    assert [error["code"] for error in answer["data"]["errors"]] == ["not_managed"]
    (app,) = driver.applications("e2e-payroll")
    assert (app["displayName"], app["tags"], app["passwordCredentials"]) == ("Payroll", ["hr"], [])


def test_a_look_alike_of_microsofts_api_is_never_meant(driver: Driver) -> None:
    look_alike = {
        "displayName": "Azure Digital Twins",
        "appId": "99999999-9999-4999-8999-999999999999",
        "appOwnerOrganizationId": "11111111-1111-4111-8111-111111111111",
        "oauth2PermissionScopes": [
            {"id": "88888888-8888-4888-8888-888888888888", "value": "Read.Write", "isEnabled": True, "type": "User"}
        ],
    }
    driver.control("POST", "/seed", {"servicePrincipals": [look_alike]})
    answer = driver.ask(request("E2E-9", "e2e-look-alike"))
    assert answer["data"]["apiPermissions"][0]["resourceAppId"] == DIGITAL_TWINS


def test_the_old_name_of_an_api_still_works(driver: Driver) -> None:
    permissions = [{"api": "Azure Smart Spaces Service", "delegated": ["Read.Write"]}]
    answer = driver.ask(request("E2E-10", "e2e-old-name", apiPermissions=permissions))
    assert answer["data"]["apiPermissions"][0]["permissions"][0]["id"] == READ_WRITE
