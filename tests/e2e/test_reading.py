"""What people read over HTTP, on the whole stack: with real tokens, about the tenant as it is."""

import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from devstack.config import Client
from devstack.services import host_url
from tests.e2e.driver import Driver, eventually, request

pytestmark = pytest.mark.e2e

HOSTILE = '=HYPERLINK("x")<script>document.title="owned"</script>'
APPROVER_ROLE = "b8f0f2a4-7d0e-4b7e-8f56-2c1d9c0f5e02"
REPORT = "/api/reports/credentials"


def token(driver: Driver, identity: Client, resource: str | None = None) -> str:
    audience = resource or driver.stack.config.api.client_id
    return driver.credential(identity).get_token(f"{audience}/.default").token


def get(driver: Driver, path: str, headers: dict[str, str]) -> httpx.Response:
    url = f"{host_url(driver.stack.config, 'host')}{path}"
    return httpx.get(url, headers=headers, trust_env=False, verify=False, timeout=30)


def read(driver: Driver, path: str) -> httpx.Response:
    """Read as the reader."""
    return get(driver, path, {"Authorization": f"Bearer {token(driver, driver.stack.config.clients['reader'])}"})


def now(driver: Driver) -> datetime:
    return datetime.fromisoformat(driver.control("GET", "/clock")["now"])


def to_the_night(driver: Driver) -> datetime:
    """Move the clock to a 4:20 UTC at which no report is young; the moment from which a report is a new one."""
    begun = now(driver)
    night = begun.replace(hour=4, minute=20, second=1, microsecond=0)
    night += timedelta(days=1) if night <= begun + timedelta(hours=5) else timedelta(0)
    driver.advance((night - begun).total_seconds())
    return night - timedelta(seconds=1)


def report_since(driver: Driver, moment: datetime) -> dict[str, Any]:
    """The report in JSON, once there is one that is of this moment or later."""

    def look() -> dict[str, Any] | None:
        answer = read(driver, f"{REPORT}?format=json")
        if answer.status_code == 404:
            assert answer.headers["Content-Type"] == "application/problem+json"
            return None
        assert answer.status_code == 200, answer.text
        made = answer.json()
        return made if datetime.fromisoformat(made["asOf"]) >= moment.replace(microsecond=0) else None

    return eventually(look, "the report")


