"""A failed request, tried again: one more generation, one more final answer, still one app and one secret."""

from datetime import timedelta

import pytest

from shared.core.errors import NotFailedError, NotFoundError, UnavailableError
from tests.fakes.world import World, example


async def failed_world() -> World:
    world = World()
    world.directory.secret_delay = timedelta(days=30)
    answer = await world.run(example())
    assert answer["data"]["status"] == "failed"
    world.directory.secret_delay = timedelta(0)
    for password in world.directory.applications["adt-client-dev"].passwords.values():
        password.active_from = world.clock.now()
    return world


async def test_a_replay_is_a_new_generation_with_an_answer_of_its_own() -> None:
    world = await failed_world()
    (operation,) = world.operations.all()
    replayed = await world.registrar.replays.replay(operation.id)
    await world.settle()
    assert replayed.generation == 2
    first, second = world.queues.answers
    assert (first["data"]["status"], second["data"]["status"]) == ("failed", "completed")
    assert first["id"] != second["id"]
    assert world.queues.poison == []
    (now,) = world.operations.all()
    assert [(e.generation, e.state, e.reason) for e in now.earlier] == [(1, "failed", "not_yet_visible")]
    assert world.directory.passwords_ever_issued == 1


async def test_a_replay_whose_message_was_never_sent_is_carried_on() -> None:
    world = await failed_world()
    (operation,) = world.operations.all()
    world.faults.next("table save", "after", UnavailableError("the answer was lost"))
    with pytest.raises(UnavailableError):
        await world.registrar.replays.replay(operation.id)
    await world.settle()
    assert [answer["data"]["status"] for answer in world.queues.answers] == ["failed", "completed"]


async def test_all_failures_of_one_reason_are_replayed_and_no_other() -> None:
    world = await failed_world()
    assert await world.registrar.replays.replay_all("registrar_lacks_permission") == []
    assert [r.generation for r in await world.registrar.replays.replay_all("not_yet_visible")] == [2]
    await world.settle()
    assert world.queues.answers[-1]["data"]["status"] == "completed"


async def test_what_did_not_fail_is_not_replayed() -> None:
    world = World()
    await world.run(example())
    (operation,) = world.operations.all()
    with pytest.raises(NotFailedError):
        await world.registrar.replays.replay(operation.id)
    with pytest.raises(NotFoundError):
        await world.registrar.replays.replay("0" * 32)
    assert len(world.queues.answers) == 1


async def test_a_replayed_change_that_was_overtaken_is_superseded() -> None:
    world = await failed_world()
    (operation,) = world.operations.all()
    newer = example(requestId="NEWER")
    newer["application"]["displayName"] = "Newer"
    await world.run(newer)
    await world.registrar.replays.replay(operation.id)
    await world.settle()
    assert [error["code"] for error in world.queues.answers[-1]["data"]["errors"]] == ["superseded"]
    assert world.directory.applications["adt-client-dev"].state.display_name == "Newer"


async def test_a_message_of_an_earlier_generation_does_nothing() -> None:
    world = await failed_world()
    (operation,) = world.operations.all()
    await world.registrar.replays.replay(operation.id)
    await world.execution.run(operation.id, 1)
    (now,) = world.operations.all()
    assert (now.generation, now.attempts) == (2, 0)
