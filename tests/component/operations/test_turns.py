"""Whoever has requests enough under way lines up, and everybody else is served at once."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import ThrottledError
from shared.model.directory import SeenApplication
from shared.model.operation import Operation, State
from shared.operations.turns import OTHERS_TURN, Turns
from tests.component.rotating import rotation_of
from tests.fakes.clock import FakeClock
from tests.fakes.faults import Moment, WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example

AT_ONCE = 2
ADA, GRACE = "ada@contoso.example", "grace@contoso.example"


class Held:
    """A world whose directory answers only once it is let: attempts are under way until then."""

    def __init__(self) -> None:
        self.world = World()
        self.tasks: list[asyncio.Task[None]] = []
        self._let = asyncio.Event()
        read: Callable[[str], Any] = self.world.directory.application

        async def application(unique_name: str) -> SeenApplication | None:
            await self._let.wait()
            return await read(unique_name)

        self.world.directory.application = application  # pyright: ignore[reportAttributeAccessIssue]  a double of a double

    async def send(self, request_id: str, who: str, **changes: Any) -> None:
        """Have a request delivered, and go on while its attempt is under way."""
        application = example()["application"] | {"uniqueName": request_id.lower()}
        await self.begin(self.world.send(example(requestId=request_id, requestedBy=who, application=application)))

    async def work(self) -> None:
        """Have everything delivered that is on the work queue, however long it is to wait there."""
        messages, self.world.queues.work[:] = list(self.world.queues.work), []
        for due, _, operation_id, generation in messages:
            self.world.clock.advance(max(due - self.world.clock.now(), timedelta(0)))
            await self.begin(self.world.execution.run(operation_id, generation))

    async def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done, and go on when it waits for the directory."""
        self.tasks.append(asyncio.ensure_future(work))
        for _ in range(100):
            await asyncio.sleep(0)

    async def let_go(self) -> None:
        """Let the directory answer, and everything end."""
        self._let.set()
        await asyncio.gather(*self.tasks)
        await self.world.settle()

    def found(self, request_id: str) -> Operation:
        (one,) = (each for each in self.world.operations.all() if each.request.request_id == request_id)
        return one

    def running(self) -> set[str]:
        return {each.request.request_id for each in self.world.operations.all() if each.state is State.RUNNING}


async def test_the_next_of_a_requester_lines_up_and_anothers_begins() -> None:
    held = Held()
    for number in range(5):
        await held.send(f"ADA-{number}", ADA if number % 2 else ADA.upper())
    await held.send("GRACE-1", GRACE)
    assert held.running() == {"ADA-0", "GRACE-1"}
    waiting = [held.found(f"ADA-{number}") for number in range(1, 5)]
    assert {(each.state, each.reason, each.attempts) for each in waiting} == {(State.WAITING, OTHERS_TURN, 0)}
    moments = [each.next_attempt for each in waiting if each.next_attempt is not None]
    assert moments == sorted(set(moments)), "one behind the other"
    await held.let_go()
    assert {answer["data"]["status"] for answer in held.world.queues.answers} == {"completed"}
    assert breaches(held.world) == []


async def test_no_more_of_a_requester_are_under_way_than_leave_a_hand_free() -> None:
    held = Held()
    for number in range(6):
        await held.send(f"ADA-{number}", ADA)
    await held.work()
    assert len(held.running()) == AT_ONCE
    await held.work()
    assert len(held.running()) == AT_ONCE
    await held.let_go()
    assert len(held.world.queues.answers) == 6


@pytest.mark.parametrize("error", [WorkerDied(), ThrottledError("wait", timedelta(seconds=5)), ValueError("a defect")])
async def test_whose_attempt_ends_otherwise_has_their_turn_back(error: BaseException) -> None:
    world = World()
    world.faults.next("graph application", "before", error)
    await world.run(example(requestId="ADA-1"))
    application = example()["application"] | {"uniqueName": "another"}
    await world.send(example(requestId="ADA-2", application=application))
    (second,) = (each for each in world.operations.all() if each.request.request_id == "ADA-2")
    assert (second.state, second.attempts) == (State.COMPLETED, 1)


async def test_one_that_lines_up_is_not_lost_with_its_worker() -> None:
    """It dies before and after every call that bringing a second request into line makes."""
    held = Held()
    await held.send("ADA-0", ADA)
    before = len(held.world.faults.calls)
    await held.send("ADA-1", ADA)
    calls = range(before, len(held.world.faults.calls))
    assert held.world.faults.calls[calls[-1]] == "queue work"
    await held.let_go()
    moments: tuple[Moment, ...] = ("before", "after")
    for index in calls:
        for moment in moments:
            await _die_at(index, moment)


async def _die_at(index: int, moment: Moment) -> None:
    held = Held()
    await held.send("ADA-0", ADA)
    held.world.faults.at(index, moment, WorkerDied())
    await held.send("ADA-1", ADA)
    assert held.world.deaths == 1
    await held.let_go()
    assert held.found("ADA-1").state is State.COMPLETED
    assert [each["data"]["requestId"] for each in held.world.queues.answers].count("ADA-1") == 1
    assert breaches(held.world) == []


async def test_a_leaked_credential_does_not_wait_behind_its_owners_other_requests() -> None:
    held = Held()
    for number in range(9):
        await held.send(f"ADA-{number}", ADA)
    revocation = rotation_of("client-secret", "LEAKED", revokePrevious={"within": "PT10M"})
    await held.begin(held.world.send(revocation))
    first, others = held.found("LEAKED").next_attempt, [held.found(f"ADA-{n}").next_attempt for n in range(2, 9)]
    assert first is not None
    assert all(each is not None and first < each for each in others)
    await held.let_go()


def test_a_line_is_as_long_as_attempts_take_and_ends_with_its_last() -> None:
    clock = FakeClock()
    turns, begun = Turns(clock.now, AT_ONCE), clock.now()
    for _ in range(50):
        with turns.attempt("a"):
            clock.advance(timedelta(seconds=8))
    now = clock.now()
    assert now > begun
    first, second = turns.line_up("a"), turns.line_up("a")
    assert timedelta(seconds=3) < first - now < timedelta(seconds=5)
    assert second - first == first - now
    assert not turns.may_begin("a", alone=True)
    assert turns.may_begin("b", alone=True)
    clock.advance(second - now)
    assert turns.may_begin("a", alone=True)
