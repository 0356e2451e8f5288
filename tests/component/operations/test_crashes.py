"""The worker dies, or an answer is lost, around every single outgoing call; all is well afterwards."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.core.errors import ThrottledError, UnavailableError
from tests.fakes.faults import Faults, Moment, WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.leases import FakeLease
from tests.fakes.world import World, example


async def _calls_of_a_run() -> list[str]:
    world = World()
    await world.run(example())
    return world.faults.calls


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_worker_that_dies_at_any_call_leaves_one_app_and_one_live_secret(moment: Moment) -> None:
    calls = await _calls_of_a_run()
    assert len(calls) > 20
    for index, call in enumerate(calls):
        world = World()
        world.faults.at(index, moment, WorkerDied())
        await world.send(example())
        await world.settle()
        _assert_registered(world, f"died {moment} call {index}, {call}")
        assert world.deaths == 1


@pytest.mark.parametrize("lag", [timedelta(0), timedelta(seconds=45)])
async def test_a_lost_answer_at_any_call_leaves_one_app_and_one_live_secret(lag: timedelta) -> None:
    for index, call in enumerate(await _calls_of_a_run()):
        world = World()
        world.directory.lag = lag
        world.faults.at(index, "after", UnavailableError("connection lost"))
        await world.send(example())
        await world.settle()
        _assert_registered(world, f"answer lost after call {index}, {call}")


async def test_throttling_at_any_call_costs_no_attempt() -> None:
    for index, call in enumerate(await _calls_of_a_run()):
        if not call.startswith(("graph", "vault", "entra")):
            continue
        world = World()
        world.faults.at(index, "before", ThrottledError("busy", timedelta(seconds=40)))
        await world.send(example())
        await world.settle()
        _assert_registered(world, f"throttled at call {index}, {call}")
        (operation,) = world.operations.all()
        assert operation.attempts == 1, call


@pytest.mark.parametrize("last_call", ["graph add_password", "vault store"])
async def test_who_has_lost_the_lease_neither_issues_nor_stores_another_secret(last_call: str) -> None:
    faults = _Stall(last_call)
    world = World(faults=faults)
    faults.meanwhile = lambda: _take_over(world)
    request = example()
    request["credentials"] += [request["credentials"][0] | {"name": "second"}]
    await world.send(request)
    (app,) = world.directory.applications.values()
    assert len(app.passwords) == sum(len(versions) for versions in world.vault.secrets.values())
    assert world.directory.passwords_ever_issued == 1
    assert faults.calls.count("vault store") == (1 if last_call == "vault store" else 0)
    await world.settle()
    assert len(app.passwords) == 2
    assert all(len(versions) == 1 for versions in world.vault.secrets.values())
    assert breaches(world) == []


class _Stall(Faults):
    """Something happens while the answer of the first call of this name is on its way."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.meanwhile: Callable[[], None] = lambda: None

    async def call[R](self, name: str, effect: Callable[[], R]) -> R:
        answer = await super().call(name, effect)
        if name == self._name and self.calls.count(name) == 1:
            self.meanwhile()
        return answer


def _take_over(world: World) -> None:
    """The lease runs out, and another attempt takes it."""
    world.clock.advance(timedelta(minutes=2))
    world.leases.holders["adt-client-dev"] = FakeLease(world.leases, "adt-client-dev")


def _assert_registered(world: World, what: str) -> None:
    assert breaches(world) == [], what
    assert {a["data"]["status"] for a in world.queues.answers} == {"completed"}, what
    (app,) = world.directory.applications.values()
    assert len(world.directory.principals) == 1, what
    assert len(app.passwords) == 1, what
    assert world.cleanups.rows == {}, what
    assert world.operations.unsettled == {}, what
