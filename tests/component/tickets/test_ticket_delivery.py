"""Every answer leads to one note in its ticket, whatever dies or is away; and no ticket waits for another's system."""

from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import (
    ForbiddenError,
    NotFailedError,
    NotFoundError,
    NotShownError,
    RefusedError,
    RegistrarError,
    ThrottledError,
    UnavailableError,
)
from shared.core.naming import TICKET_UPDATES_POISON_QUEUE
from shared.model.ticket_update import UpdateState
from shared.ports import PoisonedMessage
from shared.tickets.delivery import replay_update
from tests.component.ticketing import Stage, asked
from tests.fakes.clock import START
from tests.fakes.faults import Moment, WorkerDied

DAY = timedelta(days=1)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_worker_that_dies_at_any_call_leaves_one_note(moment: Moment) -> None:
    first = Stage()
    await first.world.run(asked())
    calls = first.world.faults.calls
    begin = calls.index("table relist update")
    for index in range(begin, len(calls)):
        stage = Stage()
        stage.world.faults.at(index, moment, WorkerDied())
        await stage.world.send(asked())
        await stage.world.settle()
        what = f"died {moment} call {index}, {calls[index]}"
        assert (len(stage.texts()), stage.world.deaths) == (1, 1), what
        assert stage.servicenow.states["SYS1"] == ["completed"], what
        assert stage.updates() == [UpdateState.DONE], what


async def test_a_lost_answer_at_any_call_leaves_one_note() -> None:
    first = Stage()
    await first.world.run(asked())
    calls = first.world.faults.calls
    for index in range(calls.index("table relist update"), len(calls)):
        stage = Stage()
        stage.world.faults.at(index, "after", UnavailableError("connection lost"))
        await stage.world.send(asked())
        await stage.world.settle()
        what = f"answer lost after call {index}, {calls[index]}"
        assert len(stage.texts()) == 1, what
        assert stage.servicenow.states["SYS1"] == ["completed"], what
        assert stage.updates() == [UpdateState.DONE], what


async def test_two_deliveries_at_once_write_one_note() -> None:
    stage = Stage()
    await stage.world.send(asked())
    (update_id,) = stage.world.ticket_updates.rows
    during = stage.servicenow.add_note

    async def tell(ticket: str, note: Any) -> None:
        stage.servicenow.add_note = during
        await stage.world.updating.run(update_id)
        await during(ticket, note)

    stage.servicenow.add_note = tell
    await stage.world.settle()
    assert len(stage.texts()) == 1


async def test_a_message_that_was_lost_is_replaced() -> None:
    stage = Stage()
    await stage.world.send(asked())
    stage.world.queues.ticket_updates.clear()
    assert await stage.world.resume_updates() == 0
    await stage.world.settle()
    assert len(stage.texts()) == 1


async def test_a_system_that_is_away_for_an_hour_is_told_once_it_is_back() -> None:
    stage = Stage()
    for number in range(1, 9):
        request = asked(number)
        request["application"]["uniqueName"] = f"app-{number}"
        await stage.world.send(request)
    stage.servicenow.failing = UnavailableError("no answer", sent=False)
    await stage.world.go_on(timedelta(hours=1))
    assert set(stage.updates()) == {UpdateState.WAITING}
    attempts = [update.attempts for update in stage.world.ticket_updates.all()]
    assert sum(attempts) < 60, "one that is away is not asked by each of its updates"
    stage.servicenow.failing = None
    await stage.world.settle()
    assert [len(stage.texts(f"SYS{number}")) for number in range(1, 9)] == [1] * 8
    assert stage.world.clock.now() < START + timedelta(hours=4)
    assert stage.world.queues.poison == []


