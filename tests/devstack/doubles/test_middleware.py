"""Weather and scripted faults, on a double that only counts what took effect."""

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.middleware import ConnectionDroppedError, Service, weathered
from devstack.doubles.world import Weather, World


class Counting:
    """A service with one effect: it counts."""

    def __init__(self, world: World) -> None:
        self.effects = 0
        service = Service(
            "graph",
            lambda scope: f"{scope['method']} {scope['path'].replace('/7', '/{id}')}",
            throttled=lambda after: Response(status_code=429, headers={"Retry-After": str(after)}),
            unavailable=lambda status: Response(status_code=status),
            conflicting=lambda: Response(status_code=409),
        )
        transport = httpx.ASGITransport(weathered(self._answer, service, world))
        self.client = httpx.AsyncClient(transport=transport, base_url="https://graph.microsoft.com")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.effects += 1
        await JSONResponse({"host": Request(scope).url.hostname})(scope, receive, send)


@pytest.fixture
def service(world: World) -> Counting:
    return Counting(world)


async def test_calls_are_counted_by_route(service: Counting, world: World) -> None:
    await service.client.get("/apps/7")
    await service.client.get("/apps/7")
    assert world.calls == {("graph", "GET /apps/{id}"): 2}


async def test_a_perfect_day_changes_nothing(service: Counting) -> None:
    answers = [await service.client.post("/apps") for _ in range(20)]
    assert {a.status_code for a in answers} == {200}
    assert service.effects == 20


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(service="graph", kind=FaultKind.THROTTLE, retry_after=7), 429),
        (Fault(service="graph", kind=FaultKind.ERROR, status=502), 502),
        (Fault(service="graph", kind=FaultKind.CONCURRENCY_VIOLATION), 409),
    ],
)
async def test_an_error_fault_has_no_effect(service: Counting, world: World, fault: Fault, status: int) -> None:
    world.faults.add(fault)
    first = await service.client.post("/apps")
    assert (first.status_code, service.effects) == (status, 0)
    assert first.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert (await service.client.post("/apps")).status_code == 200
    assert world.suffered == {("graph", fault.kind): 1}


async def test_a_lost_answer_took_effect(service: Counting, world: World) -> None:
    world.faults.add(Fault(service="graph", kind=FaultKind.LOST_ANSWER))
    with pytest.raises(ConnectionDroppedError):
        await service.client.post("/apps")
    assert service.effects == 1


async def test_a_refused_call_took_none(service: Counting, world: World) -> None:
    world.faults.add(Fault(service="graph", kind=FaultKind.REFUSE))
    with pytest.raises(ConnectionDroppedError):
        await service.client.post("/apps")
    assert service.effects == 0


async def test_a_fault_hits_only_what_it_names(service: Counting, world: World) -> None:
    world.faults.add(
        Fault(service="graph", kind=FaultKind.ERROR, method="POST", path="/apps/*/secret", after=1, times=2)
    )
    world.faults.add(Fault(service="entra", kind=FaultKind.ERROR))
    assert (await service.client.get("/apps/7/secret")).status_code == 200
    assert (await service.client.post("/apps")).status_code == 200
    hit = [(await service.client.post("/apps/7/secret")).status_code for _ in range(4)]
    assert hit == [200, 503, 503, 200]
    assert [fault.service for fault in world.faults.pending] == ["entra"]


async def test_weather_hits_its_share_and_a_seed_repeats_it(service: Counting, world: World) -> None:
    async def day() -> list[int]:
        world.change_weather(Weather(throttle_rate=0.3, error_rate=0.1, seed=4))
        return [(await service.client.get("/apps")).status_code for _ in range(200)]

    first = await day()
    assert 40 <= first.count(429) <= 80
    assert await day() == first


async def test_reads_do_not_collide(service: Counting, world: World) -> None:
    world.change_weather(Weather(concurrency_violation_rate=1.0))
    assert (await service.client.get("/apps")).status_code == 200
    assert (await service.client.post("/apps")).status_code == 409


async def test_a_delayed_call_takes_effect(service: Counting, world: World) -> None:
    world.faults.add(Fault(service="graph", kind=FaultKind.DELAY, seconds=0.05))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(service.client.post("/apps"), 0.01)
    world.faults.add(Fault(service="graph", kind=FaultKind.DELAY, seconds=0.001))
    assert (await service.client.post("/apps")).status_code == 200
    assert service.effects == 1
