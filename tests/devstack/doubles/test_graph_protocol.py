"""What surrounds every answer of the Graph double: headers, error bodies, quotas, weather, labels."""

import json
import re
import time
from datetime import timedelta
from types import SimpleNamespace

import httpx
import pytest

from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.graph.app import label
from devstack.doubles.world import Weather, World
from tests.devstack.doubles.graph_tenant import NOWHERE, ROOT, Caller, error


async def test_a_body_comes_with_the_recorded_headers(admin: Caller) -> None:
    answer = await admin.get("/applications")
    assert answer.headers["content-type"] == (
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    )
    assert answer.headers["odata-version"] == "4.0"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["request-id"])
    assert json.loads(answer.headers["x-ms-ags-diagnostic"])["ServerInfo"]["Slice"] == "E"
    assert "client-request-id" not in answer.headers


async def test_an_empty_answer_has_no_content_type(admin: Caller) -> None:
    created = await admin.create_application()
    answer = await admin.patch(f"/applications/{created['id']}", {"notes": "x"})
    assert answer.status_code == 204
    assert not {"content-type", "odata-version"} & set(answer.headers)
    assert answer.headers["x-ms-resource-unit"] == "1"


async def test_an_error_tells_the_ids_support_would_ask_for(admin: Caller) -> None:
    sent = {"client_request_id": NOWHERE, "return_client_request_id": "true"}
    answer = await admin.get(f"/applications/{NOWHERE}", **sent)
    inner = answer.json()["error"]["innerError"]
    assert answer.headers["content-type"] == "application/json"
    assert "odata-version" not in answer.headers
    assert answer.headers["x-ms-resource-unit"] == "1"
    assert inner["request-id"] == answer.headers["request-id"]
    assert inner["client-request-id"] == answer.headers["client-request-id"] == NOWHERE
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", inner["date"])


@pytest.mark.parametrize(
    ("path", "units"),
    [
        ("/applications", "2"),
        ("/applications?$select=id", "1"),
        ("/applications?$expand=owners", "3"),
        ("/applications?$top=5&$select=id", "1"),
        ("/servicePrincipals", "1"),
        ("/oauth2PermissionGrants", "2"),
    ],
)
async def test_reads_cost_resource_units(admin: Caller, path: str, units: str) -> None:
    assert (await admin.get(path)).headers["x-ms-resource-unit"] == units


@pytest.mark.parametrize(
    ("content", "content_type", "message"),
    [
        (b"{", "application/json", "Unable to read JSON request payload."),
        (b"{}", "application/x-www-form-urlencoded", "Unable to read JSON request payload."),
        (b"[]", "application/json", "Unable to read JSON request payload."),
        (b"", "application/json", "Empty Payload. JSON content expected."),
        (b"{}", None, "Write requests (excluding DELETE) must contain the Content-Type header declaration."),
    ],
)
async def test_a_body_is_refused(admin: Caller, content: bytes, content_type: str | None, message: str) -> None:
    headers = {"content-type": content_type} if content_type else {}
    async with admin.client() as client:
        answer = await client.post("/applications", content=content, headers=headers)
    assert error(answer)[:2] == (400, "BadRequest")
    assert error(answer)[2].startswith(message)


