"""A ticket's webhook on the whole stack: from the form to the answer, and nobody else's message to anything."""

import json
from typing import Any

import httpx
import pytest

from devstack.services import host_url
from tests.e2e.driver import Driver
from tests.e2e.test_reading import token
from tests.unit.intake.test_mapping import servicenow

pytestmark = pytest.mark.e2e

PATH = "/api/webhooks/servicenow"


def post(driver: Driver, body: bytes, path: str = PATH, **headers: str) -> httpx.Response:
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.post(f"{host_url(driver.stack.config, 'host')}{path}", content=body, headers=given, trust_env=False)


def ticket(number: str, unique_name: str, **variables: Any) -> bytes:
    form = json.loads(servicenow(unique_name=unique_name, delegated_permissions="Read.Write", **variables))
    return json.dumps(form | {"number": number}).encode()


def ask(driver: Driver, location: str) -> httpx.Response:
    bearer = {"Authorization": f"Bearer {token(driver, driver.stack.config.clients['reader'])}"}
    return httpx.get(f"{host_url(driver.stack.config, 'host')}{location}", headers=bearer, trust_env=False)


def test_a_form_becomes_an_application_and_its_state_can_be_asked_for(driver: Driver) -> None:
    secret = driver.stack.config.webhook_token
    form = ticket("RITM7001", "from-a-ticket", admin_consent={"value": "Yes"}, lifetime_days="180 days")
    taken = post(driver, form, X_Registrar_Token=secret)
    assert taken.status_code == 202, taken.text
    location = taken.headers["location"]
    assert location == "/api/requests/RITM7001?source=servicenow"
    answer = driver.answer("RITM7001")
    assert (answer["data"]["status"], answer["data"]["source"]) == ("completed", "servicenow")
    assert answer["data"]["apiPermissions"][0]["permissions"][0]["consented"]
    assert driver.sign_in(answer["data"]["clientId"], driver.stored("from-a-ticket"))
    told = ask(driver, location)
    assert (told.status_code, told.json()["state"], told.json()["answer"]) == (200, "completed", answer)
    again = post(driver, ticket("RITM7001", "from-a-ticket"), X_Registrar_Token=secret)
    assert again.status_code == 202
    assert driver.answer("RITM7001")["id"] == answer["id"]
    listed = ask(driver, "/api/requests?state=completed&limit=200").json()
    assert "RITM7001" in [item["requestId"] for item in listed["items"]]


def test_faults_are_told_at_once_and_all_of_them(driver: Driver) -> None:
    secret = driver.stack.config.webhook_token
    refused = post(driver, ticket("RITM7002", "No Spaces", lifetime_days="1 year"), X_Registrar_Token=secret)
    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/problem+json"
    fields = {error["field"] for error in refused.json()["errors"]}
    assert fields == {"application.uniqueName", "credentials[0].lifetimeDays"}
    said = {error["label"]: error["message"] for error in refused.json()["errors"]}
    assert "'1 year' is not a number of days" in said["Lifetime of the secret (days)"]


def test_who_proves_nothing_gets_no_hint_and_nothing_happens(driver: Driver) -> None:
    body, secret = ticket("RITM7003", "forged"), driver.stack.config.webhook_token
    answers = [
        post(driver, body),
        post(driver, body, X_Registrar_Token="guess"),
        post(driver, body, X_MS_CLIENT_PRINCIPAL="e30=", X_MS_CLIENT_PRINCIPAL_ID="x"),
        post(driver, body, "/api/webhooks/jira", X_Registrar_Token=secret),
        post(driver, body, "/api/webhooks/nobody", X_Registrar_Token=secret),
        post(driver, b"\xff", X_Registrar_Token="guess"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert ask(driver, "/api/requests/RITM7003?source=servicenow").status_code == 404
    assert driver.applications("forged") == []


def test_what_is_no_message_of_that_kind_is_refused_before_anybody_reads_it(driver: Driver) -> None:
    secret = driver.stack.config.webhook_token
    assert post(driver, b"x" * 70_000, X_Registrar_Token=secret).status_code == 413
    assert post(driver, b"a=b", X_Registrar_Token=secret, Content_Type="text/plain").status_code == 415
    url = f"{host_url(driver.stack.config, 'host')}{PATH}"
    headers = {"Content-Type": "application/json", "X-Registrar-Token": secret}
    chunked = httpx.post(url, content=iter([ticket("RITM7004", "chunked")]), headers=headers, trust_env=False)
    assert chunked.status_code == 411
