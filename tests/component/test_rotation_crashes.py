"""The worker dies, or an answer is lost, around every call of a rotation; what clients read signs in all the time."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from shared.errors import Throttled, Unavailable
from tests.component.test_rotation import PENDING, SECRET, days, keys, registered, rotation, signing_in
from tests.fakes.faults import Moment, WorkerDied
from tests.fakes.invariants import breaches, unusable
from tests.fakes.world import World

type Course = Callable[[World], Awaitable[None]]
LAG = timedelta(seconds=45)


async def asked_for(world: World) -> None:
    """The owner asks for a rotation."""
    await world.send(rotation())


async def revoked(world: World) -> None:
    """The owner asks for one, because the secret has leaked."""
    await world.send(rotation(revokePrevious={"within": "PT45M"}))


async def swept(world: World) -> None:
    """A sweep finds it due; and, a week later, the end of the overlap."""
    await world.timers()
    await world.go_on(timedelta(minutes=2))
    await days(world, 9)


async def due(course: Course) -> World:
    """A world just before the course begins."""
    world = await registered()
    if course is swept:
        world.clock.advance(timedelta(days=150))
    return world


async def calls_of(course: Course) -> tuple[int, list[str]]:
    world = await due(course)
    before = len(world.faults.calls)
    await course(world)
    return before, world.faults.calls[before:]


async def see_through(world: World, course: Course) -> None:
    await course(world)
    await world.settle()
    # What was lost with a message comes back with a later sweep.
    await days(world, 2)
    await world.settle()


def assert_rotated(world: World, what: str, *, retired: bool) -> None:
    assert breaches(world) == [], what
    assert unusable(world, [SECRET]) == [], what
    newest = world.vault.secrets[SECRET][-1].entry.tags
    assert newest["previousKeyId"], what
    assert newest["keyId"] in keys(world), what
    assert len(keys(world)) == (1 if retired else 2), what
    assert all(signing_in(world)), what
    assert not any(version.entry.enabled for version in world.vault.secrets[PENDING]), what
    assert world.cleanups.rows == {}, what
    assert world.operations.unsettled == {}, what
    assert len(world.due.rows) == 1, what
    assert len({event["id"] for event in world.queues.events if "rotated" in event["type"]}) == 1, what


COURSES = [(asked_for, False), (revoked, True), (swept, True)]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("course", "retired"), COURSES)
async def test_a_worker_that_dies_at_any_call_leaves_one_new_secret(
    course: Course, retired: bool, moment: Moment
) -> None:
    first, calls = await calls_of(course)
    assert {"graph add_password", "vault store", "vault disable", "entra token"} <= set(calls)
    for index, call in enumerate(calls, first):
        world = await due(course)
        world.faults.at(index, moment, WorkerDied())
        await see_through(world, course)
        assert_rotated(world, f"died {moment} call {index}, {call}", retired=retired)


@pytest.mark.parametrize("lag", [timedelta(0), LAG])
@pytest.mark.parametrize(("course", "retired"), COURSES)
async def test_a_lost_answer_at_any_call_leaves_one_new_secret(course: Course, retired: bool, lag: timedelta) -> None:
    first, calls = await calls_of(course)
    for index, call in enumerate(calls, first):
        world = await due(course)
        world.directory.lag = lag
        world.faults.at(index, "after", Unavailable("connection lost"))
        await see_through(world, course)
        assert_rotated(world, f"answer lost after call {index}, {call}", retired=retired)


@pytest.mark.parametrize(("course", "retired"), COURSES)
async def test_throttling_at_any_call_loses_nothing(course: Course, retired: bool) -> None:
    first, calls = await calls_of(course)
    for index, call in enumerate(calls, first):
        if not call.startswith(("graph", "vault", "entra")):
            continue
        world = await due(course)
        world.faults.at(index, "before", Throttled("busy", timedelta(seconds=40)))
        await see_through(world, course)
        assert_rotated(world, f"throttled at call {index}, {call}", retired=retired)