async def test_unknown_paths_and_methods_are_refused(admin: Caller) -> None:
    assert error(await admin.get("/colours")) == (
        400,
        "BadRequest",
        "Resource not found for the segment 'colours'.",
    )
    assert (await admin.delete("/applications")).status_code == 405


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that only the test moves: on a slow machine, quotas would be refilled while calls are made."""
    moment = time.time()
    monkeypatch.setattr("devstack.clock.time", SimpleNamespace(time=lambda: moment))


@pytest.mark.usefixtures("still")
async def test_personal_audiences_have_a_quota_of_sixty_writes_a_minute(admin: Caller, world: World) -> None:
    body = {"displayName": "x", "signInAudience": "PersonalMicrosoftAccount"}
    answers = [await admin.post("/applications", body) for _ in range(62)]
    assert {answer.status_code for answer in answers[:60]} == {400}
    refused = answers[-1]
    assert error(refused) == (429, "TooManyRequests", "Please retry again later.")
    assert refused.headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    world.clock.advance(timedelta(seconds=int(refused.headers["retry-after"])))
    assert (await admin.post("/applications", body)).status_code == 400


@pytest.mark.usefixtures("still")
async def test_reading_certificates_has_a_quota_of_150_calls_a_minute(admin: Caller) -> None:
    path = f"/applications/{NOWHERE}?$select=keyCredentials"
    async with admin.client() as client:
        statuses = [(await client.get(f"{ROOT}{path}")).status_code for _ in range(152)]
    assert statuses[:150] == [404] * 150
    assert statuses[-1] == 429


async def test_the_quotas_can_be_switched_off(admin: Caller, world: World) -> None:
    world.change_weather(Weather(quotas=False))
    body = {"displayName": "x", "signInAudience": "PersonalMicrosoftAccount"}
    assert {(await admin.post("/applications", body)).status_code for _ in range(62)} == {400}


WEATHER = {
    "throttled": (FaultKind.THROTTLE, None, 429, "TooManyRequests"),
    "unavailable": (FaultKind.ERROR, 503, 503, "ServiceUnavailable"),
    "in error": (FaultKind.ERROR, 500, 500, "Service_InternalServerError"),
}


@pytest.mark.parametrize(("kind", "status", "seen", "code"), WEATHER.values(), ids=WEATHER.keys())
async def test_a_fault_is_answered_as_graph_does(
    admin: Caller, world: World, kind: FaultKind, status: int | None, seen: int, code: str
) -> None:
    fault = Fault(service="graph", kind=kind, method="POST", path="/applications", status=status, retry_after=7)
    world.faults.add(fault)
    answer = await admin.post("/applications", {"displayName": "x"})
    assert error(answer)[:2] == (seen, code)
    assert answer.headers.get("retry-after") == ("7" if seen == 429 else None)
    assert (await admin.post("/applications", {"displayName": "x"})).status_code == 201


async def test_colliding_writes_are_answered_in_three_ways(admin: Caller, world: World) -> None:
    world.change_weather(Weather(concurrency_violation_rate=1.0, seed=3))
    answers = [error(await admin.patch(f"/applications/{NOWHERE}", {})) for _ in range(40)]
    assert {status for status, _, _ in answers} == {409, 503, 400}
    assert {code for _, code, _ in answers} == {"Directory_ConcurrencyViolation"}
    assert (await admin.get("/applications")).status_code == 200


async def test_a_lost_answer_took_effect(admin: Caller, world: World) -> None:
    world.faults.add(Fault(service="graph", kind=FaultKind.LOST_ANSWER, method="POST"))
    with pytest.raises(ConnectionResetError):
        await admin.post("/applications", {"displayName": "lost"})
    assert [item["displayName"] for item in (await admin.get("/applications")).json()["value"]] == ["lost"]


LABELS = {
    "/v1.0/applications": "POST /applications",
    "/v1.0/Applications(uniqueName='o''x')": "POST (unknown)",
    f"/v1.0/applications/{NOWHERE}/addPassword": "POST /applications/{id}/addPassword",
    f"/v1.0/applications('{NOWHERE}')/microsoft.graph.addPassword": "POST /applications/{id}/addPassword",
    f"/V1.0/applications(appId='{NOWHERE}')/ADDPASSWORD": "POST /applications(appId)/addPassword",
    "/v1.0/oAuth2PermissionGrants": "POST /oauth2PermissionGrants",
    "/v1.0/$batch": "POST /$batch",
    "/beta/applications": "POST (unknown)",
}


@pytest.mark.parametrize(("path", "expected"), LABELS.items(), ids=LABELS.keys())
def test_a_call_is_counted_under(path: str, expected: str) -> None:
    assert label({"method": "POST", "path": path}) == expected


async def test_calls_are_counted(admin: Caller, world: World) -> None:
    await admin.patch("/applications(uniqueName='x')", {})
    assert world.calls["graph", "PATCH /applications(uniqueName)"] == 1


async def test_the_client_sees_no_private_fields_anywhere(admin: Caller) -> None:
    created = await admin.create_application(passwordCredentials=[{"displayName": "x"}])
    await admin.create_principal(created["appId"])
    answers: list[httpx.Response] = [
        await admin.get("/applications"),
        await admin.get("/servicePrincipals"),
        await admin.get(f"/applications/{created['id']}?$expand=owners"),
        await admin.get("/applications/delta"),
        await admin.get(f"/directoryObjects/{created['id']}"),
    ]
    await admin.delete(f"/applications/{created['id']}")
    answers.append(await admin.get("/directory/deletedItems/microsoft.graph.application"))
    answers.append(await admin.get(f"/directory/deletedItems/{created['id']}"))
    for answer in answers:
        assert answer.status_code == 200
        assert not re.search(r'"_\w+":', answer.text)
