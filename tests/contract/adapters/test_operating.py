"""What operators do with messages, over both brokers: look, remove exactly one, and move what is left."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from azure.core.exceptions import AzureError, ServiceRequestError
from azure.identity.aio import ClientSecretCredential
from azure.servicebus import ServiceBusMessage

from devstack.azurite import Azurite
from queues import kept as kept_messages
from queues.broker import Broker, BrokerName, Kind, NotCarriedError
from queues.given_up import given_up_on
from queues.move import Moved, move
from queues.opening import open_broker
from shared.core.naming import (
    DECISIONS_QUEUE,
    EVENTS_QUEUE,
    INTAKE_QUEUE,
    POISON_QUEUE,
    RESULTS_QUEUE,
    ROTATIONS_QUEUE,
    TICKET_UPDATES_QUEUE,
    WEBHOOK_REQUESTS_QUEUE,
    WORK_QUEUE,
)
from shared.model.kept import kept_message
from shared.ports import Queues
from tests.contract.adapters.operating import Operated, everything, operated, place, settings, texts
from tests.devstack.doubles.local import Local

A, B = "a" * 32, "b" * 32


@pytest.fixture
async def both(registrar: Local, azurite: Azurite) -> AsyncGenerator[Operated]:
    """Both brokers, empty."""
    async with operated(registrar, azurite) as brokers:
        yield brokers


@pytest.fixture(params=["storage", "servicebus"])
def one(request: pytest.FixtureRequest, both: Operated) -> tuple[Broker, Queues]:
    """Each of the two that an operator must not tell apart."""
    return both.of(request.param)


def kept(operation_id: str, generation: int) -> str:
    message = {"schemaVersion": "1", "reason": "throttled", "operationId": operation_id, "generation": generation}
    return json.dumps(message | {"attempts": 3, "original": {"application": {"uniqueName": "app"}}})


async def moved(run: AsyncIterator[Moved]) -> dict[str, Moved]:
    return {each.place: each async for each in run if each.moved or each.left != 0 or each.problem}


async def give_up(both: Operated, queue: str, text: str) -> None:
    """Have the host give up on a message of the Service Bus namespace."""
    async with both.administrator.get_queue_sender(queue) as sender:
        await sender.send_messages(ServiceBusMessage(text))
    async with both.administrator.get_queue_receiver(queue) as receiver:
        (message,) = await receiver.receive_messages(1, max_wait_time=5)
        await receiver.dead_letter_message(message, reason="MaxDeliveryCountExceeded", error_description="ten times")


async def test_a_look_at_what_is_kept_takes_nothing_and_hides_nothing(one: tuple[Broker, Queues]) -> None:
    broker, app = one
    for text in (kept(A, 1), kept(B, 1), kept_message("given_up_by_host", "no JSON")):
        await app.send_poison(text)
    for _ in range(2):
        found, more = await kept_messages.look(broker, everything=False)
        assert more is None
        assert [(each.operation_id, each.reason, each.about) for each in found] == [
            (A, "throttled", "app"),
            (B, "throttled", "app"),
            (None, "given_up_by_host", ""),
        ]
        assert len({each.message.id for each in found}) == 3
        assert all(each.message.since for each in found)
    await app.remove_kept(A, 2)
    assert [each.operation_id for each in (await kept_messages.look(broker, everything=False))[0]] == [B, None]


async def test_exactly_one_kept_message_is_found_and_removed(one: tuple[Broker, Queues]) -> None:
    broker, app = one
    for text in (kept(A, 1), kept(A, 2), kept(A, 3), kept(B, 1)):
        await app.send_poison(text)
    found = await kept_messages.find(broker, A)
    assert [each.generation for each in found] == [1, 2, 3]
    second = found[1]
    assert await kept_messages.find(broker, second.message.id) == [second]
    assert await broker.remove_kept(second.message.id)
    assert not await broker.remove_kept(second.message.id)
    assert sorted(await texts(broker, POISON_QUEUE, Kind.KEPT)) == sorted([kept(A, 1), kept(A, 3), kept(B, 1)])


async def test_on_storage_a_look_says_that_there_is_more_and_everything_is_given_back(both: Operated) -> None:
    for number in range(40):
        await both.on_storage.send_poison(kept(f"{number:032x}", 1))
    found, more = await kept_messages.look(both.storage, everything=False)
    assert (len(found), more) == (32, "queue app-registrations-poison: only 32 of about 40 messages are visible")
    found, more = await kept_messages.look(both.storage, everything=True)
    assert (len(found), more) == (40, None)
    last = await kept_messages.find(both.storage, f"{39:032x}")
    assert await both.storage.remove_kept(last[0].message.id)
    assert len((await kept_messages.look(both.storage, everything=True))[0]) == 39


@pytest.mark.thorough
async def test_what_cannot_be_looked_at_is_no_empty_list(both: Operated, registrar: Local, azurite: Azurite) -> None:
    await both.on_bus.send_poison(kept(A, 1))
    reader = registrar.config.clients["reader"]
    async with (
        ClientSecretCredential(registrar.config.tenant_id, reader.client_id, reader.client_secret) as stranger,
        open_broker(settings(registrar, azurite), BrokerName.SERVICEBUS, stranger) as bus,
    ):
        with pytest.raises(AzureError):
            await kept_messages.look(bus, everything=False)
        told = {each.place: each async for each in move(bus, both.storage)}
        assert told.keys() == {each.name for each in bus.places}
        assert all(each.left is None and each.problem for each in told.values())


async def test_dead_letters_are_listed_with_their_reason(both: Operated) -> None:
    await give_up(both, WORK_QUEUE, '{"no": "work"}')
    found, more = await given_up_on(both.bus)
    assert more == []
    assert [(each.place.name, each.message.text, each.message.reason) for each in found] == [
        (f"{WORK_QUEUE}/$DeadLetterQueue", '{"no": "work"}', "MaxDeliveryCountExceeded: ten times")
    ]


async def test_on_storage_what_the_host_gave_up_on_is_told_from_what_is_kept(both: Operated) -> None:
    await both.on_storage.send_poison(kept(A, 1))
    await both.storage.put(POISON_QUEUE, b"no JSON")
    await both.storage.put(f"{WORK_QUEUE}-poison", b"{}")
    found, _ = await given_up_on(both.storage)
    assert [(each.place.name, each.message.text) for each in found] == [
        (POISON_QUEUE, "no JSON"),
        (f"{WORK_QUEUE}-poison", "{}"),
    ]
    assert [each.operation_id for each in (await kept_messages.look(both.storage, everything=False))[0]] == [A]


EVENT = json.dumps(
    {
        "id": "e1",
        "type": "registrar.registration.completed.v1",
        "subject": "app",
        "data": {"requestId": "RITM1", "source": "servicenow", "status": "completed"},
    }
)


async def fill(app: Queues) -> None:
    """One message of each kind that the app sends."""
    await app.send_work(A, 2)
    await app.send_rotation('{"rotation": "ü"}')
    await app.send_decision('{"decision": 1}')
    await app.send_ticket_update("f" * 32)
    await app.send_proven('{"proven": 1}')
    await app.send_answer(EVENT)
    await app.send_event(EVENT)
    await app.send_poison(kept(A, 1))
    await app.send_poison(kept_message("given_up_by_host", "no JSON"))


SENT = {
    WORK_QUEUE: ['{"schemaVersion": "1", "operationId": "' + A + '", "generation": 2}'],
    ROTATIONS_QUEUE: ['{"rotation": "ü"}'],
    DECISIONS_QUEUE: ['{"decision": 1}'],
    TICKET_UPDATES_QUEUE: ['{"schemaVersion": "1", "updateId": "' + "f" * 32 + '"}'],
    WEBHOOK_REQUESTS_QUEUE: ['{"proven": 1}'],
    RESULTS_QUEUE: [EVENT],
    EVENTS_QUEUE: [EVENT],
}


@pytest.mark.thorough
async def test_one_of_each_kind_is_moved_there_and_back_and_nothing_is_left_or_changed(both: Operated) -> None:
    await fill(both.on_bus)
    expected = await all_properties(both)
    assert expected[RESULTS_QUEUE]["application_properties"]["status"] == "completed"
    for source, target in ((both.bus, both.storage), (both.storage, both.bus)):
        told = await moved(move(source, target))
        assert sum(each.moved for each in told.values()) == 9
        assert {each.left for each in told.values()} == {0}
        assert await everything(source) == {}
        assert {queue: await texts(target, queue) for queue in SENT} == SENT
        assert sorted(await texts(target, POISON_QUEUE, Kind.KEPT)) == sorted(
            [kept(A, 1), kept_message("given_up_by_host", "no JSON")]
        )
        if target is both.storage:
            await both.empty_bus()  # which remembers for an hour which events it had
    assert await all_properties(both) == expected
    assert await moved(move(both.storage, both.bus)) == {}


async def all_properties(both: Operated) -> dict[str, dict[str, Any]]:
    names = (*SENT, POISON_QUEUE)
    return dict(zip(names, await asyncio.gather(*(properties(both, name) for name in names)), strict=True))


async def properties(both: Operated, queue: str) -> dict[str, Any]:
    """What a subscription filters by and a session keeps apart, of the one message of a queue or of an operation."""
    client = both.administrator
    if queue in (RESULTS_QUEUE, EVENTS_QUEUE):
        receiver = client.get_subscription_receiver(queue, "all")
    elif queue == POISON_QUEUE:
        receiver = client.get_queue_receiver(queue, session_id=A)
    else:
        receiver = client.get_queue_receiver(queue)
    async with receiver:
        (message,) = await receiver.peek_messages(8)
    found = {
        name.decode() if isinstance(name, bytes) else name: value
        for name, value in (message.application_properties or {}).items()
    }
    return {
        "application_properties": {name: _plain(value) for name, value in found.items()},
        "subject": message.subject,
        "session_id": message.session_id,
        "correlation_id": message.correlation_id,
        "content_type": message.content_type,
        "message_id": message.message_id if queue == EVENTS_QUEUE else None,
    }


def _plain(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value


async def test_a_delay_is_kept_from_service_bus_to_storage(both: Operated) -> None:
    await both.on_bus.send_work(A, 1, timedelta(minutes=10))
    await both.on_bus.send_work(B, 1, timedelta(days=30))
    told = await moved(move(both.bus, both.storage))
    assert told == {WORK_QUEUE: Moved(WORK_QUEUE, moved=2, left=0)}
    assert await texts(both.storage, WORK_QUEUE) == []
    both.advance(timedelta(minutes=10, seconds=2))
    assert [json.loads(text)["operationId"] for text in await texts(both.storage, WORK_QUEUE)] == [A]
    both.advance(timedelta(days=7))  # the longest that a storage queue can wait; the app then looks and waits again
    assert len(await texts(both.storage, WORK_QUEUE)) == 2


async def test_what_storage_delays_is_left_and_said_to_be_and_moved_when_its_time_has_come(both: Operated) -> None:
    await both.on_storage.send_decision('{"later": 1}', timedelta(minutes=10))
    await both.on_storage.send_decision('{"now": 1}')
    assert await moved(move(both.storage, both.bus)) == {DECISIONS_QUEUE: Moved(DECISIONS_QUEUE, moved=1, left=1)}
    both.advance(timedelta(minutes=10, seconds=2))
    assert await moved(move(both.storage, both.bus)) == {DECISIONS_QUEUE: Moved(DECISIONS_QUEUE, moved=1, left=0)}
    assert await texts(both.bus, DECISIONS_QUEUE) == ['{"now": 1}', '{"later": 1}']


async def test_what_was_given_up_on_gets_a_new_round_of_tries(both: Operated) -> None:
    await give_up(both, INTAKE_QUEUE, "no JSON")
    await moved(move(both.bus, both.storage))
    assert await texts(both.storage, INTAKE_QUEUE) == ["no JSON"]
    await both.storage.put(POISON_QUEUE, b"nor this")
    await both.storage.put(f"{WORK_QUEUE}-poison", b'{"no": "work"}')
    await moved(move(both.storage, both.bus))
    assert sorted(await texts(both.bus, INTAKE_QUEUE)) == ["no JSON", "nor this"]
    assert await texts(both.bus, WORK_QUEUE) == ['{"no": "work"}']
    assert await everything(both.storage) == {}


class _FailsOnce:
    """A broker that fails at the nth message, before or after it has it."""

    def __init__(self, broker: Broker, at: int, *, after: bool) -> None:
        self._broker, self._at, self._after, self._count = broker, at, after, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def put(self, queue: str, body: bytes, due: object = None) -> None:
        self._count += 1
        if self._count == self._at and not self._after:
            raise ServiceRequestError("cut before")
        await self._broker.put(queue, body)
        if self._count == self._at:
            raise ServiceRequestError("cut after")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("direction", ["storage to servicebus", "servicebus to storage"])
async def test_a_move_that_breaks_off_loses_nothing_and_is_repeated(
    both: Operated, direction: str, *, after: bool
) -> None:
    (source, app), (target, _) = (both.of(name) for name in direction.split(" to "))
    ids = [uuid4().hex for _ in range(40)]
    for operation_id in ids:
        await app.send_work(operation_id, 1)
    broken: Any = _FailsOnce(target, 20, after=after)
    told = await moved(move(source, broken))
    assert told[WORK_QUEUE].moved == 19
    assert told[WORK_QUEUE].left is None
    assert "ServiceRequestError" in (told[WORK_QUEUE].problem or "")
    # What was taken and not sent was given back: nobody has to wait until it comes back by itself.
    again = await moved(move(source, target))
    assert again[WORK_QUEUE] == Moved(WORK_QUEUE, moved=21, left=0)
    arrived = [json.loads(each.text)["operationId"] for each in await all_of(target, WORK_QUEUE)]
    assert set(arrived) == set(ids)
    assert len(arrived) == len(ids) + after


async def all_of(broker: Broker, queue: str) -> list[Any]:
    return list((await broker.look(place(broker, queue), everything=True)).messages)


async def test_what_storage_cannot_carry_stays_and_what_is_no_text_goes_in_base64(both: Operated) -> None:
    await both.bus.put(INTAKE_QUEUE, b"x" * 70_000)
    await both.bus.put(INTAKE_QUEUE, '{"a": "ü"}'.encode("utf-16"))
    await both.bus.put(INTAKE_QUEUE, b'{"a": 1}')
    async with both.administrator.get_queue_sender(INTAKE_QUEUE) as sender:
        await sender.send_messages(ServiceBusMessage('{"a": "ü"}'.encode("utf-16")))
    told = await moved(move(both.bus, both.storage))
    assert told[INTAKE_QUEUE].moved == 3
    assert told[INTAKE_QUEUE].left == 1
    assert "70000 bytes" in (told[INTAKE_QUEUE].problem or "")
    with pytest.raises(NotCarriedError):
        await both.storage.put(INTAKE_QUEUE, b"x" * 70_000)
    assert len(await texts(both.storage, INTAKE_QUEUE)) == 3
