"""From a ticket to the note in it, on the whole stack: both systems, each note once, also when a system was away."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from devstack.services import host_url
from tests.e2e.driver import Driver, eventually
from tests.e2e.test_webhooks import ask

pytestmark = pytest.mark.e2e

FORM = {
    "servicenow": {
        "unique_name": "{name}",
        "display_name": "[code]{name}[/code]",
        "owner_email": "",
        "public_redirect_uris": "http://localhost/{{clientId}}",
        "web_redirect_uris": "",
        "spa_redirect_uris": "",
        "api": "Azure Digital Twins",
        "delegated_permissions": "Read.Write",
        "application_permissions": "",
        "admin_consent": "true",
        "lifetime_days": "180",
    },
    "jira": {
        "uniqueName": "{name}",
        "redirectUris": "http://localhost",
        "api": "Azure Digital Twins",
        "delegatedPermissions": "Read.Write",
        "adminConsent": "Yes",
        "lifetimeDays": "180",
    },
}
DONE = {"servicenow": "3", "jira": "Done"}
_POLICY = "/policies/defaultAppManagementPolicy"
_RIGHTS = ("/servicePrincipals?$select=id", "/oauth2PermissionGrants")


@pytest.fixture(autouse=True)
def _by_hand(driver: Driver) -> Iterator[None]:
    """Events are posted when a test says so."""
    driver.control("PUT", "/ticketing/flow", {"on": False})
    yield
    driver.control("PUT", "/ticketing/flow", {"on": True})


def asked(driver: Driver, system: str, name: str, state: str = "delivered", **form: str) -> dict[str, Any]:
    """A ticket that was approved, and whose request has reached the registrar."""
    variables = {field: value.format(name=name) for field, value in (FORM[system] | form).items()}
    made = driver.control(
        "POST",
        "/ticketing/tickets",
        {
            "system": system,
            "requestedFor": {"email": "ada@contoso.example"},
            "variables": variables,
            "summary": name,
        },
    )
    by = {"email": "boss@contoso.example"}
    driver.control("POST", f"/ticketing/tickets/{made['number']}/decision", {"decision": "approved", "by": by})
    assert deliver(driver, made) == state
    return made


def deliver(driver: Driver, ticket: dict[str, Any]) -> str:
    """Post a ticket's first event, again if need be."""
    events = driver.control("GET", "/ticketing/events")
    number = next(event["number"] for event in events if event["ticket"] == ticket["number"])
    return driver.control("POST", f"/ticketing/events/{number}/delivery")["state"]


def seen(driver: Driver, ticket: dict[str, Any]) -> dict[str, Any]:
    return driver.control("GET", f"/ticketing/tickets/{ticket['number']}")


def told(driver: Driver, ticket: dict[str, Any], state: str | None = None) -> list[str]:
    """The notes of a ticket, once there is one, and once it is in this state."""

    def look() -> list[str] | None:
        found = seen(driver, ticket)
        is_there = found["notes"] and (state is None or found["state"] == state)
        return [note["text"] for note in found["notes"]] if is_there else None

    return eventually(look, f"a note in {ticket['number']}, and the state {state}")


@pytest.mark.parametrize("system", ["servicenow", "jira"])
def test_a_ticket_is_told_of_its_application_and_closed(driver: Driver, system: str) -> None:
    name = f"ticket-of-{system}"
    ticket = asked(driver, system, name)
    answer = driver.answer(ticket["number"])
    (text,) = told(driver, ticket, DONE[system])
    data = answer["data"]
    assert data["clientId"] in text
    assert data["credentials"][0]["keyVaultSecretUri"] in text
    if system == "servicenow":
        assert data["filledRedirectUris"] == [f"http://localhost/{data['clientId']}"]
        assert f"localhost/{data['clientId']}" in text
    assert driver.stored(name) not in text
    assert text.splitlines()[-1] == f"registrar: {answer['id']}"
    assert all("<" not in note.get("html", "") for note in seen(driver, ticket)["notes"])


def test_a_sign_in_that_proves_nothing_is_waited_for_and_named_in_the_ticket(driver: Driver) -> None:
    """The API's service principal is disabled (AADSTS500014): whether the secret is right, nobody said."""
    endpoint = "/{tenant}/oauth2/v2.0/token"
    before = driver.control("GET", "/faults/suffered")
    driver.fault(service="entra", kind="refusedSignIn", path=endpoint, codes=[500014], times=999)
    ticket = asked(driver, "jira", "proves-nothing")
    eventually(lambda: driver.control("GET", "/faults/suffered") != before or None, "a refused sign-in")
    driver.advance(25 * 3600)
    answer = driver.answer(ticket["number"], moving_clock=True, within=120)
    driver.control("DELETE", "/faults")
    (text,) = told(driver, ticket)
    assert (answer["data"]["status"], answer["data"]["errors"][0]["code"]) == ("failed", "sign_in_unclear")
    assert "AADSTS500014" in text
    (kept,) = [
        each
        for each in driver.messages("app-registrations-poison")
        if each["operationId"] == answer["data"]["operationId"]
    ]
    assert kept["reason"] == "sign_in_unclear_AADSTS500014"


