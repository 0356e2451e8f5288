"""The gateway to storage, before a server that says what it was asked."""

import json
from collections.abc import AsyncGenerator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from devstack.doubles.faults import Fault, FaultKind, StorageName
from devstack.doubles.gateway import gateways, label
from devstack.doubles.serving import serving
from devstack.doubles.world import Weather, World

_ENTITY = "/devstoreaccount1/operations(PartitionKey='a%27%27b',RowKey='x%20y')?timeout=5"
_POLL = "/devstoreaccount1/app-registrations/messages"
_HOST = {"User-Agent": "azsdk-python-storage-queue/12 devstack-host"}


class Storage:
    """Answers with what it got, or as a queue that is empty."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        request = Request(scope, receive)
        target = (scope["raw_path"] + b"?" + scope["query_string"]).decode()
        said = {"target": target, "body": (await request.body()).decode(), "signed": request.headers.get("x-signed")}
        body = "<QueueMessagesList/>" if target.startswith(_POLL) else json.dumps(said)
        await Response(body, 200, {"etag": 'W/"1"'})(scope, receive, send)


@pytest.fixture
def storage() -> Storage:
    return Storage()


@pytest.fixture
async def client(world: World, storage: Storage) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a gateway, over real sockets."""
    async with serving(storage) as upstream:
        origins: dict[StorageName, str] = {"queue": f"http://127.0.0.1:{upstream}"}
        async with (
            gateways(world, origins, None) as apps,
            serving(apps["queue"]) as port,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
        ):
            yield client


async def test_what_was_signed_passes_unchanged(client: httpx.AsyncClient) -> None:
    answer = await client.put(_ENTITY, content="{}", headers={"x-signed": "abc"})
    assert answer.json() == {"target": _ENTITY, "body": "{}", "signed": "abc"}
    assert answer.headers["etag"] == 'W/"1"'


async def test_a_hosts_look_at_an_empty_queue_is_not_noted(client: httpx.AsyncClient, world: World) -> None:
    await client.get(_POLL, headers=_HOST)
    await client.get(_POLL)
    assert [(call.caller, call.label) for call in world.journal.since(0)] == [("", "GET app-registrations/messages")]


async def test_scripted_faults_reach_storage_and_the_weather_does_not(
    client: httpx.AsyncClient, world: World, storage: Storage
) -> None:
    world.change_weather(Weather(error_rate=1.0))
    world.faults.add(Fault(service="queue", kind=FaultKind.LOST_ANSWER, method="PUT", path="operations*"))
    assert (await client.post(_ENTITY)).status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        await client.put(_ENTITY)
    assert storage.calls == 2


async def test_storage_that_is_away_is_a_dead_connection(world: World) -> None:
    async with (
        gateways(world, {"queue": "http://127.0.0.1:1"}, None) as apps,
        serving(apps["queue"]) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(_POLL)


@pytest.mark.parametrize(
    ("service", "method", "target", "action", "expected"),
    [
        ("table", "POST", "/a/operations", "", "POST operations"),
        ("table", "PUT", "/a/unsettled(PartitionKey='p',RowKey='r')", "", "PUT unsettled"),
        ("table", "GET", "/a/unsettled()?$filter=x", "", "GET unsettled()"),
        ("queue", "POST", "/a/work/messages?visibilitytimeout=5", "", "POST work/messages"),
        ("queue", "DELETE", "/a/work/messages/1-2?popreceipt=x", "", "DELETE work/messages/{id}"),
        ("queue", "GET", "/a/work/messages?peekonly=true", "", "GET work/messages peek"),
        ("blob", "PUT", "/a/application-leases/my-app?comp=lease", "acquire", "PUT application-leases lease acquire"),
        ("blob", "PUT", "/a/application-leases/my-app", "", "PUT application-leases"),
    ],
)
def test_labels_say_what_is_done_where(
    service: StorageName, method: str, target: str, action: str, expected: str
) -> None:
    path, _, query = target.partition("?")
    headers = [(b"x-ms-lease-action", action.encode())]
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": headers,
    }
    assert label(service, scope) == expected
