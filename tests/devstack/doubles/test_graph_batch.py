"""`$batch` on the Graph double."""

from typing import Any

import pytest

from devstack.doubles.documents import Document
from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.world import World
from tests.devstack.doubles.graph_tenant import NOWHERE, Caller, GraphTenant, error

JSON = {"Content-Type": "application/json"}


def create(step: str, **fields: Any) -> Document:
    body = {"displayName": "demo"}
    return {"id": step, "method": "POST", "url": "/applications", "headers": JSON, "body": body, **fields}


def read(step: str, url: str, **fields: Any) -> Document:
    return {"id": step, "method": "GET", "url": url, **fields}


async def run(caller: Caller, *steps: Document) -> dict[str, Document]:
    answer = await caller.post("/$batch", {"requests": list(steps)})
    assert answer.status_code == 200, answer.text
    return {item["id"]: item for item in answer.json()["responses"]}


async def test_each_step_is_answered_by_its_id(admin: Caller, world: World) -> None:
    key = "/applications(uniqueName='o''neil')"
    upsert = create("2", method="PATCH", url=key, headers={**JSON, "Prefer": "create-if-missing"})
    listing = read("3", "/applications?$filter=displayName eq 'demo'&$select=id")
    done = await run(admin, create("1"), upsert, listing, read("4", f"/applications/{NOWHERE}"))
    assert [done[step]["status"] for step in "1234"] == [201, 201, 200, 404]
    assert done["1"]["body"]["displayName"] == "demo"
    assert done["1"]["headers"]["Location"].endswith("Microsoft.DirectoryServices.Application")
    assert done["2"]["body"]["uniqueName"] == "o'neil"
    assert len(done["3"]["body"]["value"]) == 2
    assert done["4"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert world.calls["graph", "PATCH /applications(uniqueName)"] == 1
    assert world.calls["graph", "POST /$batch"] == 1


async def test_an_empty_answer_has_no_body(admin: Caller) -> None:
    created = await admin.create_application()
    done = await run(admin, {"id": "1", "method": "DELETE", "url": f"/applications/{created['id']}"})
    assert done["1"]["status"] == 204
    assert "body" not in done["1"]


async def test_steps_wait_for_what_they_depend_on(admin: Caller) -> None:
    done = await run(admin, read("late", "/applications", dependsOn=["early"]), create("early"))
    assert list(done) == ["early", "late"]
    assert len(done["late"]["body"]["value"]) == 1


async def test_a_failure_fails_what_depends_on_it(admin: Caller) -> None:
    missing = read("1", f"/applications/{NOWHERE}")
    done = await run(admin, missing, create("2", dependsOn=["1"]), create("3", dependsOn=["2"]), create("4"))
    assert [done[step]["status"] for step in "1234"] == [404, 424, 424, 201]
    assert len((await admin.get("/applications")).json()["value"]) == 1


async def test_steps_need_their_own_permission(graph: GraphTenant) -> None:
    done = await run(graph.owned_by(), create("1"), read("2", "/applications"))
    assert [done[step]["status"] for step in "12"] == [201, 403]


async def test_each_step_has_its_own_weather(admin: Caller, world: World) -> None:
    world.faults.add(Fault(service="graph", kind=FaultKind.THROTTLE, path="/applications", after=1, retry_after=5))
    world.faults.add(Fault(service="graph", kind=FaultKind.LOST_ANSWER, path="/applications", after=2))
    done = await run(admin, create("1"), create("2"), create("3"), create("4"))
    assert [done[step]["status"] for step in "1234"] == [201, 429, 201, 504]
    assert done["2"]["headers"]["Retry-After"] == "5"
    assert len((await admin.get("/applications")).json()["value"]) == 3


BROKEN: dict[str, Any] = {
    "nothing": {},
    "no steps": {"requests": []},
    "a step without a url": {"requests": [{"id": "1", "method": "GET"}]},
    "the same id twice": {"requests": [create("1"), create("1")]},
    "a dependency on nobody": {"requests": [create("1", dependsOn=["2"])]},
    "a circle": {"requests": [create("1", dependsOn=["2"]), create("2", dependsOn=["1"])]},
    "a body without a type": {"requests": [create("1", headers={})]},
    "twenty-one steps": {"requests": [create(str(number)) for number in range(21)]},
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
async def test_a_batch_is_refused_as_a_whole_for(admin: Caller, body: object) -> None:
    assert error(await admin.post("/$batch", body))[0] == 400
    assert (await admin.get("/applications")).json()["value"] == []
