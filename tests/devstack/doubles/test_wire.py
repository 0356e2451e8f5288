"""The journal and the traps, on a double that only counts what took effect."""

import asyncio

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from devstack.doubles.middleware import ConnectionDroppedError, Service, weathered
from devstack.doubles.wire import ArmedTrap, Trap, When
from devstack.doubles.world import World


class Effects:
    """A service with one effect: it counts."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.count = 0
        service = Service(
            "table",
            lambda scope: f"{scope['method']} {scope['path'][1:]}",
            throttled=lambda _after: Response(status_code=503),
            unavailable=lambda status: Response(status_code=status),
        )
        transport = httpx.ASGITransport(weathered(self._answer, service, world))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.count += 1
        await Response(status_code=204)(scope, receive, send)

    async def put(self, caller: str = "worker") -> int:
        """Call as one of the app's processes."""
        agent = {"User-Agent": f"azsdk-python-data-tables/12 Python/3.13 devstack-{caller}"}
        return (await self.client.put("/unsettled", headers=agent)).status_code

    async def held(self) -> ArmedTrap:
        """The trap, once it holds a call."""
        while True:
            for armed in self.world.traps.armed:
                if armed.held is not None:
                    return armed
            await asyncio.sleep(0)


@pytest.fixture
def effects(world: World) -> Effects:
    return Effects(world)


async def test_the_journal_has_every_call_in_order_with_its_caller(effects: Effects, world: World) -> None:
    await effects.put("host")
    await effects.put()
    await effects.client.get("/operations")
    noted = [(call.number, call.caller, call.label, call.status) for call in world.journal.since(0)]
    assert noted == [
        (1, "host", "PUT unsettled", 204),
        (2, "worker", "PUT unsettled", 204),
        (3, "", "GET operations", 204),
    ]
    assert [call.number for call in world.journal.since(2)] == [3]


@pytest.mark.parametrize(("when", "took_effect"), [(When.BEFORE, 1), (When.AFTER, 2)])
async def test_a_trap_holds_the_call_it_names_until_it_is_released(
    effects: Effects, world: World, when: When, took_effect: int
) -> None:
    world.traps.arm(Trap(service="table", label="PUT unsettled", when=when, occurrence=2))
    assert await effects.put() == 204
    held = asyncio.create_task(effects.put())
    armed = await effects.held()
    assert armed.held == 2
    assert effects.count == took_effect
    assert not held.done()
    world.traps.release()
    with pytest.raises(ConnectionDroppedError):
        await held
    assert effects.count == took_effect
    assert world.journal.since(1)[0].status is None
    assert await effects.put() == 204


async def test_a_trap_may_wait_for_one_caller(effects: Effects, world: World) -> None:
    world.traps.arm(Trap(service="table", label="PUT unsettled", when=When.BEFORE, caller="host"))
    assert await effects.put("worker") == 204
    held = asyncio.create_task(effects.put("host"))
    await effects.held()
    world.traps.release()
    with pytest.raises(ConnectionDroppedError):
        await held