def test_the_same_event_again_gives_no_second_note(driver: Driver) -> None:
    ticket = asked(driver, "servicenow", "told-once")
    told(driver, ticket, "3")
    for _ in range(2):
        deliver(driver, ticket)
        driver.answer(ticket["number"])
        driver.advance(90)
    assert len(told(driver, ticket)) == 1


@pytest.mark.parametrize(
    ("system", "field", "state"), [("servicenow", "lifetime_days", "4"), ("jira", "lifetimeDays", None)]
)
def test_a_rejection_is_told_with_what_to_change(driver: Driver, system: str, field: str, state: str | None) -> None:
    name = f"too-long-lived-in-{system}"
    ticket = asked(driver, system, name, **{field: "3000"})
    (text,) = told(driver, ticket, state)
    assert "Please change the following" in text
    assert "Lifetime of the secret (days)" in text
    assert driver.applications(name) == []


def test_a_form_that_becomes_no_request_is_told_in_its_ticket_once(driver: Driver) -> None:
    """The flow got 400 and nobody read it: the ticket waited for ever without a word."""
    ticket = asked(driver, "servicenow", "no-request", state="refused", lifetime_days="soon", owner_email="jürgen@b.c")
    (text,) = told(driver, ticket, "4")
    assert "correct the following in the form and send it again" in text
    assert "Lifetime of the secret (days)" in text
    assert "the letter ü" in text
    assert deliver(driver, ticket) == "refused"
    driver.advance(90)
    assert len(told(driver, ticket, "4")) == 1
    assert driver.applications("no-request") == []


def test_what_entra_would_refuse_is_told_with_its_field_and_nothing_exists(driver: Driver) -> None:
    """It was waited out for a quarter of an hour, and then operators had been told: only the requester can mend it."""
    name, uri = "on-two-platforms", "https://app.contoso.example/signed-in"
    form = {"display_name": name, "web_redirect_uris": uri, "spa_redirect_uris": uri}
    ticket = asked(driver, "servicenow", name, **form)
    (text,) = told(driver, ticket, "4")
    assert "Redirect URIs (single-page)" in text  # as the form calls it
    assert "one platform only" in text
    answer = driver.answer(ticket["number"])
    assert [(each["field"], each["code"]) for each in answer["data"]["errors"]] == [
        ("application.spa.redirectUris[0]", "redirect_uri_on_two_platforms")
    ]
    assert driver.applications(name) == []


def test_a_full_quota_is_named_while_it_waits_and_goes_on_once_there_is_room(driver: Driver) -> None:
    """It was taken for a missing right: operators looked for one that was there."""
    name = "over-the-quota"
    driver.weather(createdObjectsQuota=1)
    ticket = asked(driver, "servicenow", name, display_name="Over the quota")
    state = eventually(lambda: waits(driver, ticket["number"]), f"{ticket['number']} to wait")
    assert state == "directory_quota_exceeded"
    driver.weather()
    answer = driver.answer(ticket["number"], moving_clock=True)
    (text,) = told(driver, ticket, "3")
    assert answer["data"]["clientId"] in text


def waits(driver: Driver, request_id: str) -> str | None:
    """Why a request waits; None while it does not."""
    told = ask(driver, f"/api/requests/{request_id}?source=servicenow").json()
    return told.get("reason") if told.get("state") == "waiting" else None


@pytest.fixture
def _no_secrets(driver: Driver) -> Iterator[None]:
    """The tenant forbids client secrets; a worker has forgotten that it did not."""
    forbidden = [{"restrictionType": "passwordAddition", "state": "enabled"}]
    policy = {"isEnabled": True, "applicationRestrictions": {"passwordCredentials": forbidden}}
    driver.graph(_POLICY, policy, method="PATCH")
    driver.advance(330)
    yield
    driver.graph(_POLICY, {"isEnabled": False}, method="PATCH")


@pytest.mark.usefixtures("_no_secrets")
def test_what_the_tenant_forbids_is_told_in_the_ticket_and_nothing_is_left_behind(driver: Driver) -> None:
    name = "forbidden-by-the-tenant"
    before = [driver.graph(path)["value"] for path in _RIGHTS]
    (text,) = told(driver, asked(driver, "servicenow", name, display_name="Forbidden by the tenant"), "4")
    assert "credentials[0].type" in text
    assert "Your tenant does not allow client secrets for new apps. Ask for a certificate." in text
    assert driver.applications(name) == []
    assert [driver.graph(path)["value"] for path in _RIGHTS] == before


