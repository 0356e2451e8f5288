"""The queues behind the port `Queues`, over Azurite."""

import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import uuid4

import pytest
from azure.storage.queue.aio import QueueClient

from devstack.azurite import Azurite
from shared.adapters.storage.account import Storage
from shared.adapters.storage.queues import LONGEST_DELAY, StorageQueues
from shared.model.kept import kept_message
from tests.contract.adapters.stores import storage_account, storage_queues
from tests.devstack.doubles.local import Local

WORK, RESULTS = "app-registration-work", "app-registration-results"
ROTATIONS, UPDATES = "credential-rotations", "ticket-updates"
POISON, WORK_POISON = "app-registrations-poison", "app-registration-work-poison"


@pytest.fixture
async def storage(registrar: Local, azurite: Azurite) -> AsyncGenerator[Storage]:
    """The account, its queues empty."""
    async with storage_account(azurite) as storage:
        for queue in (WORK, ROTATIONS, UPDATES, RESULTS, POISON, WORK_POISON):
            await storage.queues.get_queue_client(queue).clear_messages()
        yield storage


@pytest.fixture
def queues(storage: Storage) -> StorageQueues:
    return storage_queues(storage)


async def visible(client: QueueClient) -> list[str]:
    return [message.content for message in await client.peek_messages(32)]


async def test_work_appears_when_its_delay_is_over(queues: StorageQueues, storage: Storage, registrar: Local) -> None:
    work = storage.queues.get_queue_client(WORK)
    operation_id = uuid4().hex
    await queues.send_work(operation_id, 2, timedelta(seconds=600))
    assert await visible(work) == []
    registrar.world.clock.advance(timedelta(seconds=601))
    (text,) = await visible(work)
    assert json.loads(text) == {"schemaVersion": "1", "operationId": operation_id, "generation": 2}


async def test_a_rotation_appears_when_its_delay_is_over(
    queues: StorageQueues, storage: Storage, registrar: Local
) -> None:
    rotations = storage.queues.get_queue_client(ROTATIONS)
    await queues.send_rotation('{"a": "ü"}', timedelta(seconds=60))
    assert await visible(rotations) == []
    registrar.world.clock.advance(timedelta(seconds=61))
    assert await visible(rotations) == ['{"a": "ü"}']


async def test_a_ticket_update_is_a_reference_that_appears_when_its_delay_is_over(
    queues: StorageQueues, storage: Storage, registrar: Local
) -> None:
    updates = storage.queues.get_queue_client(UPDATES)
    await queues.send_ticket_update("f" * 32, timedelta(seconds=60))
    assert await visible(updates) == []
    registrar.world.clock.advance(timedelta(seconds=61))
    (text,) = await visible(updates)
    assert json.loads(text) == {"schemaVersion": "1", "updateId": "f" * 32}


async def test_work_never_expires_and_no_delay_is_longer_than_the_service_takes(
    queues: StorageQueues, storage: Storage, registrar: Local
) -> None:
    work = storage.queues.get_queue_client(WORK)
    await queues.send_work(uuid4().hex, 1, timedelta(days=30))
    registrar.world.clock.advance(LONGEST_DELAY + timedelta(seconds=1))
    (message,) = await work.peek_messages(32)
    assert message.expires_on is not None
    assert message.expires_on.year == 9999


async def test_an_answer_is_sent_as_it_is(queues: StorageQueues, storage: Storage) -> None:
    answer = '{"id": "1",  "text": "<&> ä"}'
    await queues.send_answer(answer)
    assert await visible(storage.queues.get_queue_client(RESULTS)) == [answer]


async def test_what_the_host_poisoned_is_told_from_what_we_did(queues: StorageQueues, storage: Storage) -> None:
    ours = kept_message("r", "no JSON")
    await queues.send_poison(ours)
    assert [message async for message in queues.host_poisoned()] == []
    await storage.queues.get_queue_client(POISON).send_message("not JSON")
    await storage.queues.get_queue_client(WORK_POISON).send_message('{"operationId": "1"}')
    found = [message async for message in queues.host_poisoned()]
    assert [(message.queue, message.text) for message in found] == [
        (POISON, "not JSON"),
        (WORK_POISON, '{"operationId": "1"}'),
    ]
    for message in (*found, *found):
        await queues.remove_poisoned(message)
    assert await visible(storage.queues.get_queue_client(WORK_POISON)) == []


async def test_what_the_host_poisoned_is_found_behind_any_number_of_ours(
    queues: StorageQueues, storage: Storage
) -> None:
    """The service shows 32 messages at a time, and ours stay until a person takes them."""
    ours = kept_message("r", "no JSON")
    for _ in range(33):
        await queues.send_poison(ours)
    await storage.queues.get_queue_client(POISON).send_message("not JSON")
    assert [message.text async for message in queues.host_poisoned()] == ["not JSON"]


@pytest.mark.parametrize(
    "message",
    [json.dumps({**json.loads(kept_message("r", "x")), "DequeueCount": "x"}), '{"original": ' + "[" * 20_000],
    ids=["imitates ours", "deeply nested"],
)
async def test_what_a_sender_made_up_is_not_taken_for_ours(
    queues: StorageQueues, storage: Storage, message: str
) -> None:
    await storage.queues.get_queue_client(POISON).send_message(message)
    assert [found.text async for found in queues.host_poisoned()] == [message]
