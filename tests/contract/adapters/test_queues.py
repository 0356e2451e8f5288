"""The queues behind the port `Queues`, over both brokers."""

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from devstack.azurite import Azurite
from shared.adapters.storage.account import Storage
from shared.adapters.storage.queues import LONGEST_DELAY
from shared.core.naming import (
    EVENTS_QUEUE,
    INTAKE_QUEUE,
    POISON_QUEUE,
    RESULTS_QUEUE,
    ROTATIONS_QUEUE,
    TICKET_UPDATES_QUEUE,
    WEBHOOK_REQUESTS_QUEUE,
    WORK_POISON_QUEUE,
    WORK_QUEUE,
)
from shared.model.kept import kept_message
from tests.contract.adapters.brokers import Broker, ServiceBusBroker, StorageBroker, empty_namespace, service_bus_broker
from tests.contract.adapters.stores import storage_account
from tests.devstack.doubles.local import Local

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_GOOD_AS_NEW = timedelta(minutes=20)
"""Of a token, which is good for an hour."""
QUEUES = (WORK_QUEUE, ROTATIONS_QUEUE, TICKET_UPDATES_QUEUE, RESULTS_QUEUE, EVENTS_QUEUE, POISON_QUEUE)


@pytest_asyncio.fixture(loop_scope="module")
async def storage(registrar: Local, azurite: Azurite) -> AsyncGenerator[Storage]:
    """The account, its queues empty."""
    async with storage_account(azurite) as storage:
        for queue in (*QUEUES, WORK_POISON_QUEUE):
            await storage.queues.get_queue_client(queue).clear_messages()
        yield storage


class Namespace:
    """Opens the namespace's links once for many tests, and anew when their tokens have grown old on the stack clock."""

    def __init__(self, local: Local, links: AsyncExitStack) -> None:
        self._local = local
        self._links = links
        self._broker: ServiceBusBroker | None = None
        self._until = 0.0

    async def opened(self) -> ServiceBusBroker:
        now = self._local.world.clock.time()
        if self._broker is None or now > self._until:
            await self._links.aclose()
            self._broker = await self._links.enter_async_context(service_bus_broker(self._local))
            self._until = now + AS_GOOD_AS_NEW.total_seconds()
        return self._broker


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def namespace(_running: Local) -> AsyncGenerator[Namespace]:
    async with AsyncExitStack() as links:
        yield Namespace(_running, links)


@pytest_asyncio.fixture(loop_scope="module")
async def bus(registrar: Local, namespace: Namespace) -> ServiceBusBroker:
    """The namespace, its queues empty."""
    await empty_namespace(registrar)
    return await namespace.opened()