@pytest.fixture
def _some_are_exempt(driver: Driver) -> Iterator[None]:
    """The tenant forbids client secrets to all callers but those with an attribute, which the registrar has not."""
    exempt = {
        "@odata.type": "#microsoft.graph.customSecurityAttributeStringValueExemption",
        "id": "Registrar_DoorKeeper",
        "operator": "equals",
        "value": "yes",
    }
    exemption = {"excludeActors": {"customSecurityAttributes": [exempt]}}
    restriction = {"restrictionType": "passwordAddition", "state": "enabled", **exemption}
    policy = {"isEnabled": True, "applicationRestrictions": {"passwordCredentials": [restriction]}}
    driver.graph(_POLICY, policy, method="PATCH")
    driver.advance(330)
    yield
    driver.graph(_POLICY, {"isEnabled": False}, method="PATCH")


@pytest.mark.usefixtures("_some_are_exempt")
def test_what_only_graph_can_refuse_is_told_with_what_stays(driver: Driver) -> None:
    """The tenant forbids secrets, but exempts callers: whether the registrar is one of them, only the try tells."""
    ticket = asked(driver, "servicenow", "refused-late")
    data = driver.answer(ticket["number"])["data"]
    assert (data["status"], len(data["errors"])) == ("rejected", 1)
    (app,) = driver.applications("refused-late")
    assert (data["clientId"], data["objectId"], app["passwordCredentials"]) == (app["appId"], app["id"], [])
    grants = driver.graph(f"/oauth2PermissionGrants?$filter=clientId eq '{data['servicePrincipalId']}'")["value"]
    assert grants == []
    (text,) = told(driver, ticket)
    assert app["appId"] in text
    assert "no admin consent and no credential" in text


def test_a_system_that_is_away_for_an_hour_is_told_once_it_is_back(driver: Driver) -> None:
    driver.fault(service="servicenow", kind="refuse", times=9999)
    ticket = asked(driver, "servicenow", "while-away")
    other = asked(driver, "jira", "meanwhile")
    assert driver.answer(ticket["number"])["data"]["status"] == "completed"
    told(driver, other, "Done")
    for _ in range(12):
        driver.advance(300)
    assert seen(driver, ticket)["notes"] == []
    driver.control("DELETE", "/faults")

    def look() -> bool | None:
        driver.advance(300)
        return True if seen(driver, ticket)["state"] == "3" else None

    eventually(look, "the ticket to be told", 60)
    assert len(seen(driver, ticket)["notes"]) == 1


def test_what_a_system_refuses_for_a_day_is_kept_with_its_reason_and_can_be_replayed(driver: Driver) -> None:
    driver.fault(service="servicenow", kind="error", status=503, times=9999)
    ticket = asked(driver, "servicenow", "refused-for-a-day")
    driver.answer(ticket["number"])

    def kept() -> dict[str, Any] | None:
        driver.advance(3600)
        found = driver.messages("app-registrations-poison")
        return next((each for each in found if ticket["id"] in str(each["original"])), None)

    message = eventually(kept, "the kept update", 90)
    assert message["reason"].startswith("ticket_update_failed: service_unavailable")
    driver.control("DELETE", "/faults")
    url = f"{host_url(driver.stack.config, 'host')}/api/ticket-updates/{message['original']['updateId']}/replay"
    assert httpx.post(url, trust_env=False).status_code == 202
    assert len(told(driver, ticket, "3")) == 1
    assert httpx.post(url, trust_env=False).status_code == 409
    assert httpx.post(url.replace(message["original"]["updateId"], "0" * 32), trust_env=False).status_code == 404


def test_a_version_that_somebody_set_by_hand_is_named_in_the_ticket_and_stays(driver: Driver) -> None:
    name = "set-by-hand"
    first = asked(driver, "servicenow", name)
    ours = driver.answer(first["number"])["data"]["credentials"][0]
    driver.advance(2)  # Key Vault counts whole seconds
    driver.vault(driver.stack.config.administrator).set_secret(f"{name}--client-secret", "by hand")
    driver.advance(2)
    second = asked(driver, "servicenow", name, display_name="Set by hand")
    data = driver.answer(second["number"])["data"]
    assert (data["status"], data["credentials"][0]["keyVaultSecretVersion"]) == (
        "completed",
        ours["keyVaultSecretVersion"],
    )
    (text,) = told(driver, second, DONE["servicenow"])
    assert "(newer_version_not_ours)" in text
    assert driver.stored(name) == "by hand"
