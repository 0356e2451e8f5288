"""The control plane over ASGI."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.config import StackConfig
from devstack.doubles.control.app import create
from devstack.doubles.faults import FaultKind
from devstack.doubles.seed import plant
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import Weather, World


@pytest.fixture
def http(planted: World, config: StackConfig) -> httpx.AsyncClient:
    app = create(planted, lambda: plant(planted, config))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


async def test_it_lists_its_endpoints(http: httpx.AsyncClient) -> None:
    listed = (await http.get("/")).json()["endpoints"]
    paths = {entry["path"] for entry in listed}
    assert {"/health", "/clock", "/reset", "/seed", "/weather", "/faults", "/calls", "/journal", "/traps"} <= paths
    assert all(entry["does"] for entry in listed)


async def test_the_clock_moves_for_everybody(http: httpx.AsyncClient, tmp_path: Path) -> None:
    moved = (await http.post("/clock", json={"advanceSeconds": 600})).json()
    assert moved["offsetSeconds"] == 600
    assert float((tmp_path / "clock").read_text()) == 600
    assert (await http.get("/clock")).json()["offsetSeconds"] == 600
    assert (await http.post("/clock", json={"advanceSeconds": -1})).status_code == 400


async def test_it_tells_what_was_issued_until_it_ends(http: httpx.AsyncClient, planted: World) -> None:
    assert (await http.get("/issued")).json() == {"secrets": [], "tokens": []}
    minting = Tokens(planted.tenant.id, planted.clock.time, minted=planted.issued.tokens.append)
    token = minting.mint(audience="a", app_id="b", object_id="c").text
    assert (await http.get("/issued")).json() == {"secrets": [], "tokens": [token]}


async def test_weather_is_replaced_or_changed(http: httpx.AsyncClient, planted: World) -> None:
    await http.put("/weather", json={"lagSeconds": 30, "throttleRate": 0.1})
    assert planted.weather == Weather(lag_seconds=30, throttle_rate=0.1)
    await http.patch("/weather", json={"secretActivationSeconds": 18})
    assert planted.weather == Weather(lag_seconds=30, throttle_rate=0.1, secret_activation_seconds=18)
    await http.put("/weather", json={})
    assert (await http.get("/weather")).json() == Weather().model_dump(by_alias=True)


async def test_every_mistake_is_named_in_a_problem(http: httpx.AsyncClient) -> None:
    answer = await http.put("/weather", json={"throttleRate": 2, "rain": 1})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert {error["field"] for error in answer.json()["errors"]} == {"throttleRate", "rain"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/clock", "{", 400),
        ("POST", "/faults", '{"service": "graph"}', 400),
        ("POST", "/faults", '[{"service": "mail", "kind": "error"}]', 400),
        ("POST", "/weather", "{}", 405),
        ("POST", "/traps", '{"service": "graph", "label": "GET /me", "when": "later"}', 400),
        ("GET", "/journal?since=yesterday", "", 400),
        ("GET", "/journal?within=3600", "", 400),
        ("GET", "/nowhere", "", 404),
    ],
)
async def test_bad_requests(http: httpx.AsyncClient, method: str, path: str, body: str, status: int) -> None:
    answer = await http.request(method, path, content=body)
    assert (answer.status_code, answer.json()["status"]) == (status, status)


async def test_faults_are_scripted_one_by_one_or_as_a_list(http: httpx.AsyncClient, planted: World) -> None:
    await http.post("/faults", json={"service": "graph", "kind": "lostAnswer", "path": "/applications*"})
    await http.post("/faults", json=[{"service": "keyvault", "kind": "throttle", "retryAfter": 2, "times": 3}])
    listed: list[dict[str, Any]] = (await http.get("/faults")).json()
    assert [(f["service"], f["kind"], f["times"]) for f in listed] == [
        ("graph", "lostAnswer", 1),
        ("keyvault", "throttle", 3),
    ]
    assert planted.faults.pending[1].retry_after == 2
    await http.delete("/faults")
    assert planted.faults.pending == []


async def test_counters(http: httpx.AsyncClient, planted: World) -> None:
    planted.calls["graph", "POST /applications"] += 2
    assert (await http.get("/calls")).json() == {"graph": {"POST /applications": 2}}
    await http.delete("/calls")
    assert (await http.get("/calls")).json() == {}


async def test_what_calls_met_is_counted_by_service_and_kind(http: httpx.AsyncClient, planted: World) -> None:
    planted.suffered["graph", FaultKind.THROTTLE] += 2
    planted.suffered["keyvault", FaultKind.ERROR] += 1
    met = (await http.get("/faults/suffered")).json()
    assert met == {"graph": {"throttle": 2}, "keyvault": {"error": 1}}


async def test_the_journal_is_read_from_a_number_on(http: httpx.AsyncClient, planted: World) -> None:
    planted.journal.note("graph", "GET /applications", "")
    planted.journal.note("table", "PUT unsettled", "worker").status = 204
    listed = (await http.get("/journal", params={"since": 1})).json()
    assert listed == [{"number": 2, "service": "table", "label": "PUT unsettled", "caller": "worker", "status": 204}]


async def test_the_journal_can_be_waited_for(http: httpx.AsyncClient, planted: World) -> None:
    waiting = asyncio.create_task(http.get("/journal", params={"since": 0, "within": 30, "calm": 0.05}))
    for label in ("GET /applications", "POST /applications"):
        await asyncio.sleep(0.03)
        assert not waiting.done()
        planted.journal.note("graph", label, "worker")
    assert [call["label"] for call in (await waiting).json()] == ["GET /applications", "POST /applications"]
    assert (await http.get("/journal", params={"since": 2, "within": 0.05})).json() == []


async def test_traps_are_set_and_released(http: httpx.AsyncClient, planted: World) -> None:
    trap = {"service": "table", "label": "PUT unsettled", "when": "after", "occurrence": 3}
    assert (await http.post("/traps", json=trap)).status_code == 201
    assert (await http.get("/traps")).json() == [trap | {"caller": None, "held": None}]
    assert (await http.delete("/traps")).status_code == 204
    assert planted.traps.armed == []


async def test_documents_can_be_added(http: httpx.AsyncClient, planted: World) -> None:
    answer = await http.post("/seed", json={"applications": [{"displayName": "orders"}]})
    assert answer.status_code == 201
    assert planted.primary().get("applications", answer.json()["applications"][0])
    twins = planted.primary().find("servicePrincipals", "displayName", "Azure Digital Twins")[0]
    orphan = {"principalId": "11111111-1111-4111-8111-111111111111", "resourceId": twins["id"]}
    refused = await http.post("/seed", json={"appRoleAssignments": [orphan | {"appRoleId": twins["id"]}]})
    assert refused.status_code == 400


async def test_a_reset_leaves_the_seed(http: httpx.AsyncClient, planted: World, config: StackConfig) -> None:
    before = {principal["id"] for principal in planted.primary().all("servicePrincipals")}
    await http.post("/seed", json={"applications": [{"displayName": "orders"}]})
    await http.put("/weather", json={"lagSeconds": 30})
    await http.post("/faults", json={"service": "graph", "kind": "error"})
    planted.calls["graph", "POST /applications"] += 1
    assert (await http.post("/reset")).status_code == 204
    assert {principal["id"] for principal in planted.primary().all("servicePrincipals")} == before
    assert planted.primary().find("applications", "displayName", "orders") == []
    assert planted.primary().find("applications", "appId", config.clients["requester"].client_id)
    assert (planted.weather, planted.faults.pending, planted.calls) == (Weather(), [], {})