@pytest.fixture(params=["storage", "servicebus"])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each of the two that the app must not tell apart."""
    if request.param == "storage":
        return StorageBroker(request.getfixturevalue("storage"))
    broker: ServiceBusBroker = request.getfixturevalue("bus")
    return broker


@asynccontextmanager
async def looked_at_anew(broker: Broker, registrar: Local) -> AsyncGenerator[Broker]:
    """The broker as a client sees it whose tokens are new on the stack clock."""
    if isinstance(broker, StorageBroker):
        yield broker
        return
    async with service_bus_broker(registrar) as anew:
        yield anew


async def test_work_appears_when_its_delay_is_over(broker: Broker, registrar: Local) -> None:
    operation_id = uuid4().hex
    await broker.queues.send_work(operation_id, 2, timedelta(seconds=600))
    assert await broker.visible(WORK_QUEUE) == []
    registrar.world.clock.advance(timedelta(seconds=601))
    (text,) = await broker.visible(WORK_QUEUE)
    assert json.loads(text) == {"schemaVersion": "1", "operationId": operation_id, "generation": 2}


async def test_a_rotation_appears_when_its_delay_is_over(broker: Broker, registrar: Local) -> None:
    await broker.queues.send_rotation('{"a": "ü"}', timedelta(seconds=60))
    assert await broker.visible(ROTATIONS_QUEUE) == []
    registrar.world.clock.advance(timedelta(seconds=61))
    assert await broker.visible(ROTATIONS_QUEUE) == ['{"a": "ü"}']


async def test_a_ticket_update_is_a_reference_that_appears_when_its_delay_is_over(
    broker: Broker, registrar: Local
) -> None:
    await broker.queues.send_ticket_update("f" * 32, timedelta(seconds=60))
    assert await broker.visible(TICKET_UPDATES_QUEUE) == []
    registrar.world.clock.advance(timedelta(seconds=61))
    (text,) = await broker.visible(TICKET_UPDATES_QUEUE)
    assert json.loads(text) == {"schemaVersion": "1", "updateId": "f" * 32}


async def test_work_outlives_any_delay(broker: Broker, registrar: Local) -> None:
    await broker.queues.send_work(uuid4().hex, 1, timedelta(days=30))
    registrar.world.clock.advance(timedelta(days=30, seconds=1))
    async with looked_at_anew(broker, registrar) as looking:
        assert len(await looking.visible(WORK_QUEUE)) == 1


async def test_an_answer_is_sent_as_it_is(broker: Broker) -> None:
    answer = '{"id": "1",  "text": "<&> ä"}'
    await broker.queues.send_answer(answer)
    assert await broker.visible(RESULTS_QUEUE) == [answer]


async def test_an_answer_that_is_repeated_on_purpose_arrives_again(broker: Broker) -> None:
    answer = '{"id": "1", "subject": "app", "data": {"requestId": "r"}}'
    for _ in range(2):
        await broker.queues.send_answer(answer)
    assert await broker.visible(RESULTS_QUEUE) == [answer, answer]


async def test_delayed_work_is_no_pile(broker: Broker, registrar: Local) -> None:
    for _ in range(31):
        await broker.queues.send_work(uuid4().hex, 1)
    for _ in range(40):
        await broker.queues.send_work(uuid4().hex, 1, timedelta(hours=1))
    assert not await broker.queues.is_work_piling_up()
    await broker.queues.send_work(uuid4().hex, 1)
    assert await broker.queues.is_work_piling_up()


async def test_what_the_host_gave_up_on_is_told_from_what_we_keep(broker: Broker, registrar: Local) -> None:
    await broker.queues.send_poison(kept_message("r", "no JSON"))
    assert [message async for message in broker.queues.host_poisoned()] == []
    await broker.give_up(INTAKE_QUEUE, "not JSON")
    await broker.give_up(WORK_QUEUE, '{"operationId": "1"}')
    found = [message async for message in broker.queues.host_poisoned()]
    assert [(message.queue, message.text) for message in found] == [
        (POISON_QUEUE, "not JSON"),
        (WORK_POISON_QUEUE, '{"operationId": "1"}'),
    ]
    for message in (*found, *found):
        await broker.queues.remove_poisoned(message)
    assert await broker.given_up(WORK_QUEUE) == []
    registrar.world.clock.advance(timedelta(minutes=3))  # a storage queue hides what was looked through for two
    assert await broker.kept() == [kept_message("r", "no JSON")]


async def test_any_number_of_messages_that_the_host_gave_up_on_is_found(broker: Broker) -> None:
    texts = [f"message {number}" for number in range(20)]
    await broker.give_up(WEBHOOK_REQUESTS_QUEUE, *texts)
    found: list[str] = []
    async for message in broker.queues.host_poisoned():
        found.append(message.text)
        await broker.queues.remove_poisoned(message)
    assert found == texts
    assert await broker.given_up(WEBHOOK_REQUESTS_QUEUE) == []


async def test_only_older_failures_of_an_operation_are_removed(broker: Broker) -> None:
    def kept(operation_id: str, generation: int) -> str:
        message = {"schemaVersion": "1", "reason": "r", "operationId": operation_id, "generation": generation}
        return json.dumps(message | {"attempts": 1, "original": {}})

    messages = [kept("a" * 32, 1), kept("b" * 32, 1), kept("a" * 32, 2), kept("a" * 32, 3), kept_message("r", "x")]
    for message in messages:
        await broker.queues.send_poison(message)
    await broker.queues.remove_kept("a" * 32, 3)
    assert sorted(await broker.kept()) == sorted([messages[1], *messages[3:]])
    await broker.queues.remove_kept("c" * 32, 3)


async def test_on_storage_no_delay_is_longer_than_the_service_takes_and_nothing_expires(
    storage: Storage, registrar: Local
) -> None:
    await StorageBroker(storage).queues.send_work(uuid4().hex, 1, timedelta(days=30))
    registrar.world.clock.advance(LONGEST_DELAY + timedelta(seconds=1))
    (message,) = await storage.queues.get_queue_client(WORK_QUEUE).peek_messages(32)
    assert message.expires_on is not None
    assert message.expires_on.year == 9999


async def test_on_storage_what_the_host_poisoned_is_found_behind_any_number_of_ours(storage: Storage) -> None:
    """The service shows 32 messages at a time, and ours stay until a person takes them."""
    broker = StorageBroker(storage)
    for _ in range(33):
        await broker.queues.send_poison(kept_message("r", "no JSON"))
    await broker.give_up(INTAKE_QUEUE, "not JSON")
    assert [message.text async for message in broker.queues.host_poisoned()] == ["not JSON"]


@pytest.mark.parametrize(
    "message",
    [json.dumps({**json.loads(kept_message("r", "x")), "DequeueCount": "x"}), '{"original": ' + "[" * 20_000],
    ids=["imitates ours", "deeply nested"],
)
async def test_what_a_sender_made_up_is_not_taken_for_ours(broker: Broker, message: str) -> None:
    await broker.give_up(INTAKE_QUEUE, message)
    assert [found.text async for found in broker.queues.host_poisoned()] == [message]


async def test_on_service_bus_subscriptions_can_filter_answers_and_events(bus: ServiceBusBroker) -> None:
    data = {"requestId": "RITM1", "source": "servicenow", "status": "completed"}
    text = json.dumps({"id": "e1", "type": "registrar.registration.completed.v1", "subject": "app", "data": data})
    await bus.queues.send_answer(text)
    await bus.queues.send_event(text)
    for topic in (RESULTS_QUEUE, EVENTS_QUEUE):
        (message,) = await bus.messages(topic)
        properties = {_plain(key): _plain(value) for key, value in (message.application_properties or {}).items()}
        assert properties == {
            "type": "registrar.registration.completed.v1",
            "source": "servicenow",
            "status": "completed",
            "subject": "app",
        }
        assert message.subject == "app"
    assert (await bus.messages(RESULTS_QUEUE))[0].correlation_id == "RITM1"


async def test_on_service_bus_an_event_that_is_sent_twice_arrives_once(bus: ServiceBusBroker) -> None:
    for _ in range(2):
        await bus.queues.send_event('{"id": "e1", "data": {}}')
    assert await bus.visible(EVENTS_QUEUE) == ['{"id": "e1", "data": {}}']


def _plain(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value
