"""The worker dies, or an answer is lost, around every call of a rotation; what clients read signs in all the time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import ModuleType

import pytest

from shared.core.errors import ThrottledError, UnavailableError
from tests.component import rotating_secrets
from tests.component.credentials import test_certificates
from tests.component.rotating_secrets import days
from tests.fakes.faults import Moment, WorkerDied
from tests.fakes.invariants import breaches, unusable
from tests.fakes.world import World

LAG = timedelta(seconds=45)


@dataclass(frozen=True)
class Kind:
    """What kind of credential is replaced: how it comes to be there is in a module of its own."""

    tests: ModuleType
    writes: frozenset[str]
    """What every rotation of it does at least once."""


SECRET = Kind(rotating_secrets, frozenset({"graph add_password", "vault store", "vault disable", "entra token"}))
CERTIFICATE = Kind(
    test_certificates,
    frozenset({"vault make_certificate", "graph write_keys", "vault import_certificate", "vault disable"}),
)

type Act = Callable[[Kind, World], Awaitable[None]]


async def asked_for(kind: Kind, world: World) -> None:
    """The owner asks for a rotation."""
    await world.send(kind.tests.rotation())


async def revoked(kind: Kind, world: World) -> None:
    """The owner asks for one, because the credential has leaked."""
    await world.send(kind.tests.rotation(revokePrevious={"within": "PT45M"}))


async def swept(_: Kind, world: World) -> None:
    """A sweep finds it due; and, a week later, the end of the overlap."""
    await world.timers()
    await world.go_on(timedelta(minutes=2))
    await days(world, 9)


@dataclass(frozen=True)
class Course:
    """One way to replace one kind of credential."""

    kind: Kind
    act: Act
    is_retired: bool
    """Whether the old one is gone at its end."""

    @property
    def run(self) -> Callable[[World], Awaitable[None]]:
        return partial(self.act, self.kind)

    def __str__(self) -> str:
        return f"{self.kind.tests.CREDENTIAL}-{getattr(self.act, '__name__', '')}"

    async def due(self) -> World:
        """A world just before the course begins."""
        world: World = await self.kind.tests.registered()
        if self.act is swept:
            world.clock.advance(timedelta(days=150))
        return world

    async def calls(self) -> tuple[int, list[str]]:
        world = await self.due()
        before = len(world.faults.calls)
        await self.run(world)
        return before, world.faults.calls[before:]

    async def see_through(self, world: World) -> None:
        await self.run(world)
        await world.settle()
        # What was lost with a message comes back with a later sweep.
        await days(world, 2)
        await world.settle()

    def assert_rotated(self, world: World, what: str) -> None:
        tests = self.kind.tests
        keys, signing_in = tests.keys(world), tests.signing_in(world)
        assert breaches(world) == [], what
        assert unusable(world, [tests.SECRET]) == [], what
        newest = world.vault.secrets[tests.SECRET][-1].entry.tags
        assert newest["previousKeyId"], what
        assert newest["keyId"] in keys, what
        assert len(keys) == (1 if self.is_retired else 2), what
        assert all(signing_in), what
        assert not any(version.entry.enabled for version in world.vault.secrets[tests.PENDING]), what
        assert world.cleanups.rows == {}, what
        assert world.operations.unsettled == {}, what
        assert len(world.due.rows) == 1, what
        assert len({event["id"] for event in world.queues.events if "rotated" in event["type"]}) == 1, what


COURSES = [
    Course(kind, act, is_retired)
    for kind in (SECRET, CERTIFICATE)
    for act, is_retired in ((asked_for, False), (revoked, True), (swept, True))
]
every_course = pytest.mark.parametrize("course", COURSES, ids=str)


@pytest.mark.parametrize("moment", ["before", "after"])
@every_course
async def test_a_worker_that_dies_at_any_call_leaves_one_new_credential(course: Course, moment: Moment) -> None:
    first, calls = await course.calls()
    assert course.kind.writes <= set(calls)
    for index, call in enumerate(calls, first):
        world = await course.due()
        world.faults.at(index, moment, WorkerDied())
        await course.see_through(world)
        course.assert_rotated(world, f"died {moment} call {index}, {call}")


@pytest.mark.parametrize("lag", [timedelta(0), LAG])
@every_course
async def test_a_lost_answer_at_any_call_leaves_one_new_credential(course: Course, lag: timedelta) -> None:
    first, calls = await course.calls()
    for index, call in enumerate(calls, first):
        world = await course.due()
        world.directory.lag = lag
        world.faults.at(index, "after", UnavailableError("connection lost"))
        await course.see_through(world)
        course.assert_rotated(world, f"answer lost after call {index}, {call}")


@every_course
async def test_throttling_at_any_call_loses_nothing(course: Course) -> None:
    first, calls = await course.calls()
    for index, call in enumerate(calls, first):
        if not call.startswith(("graph", "vault", "entra")):
            continue
        world = await course.due()
        world.faults.at(index, "before", ThrottledError("busy", timedelta(seconds=40)))
        await course.see_through(world)
        course.assert_rotated(world, f"throttled at call {index}, {call}")