def plant(driver: Driver, display_name: str) -> dict[str, Any]:
    """An application of somebody's own, with a secret that ends in three days and one owner."""
    (owner,) = driver.control("POST", "/seed", {"users": [user("Grace Hopper")]})["users"]
    end = now(driver) + timedelta(days=3)
    app = {
        "id": str(uuid4()),
        "appId": str(uuid4()),
        "displayName": display_name,
        "_owners": [owner],
        "passwordCredentials": [
            {"keyId": str(uuid4()), "displayName": "by hand", "endDateTime": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
        ],
    }
    driver.control("POST", "/seed", {"applications": [app]})
    return app


def user(name: str) -> dict[str, str]:
    return {"displayName": name, "userPrincipalName": f"{uuid4().hex[:8]}@contoso.example", "id": str(uuid4())}


def test_every_night_there_is_a_report_of_all_credentials(driver: Driver) -> None:
    ours = driver.ask(request("READ-1", "reported"))["data"]["credentials"][0]
    theirs = plant(driver, HOSTILE)
    made = report_since(driver, to_the_night(driver))
    rows = {row["keyId"]: row for row in made["credentials"]}
    managed, unmanaged = rows[ours["keyId"]], rows[theirs["passwordCredentials"][0]["keyId"]]
    assert (managed["managed"], managed["uniqueName"]) == (True, "reported")
    assert managed["owners"] == ["ada@contoso.onmicrosoft.com"]
    assert managed["advice"] == "will_be_replaced"
    assert managed["end"] == ours["expiresOn"]
    assert (unmanaged["managed"], unmanaged["advice"], unmanaged["displayName"]) == (False, "expires_soon", HOSTILE)
    assert len(unmanaged["owners"]) == 1
    listed = [app for app in driver.graph("/applications?$top=999")["value"] if app["passwordCredentials"]]
    assert {key["keyId"] for app in listed for key in app["passwordCredentials"]} <= set(rows)

    page = read(driver, REPORT)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script" not in page.headers["Content-Security-Policy"]
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert made["asOf"] in page.text
    assert 0 <= int(page.headers["Age"]) < 600
    table = read(driver, f"{REPORT}?format=csv")
    cells = {line["keyId"]: line for line in csv.DictReader(io.StringIO(table.text, newline=""))}
    assert set(cells) == set(rows)
    assert cells[unmanaged["keyId"]]["displayName"] == f"'{HOSTILE}"


def test_a_listing_that_fails_leaves_the_report_of_the_night_before(driver: Driver) -> None:
    before = report_since(driver, to_the_night(driver))
    theirs = plant(driver, "made since")
    key = theirs["passwordCredentials"][0]["keyId"]
    for path in ("/applications", "/servicePrincipals"):
        driver.fault(service="graph", kind="error", method="GET", path=path, times=100, retryAfter=1)
    log = driver.stack.logs / "host.log"
    failures = log.read_text(errors="replace").count("report.failed")
    night = to_the_night(driver)
    eventually(lambda: log.read_text(errors="replace").count("report.failed") > failures or None, "the failure")
    stale = read(driver, f"{REPORT}?format=json")
    assert stale.json()["asOf"] == before["asOf"]
    assert int(stale.headers["Age"]) >= 23 * 3600
    assert key not in stale.text

    driver.control("DELETE", "/faults")
    driver.advance(3600)  # the timer comes again at 5:20
    made = report_since(driver, night)
    assert key in {row["keyId"] for row in made["credentials"]}


def test_what_expires_within_some_days_is_listed_page_by_page(driver: Driver) -> None:
    short: list[dict[str, Any]] = []
    for number in range(3):
        asked = request(f"READ-2-{number}", f"expiring-{number}")
        asked["credentials"][0] |= {"lifetimeDays": 20 + number}
        short.append(driver.ask(asked)["data"]["credentials"][0])
    found: dict[str, dict[str, Any]] = {}
    path = "/api/credentials?expiringWithin=30d&limit=1"
    while path:
        answer = read(driver, path)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= 1
        found |= {item["uniqueName"]: item for item in page["items"]}
        path = page.get("nextLink", "")
    assert {found[f"expiring-{number}"]["expires"] for number in range(3)} == {each["expiresOn"] for each in short}
    within_20 = json.dumps(read(driver, "/api/credentials?expiringWithin=20d&limit=500").json()["items"])
    assert "expiring-0" in within_20
    assert "expiring-2" not in within_20
    refused = read(driver, "/api/credentials?expiringWithin=soon&limit=0")
    assert (refused.status_code, refused.headers["Content-Type"]) == (400, "application/problem+json")
    assert {error["field"] for error in refused.json()["errors"]} == {"expiringWithin", "limit"}


@pytest.mark.parametrize("path", [REPORT, "/api/credentials"])
def test_who_has_no_token_for_the_registrar_or_no_role_reads_nothing(driver: Driver, path: str) -> None:
    config = driver.stack.config
    reader = config.clients["reader"]
    good = token(driver, reader)
    principal = {"X-MS-CLIENT-PRINCIPAL-ID": reader.object_id, "X-MS-CLIENT-PRINCIPAL": "eyJyb2xlcyI6W119"}
    for headers in (
        {},
        principal,
        {"Authorization": f"Bearer {good[:-4]}AAAA"},
        {"Authorization": f"Bearer {token(driver, reader, 'https://graph.microsoft.com')}"},
        {"Authorization": f"Bearer {token(driver, config.administrator, 'https://graph.microsoft.com')}"},
    ):
        refused = get(driver, path, headers)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert set(refused.json()) == {"type", "title", "status"}
    forbidden = get(driver, path, {"Authorization": f"Bearer {token(driver, approver(driver))}"})
    assert forbidden.status_code == 403
    assert "Registrar.Reader" in forbidden.json()["detail"]
    driver.advance(2 * 3600)
    assert get(driver, path, {"Authorization": f"Bearer {good}"}).status_code == 401


def approver(driver: Driver) -> Client:
    """A client that holds the API's other role."""
    client = Client()
    secret = {"displayName": "exam", "secretText": client.client_secret}
    driver.control(
        "POST",
        "/seed",
        {
            "applications": [
                {
                    "id": str(uuid4()),
                    "appId": client.client_id,
                    "displayName": "Approver",
                    "passwordCredentials": [secret],
                }
            ],
            "servicePrincipals": [{"id": client.object_id, "appId": client.client_id}],
            "appRoleAssignments": [
                {
                    "principalId": client.object_id,
                    "resourceId": driver.stack.config.api.object_id,
                    "appRoleId": APPROVER_ROLE,
                }
            ],
        },
    )
    return client