async def test_a_system_that_is_away_keeps_nobody_else_waiting() -> None:
    stage = Stage()
    asked_for = 0

    async def silence(ticket: str, note: Any) -> bool:
        nonlocal asked_for
        asked_for += 1
        stage.world.clock.advance(timedelta(seconds=30))
        raise UnavailableError("no answer")

    stage.servicenow.has_note = silence
    for number in range(1, 60):
        request = asked(number)
        request["application"]["uniqueName"] = f"app-{number}"
        await stage.world.send(request)
    await stage.world.go_on(timedelta(minutes=20))
    assert asked_for < 12, "twenty minutes have forty turns of half a minute"
    for number in (97, 98, 99):
        request = asked(number, source="jira")
        request["application"]["uniqueName"] = f"app-{number}"
        await stage.world.send(request)
        await stage.world.go_on(timedelta(minutes=1))
        assert len(stage.jira.notes[f"SYS{number}"]) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UnavailableError("no answer"), "service_unavailable"),
        (ThrottledError("busy", timedelta(seconds=90)), "throttled"),
        (ForbiddenError("answered 403"), "registrar_lacks_permission"),
        (RefusedError("answered 404"), "refused"),
        (RuntimeError("a defect"), "unexpected_RuntimeError"),
    ],
)
async def test_after_a_day_it_is_given_up_and_kept_with_a_reason(error: Exception, reason: str) -> None:
    stage = Stage()
    stage.servicenow.failing = error
    await stage.world.send(asked())
    await stage.world.go_on(timedelta(hours=23))
    assert stage.world.queues.poison == []
    await stage.world.settle()
    (kept,) = stage.world.queues.poison
    assert kept["reason"].startswith(f"ticket_update_failed: {reason}")
    assert (kept["operationId"], kept["original"]["ticket"]) == (None, "SYS1")
    (update,) = stage.world.ticket_updates.all()
    assert (update.state, update.reason is not None) == (UpdateState.FAILED, True)
    assert 12 < update.attempts < 40
    assert stage.world.clock.now() < START + DAY + timedelta(minutes=10)

    stage.servicenow.failing = None
    await replay_update(stage.world.ticket_updates, stage.world.queues, stage.world.services.runtime, update.id)
    await stage.world.settle()
    assert len(stage.texts()) == 1
    with pytest.raises(NotFailedError):
        await replay_update(stage.world.ticket_updates, stage.world.queues, stage.world.services.runtime, update.id)


async def test_there_is_nothing_to_replay_of_what_nobody_knows() -> None:
    world = Stage().world
    with pytest.raises(NotFoundError):
        await replay_update(world.ticket_updates, world.queues, world.services.runtime, "f" * 32)


async def test_whoever_mends_a_right_within_the_day_has_it_told() -> None:
    stage = Stage()
    stage.servicenow.failing = ForbiddenError("answered 403")
    await stage.world.send(asked())
    await stage.world.go_on(timedelta(hours=5))
    stage.servicenow.failing = None
    await stage.world.settle()
    assert len(stage.texts()) == 1


async def test_a_note_that_was_taken_and_does_not_show_is_not_written_twice() -> None:
    stage = Stage()
    written: list[str] = []

    async def tell(ticket: str, note: Any) -> None:
        written.append(ticket)
        raise NotShownError("it does not show")

    stage.servicenow.add_note = tell
    await stage.world.run(asked())
    assert written == ["SYS1"]
    (kept,) = stage.world.queues.poison
    assert kept["reason"].startswith("ticket_update_failed: note_not_shown")


async def test_a_note_that_shows_late_is_fine() -> None:
    stage = Stage()
    during = stage.servicenow.add_note

    async def tell(ticket: str, note: Any) -> None:
        await during(ticket, note)
        raise NotShownError("not yet")

    stage.servicenow.add_note = tell
    await stage.world.run(asked())
    assert (len(stage.texts()), stage.updates()) == (1, [UpdateState.DONE])
    assert stage.world.queues.poison == []


async def test_an_update_that_ends_every_worker_is_given_up() -> None:
    stage = Stage()

    async def tell(ticket: str, note: Any) -> None:
        raise WorkerDied

    stage.servicenow.add_note = tell
    await stage.world.send(asked())
    for _ in range(20):
        for update_id in list(stage.world.ticket_updates.waiting):
            try:
                await stage.world.updating.run(update_id)
            except WorkerDied:
                stage.world.deaths += 1
            stage.world.clock.advance(timedelta(minutes=6))
    assert (stage.world.deaths, stage.updates()) == (5, [UpdateState.FAILED])
    (kept,) = stage.world.queues.poison
    assert kept["reason"].startswith("ticket_update_failed: crash_loop")


async def test_the_host_giving_up_a_reference_loses_nothing() -> None:
    stage = Stage()
    await stage.world.send(asked())
    (update_id,) = stage.world.ticket_updates.rows
    for text in (f'{{"updateId": "{update_id}"}}', '{"updateId": "unknown"}', "no json"):
        given_up = PoisonedMessage(TICKET_UPDATES_POISON_QUEUE, "m", "r", text, START)
        stage.world.queues.given_up.append(given_up)
    await stage.world.drain_poison_queues()
    assert [kept["original"] for kept in stage.world.queues.poison] == ['{"updateId": "unknown"}', "no json"]
    await stage.world.settle()
    assert len(stage.texts()) == 1


@pytest.mark.parametrize("error", [UnavailableError("lost"), ThrottledError("busy")])
async def test_storage_that_is_away_only_delays(error: RegistrarError) -> None:
    stage = Stage()
    stage.world.faults.next("table save update", "before", error)
    await stage.world.run(asked())
    assert len(stage.texts()) == 1
