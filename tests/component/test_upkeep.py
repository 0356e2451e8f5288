"""What timers look after: lost messages, lost secrets, and what the host gave up on."""

import json
from datetime import timedelta

import pytest

from shared.core.naming import POISON_QUEUE, WORK_POISON_QUEUE, credential_display_name
from shared.model.directory import ApplicationState
from shared.ports import Cleanup, CreatedApplication, PoisonedMessage
from tests.fakes.clock import START
from tests.fakes.faults import WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example


def given_up(text: str, queue: str = POISON_QUEUE) -> PoisonedMessage:
    return PoisonedMessage(queue, "message-x", "receipt", text, START)


async def test_an_operation_whose_message_was_lost_is_sent_again() -> None:
    world = World()
    world.directory.secret_delay = timedelta(seconds=30)
    await world.send(example())
    world.queues.work.clear()
    world.clock.advance(timedelta(minutes=5))
    assert await world.resume_unsettled() == 1
    await world.settle()
    assert world.queues.answers[-1]["data"]["status"] == "completed"


async def test_where_work_piles_up_silence_is_no_sign_of_loss_before_an_hour() -> None:
    world = World()
    world.directory.secret_delay = timedelta(hours=3)
    await world.send(example())
    world.queues.work.clear()
    for _ in range(40):
        await world.queues.send_work("0" * 32, 1)
    world.clock.advance(timedelta(minutes=30))
    assert await world.resume_unsettled() == 0
    world.clock.advance(timedelta(minutes=40))
    assert await world.resume_unsettled() == 1
    (operation,) = world.operations.all()
    assert [sent for *_, sent, _ in world.queues.work].count(operation.id) == 1


async def test_a_clean_up_entry_removes_only_what_its_operation_lost() -> None:
    world = World()
    await world.run(example())
    app = world.directory.applications["adt-client-dev"]
    (operation,) = world.operations.all()
    lost = credential_display_name(operation.id, "lost")
    others = credential_display_name("f" * 32, "of an operation nobody remembers")
    for name in (lost, others, "made by hand"):
        await world.directory.add_password(app.object_id, name, world.clock.now() + timedelta(days=9))
    world.cleanups.rows[("adt-client-dev", operation.id)] = Cleanup(
        "adt-client-dev", operation.id, ("adt-client-dev--client-secret",), world.clock.now()
    )
    assert await world.clean_up() == 0, "a read may still be older than the loss"
    world.clock.advance(timedelta(minutes=6))
    assert await world.clean_up() == 1
    world.clock.advance(timedelta(minutes=6))
    assert await world.clean_up() == 0
    names = {password.credential.display_name for password in app.passwords.values()}
    assert names == {credential_display_name(operation.id, "issued for RITM0010042"), others, "made by hand"}
    assert world.cleanups.rows == {}


async def test_a_value_that_lies_in_a_deleted_vault_secret_is_not_lost() -> None:
    """Whoever recovers the secret shall find a value that signs in."""
    world = World()
    await world.run(example())
    app = world.directory.applications["adt-client-dev"]
    (operation,) = world.operations.all()
    name = "adt-client-dev--client-secret"
    world.vault.deleted[name] = world.vault.secrets.pop(name)
    entry = Cleanup("adt-client-dev", operation.id, (name,), world.clock.now())
    world.cleanups.rows[("adt-client-dev", operation.id)] = entry
    world.clock.advance(timedelta(minutes=6))
    assert await world.clean_up() == 0
    assert len(app.passwords) == 1
    assert world.cleanups.rows == {}


async def test_an_undecodable_message_is_rejected_and_kept() -> None:
    world = World()
    world.queues.given_up.append(given_up("\x00 no json"))
    assert await world.drain_poison_queues() == 1
    (answer,) = world.queues.answers
    assert answer["type"] == "registrar.registration.rejected.v1"
    assert [error["code"] for error in answer["data"]["errors"]] == ["invalid_json"]
    (kept,) = world.queues.poison
    assert (kept["reason"], kept["original"]) == ("given_up_by_host", "\x00 no json")
    assert world.queues.given_up == []


async def test_a_request_that_ends_every_worker_is_answered_failed_once() -> None:
    world = World()

    async def die(unique_name: str, state: ApplicationState) -> CreatedApplication:
        raise WorkerDied

    world.directory.upsert_application = die
    with pytest.raises(AssertionError, match="poisoned"):
        await world.send(example())
    world.queues.given_up.append(given_up(json.dumps(example())))
    await world.drain_poison_queues()
    await world.settle()
    assert world.deaths == 5
    (answer,) = world.queues.answers
    assert (answer["data"]["requestId"], answer["data"]["status"]) == ("RITM0010042", "failed")
    (kept,) = world.queues.poison
    (operation,) = world.operations.all()
    assert (kept["reason"], kept["operationId"]) == ("crash_loop", operation.id)
    assert breaches(world) == []


async def test_what_the_host_gave_up_while_storage_was_away_is_carried_on() -> None:
    """Five failures within a minute say nothing about the request: its record shows no attempt that died."""
    world = World()
    world.directory.secret_delay = timedelta(minutes=20)
    await world.send(example())
    world.queues.work.clear()
    (operation,) = world.operations.all()
    world.queues.given_up += [
        given_up(json.dumps(example())),
        given_up(json.dumps({"operationId": operation.id, "generation": 1}), WORK_POISON_QUEUE),
    ]
    assert await world.drain_poison_queues() == 2
    await world.settle()
    assert [answer["data"]["status"] for answer in world.queues.answers] == ["completed"]
    assert world.queues.poison == []
    assert breaches(world) == []


async def test_a_reused_request_id_that_the_host_gave_up_on_is_answered() -> None:
    world = World()
    await world.run(example())
    other = example(requestedBy="mallory@contoso.com")
    world.queues.given_up.append(given_up(json.dumps(other)))
    await world.drain_poison_queues()
    assert [error["code"] for error in world.queues.answers[-1]["data"]["errors"]] == ["request_id_reused"]


async def test_what_is_answered_already_gets_the_same_answer_again() -> None:
    world = World()
    await world.run(example())
    world.queues.given_up.append(given_up(json.dumps(example())))
    await world.drain_poison_queues()
    assert len({answer["id"] for answer in world.queues.answers}) == 1
    assert world.queues.poison == []
    assert breaches(world) == []


async def test_a_proper_request_without_a_record_is_taken_up() -> None:
    world = World()
    world.queues.given_up.append(given_up(json.dumps(example())))
    await world.drain_poison_queues()
    await world.settle()
    assert [answer["data"]["status"] for answer in world.queues.answers] == ["completed"]
    assert world.queues.given_up == []
    assert breaches(world) == []
