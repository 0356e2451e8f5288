"""The product's adapter against a namespace in trouble: its own errors, and a link that is opened anew."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from azure.identity.aio import DefaultAzureCredential
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from shared.adapters.servicebus.client import connect
from shared.adapters.servicebus.queues import ServiceBusQueues
from shared.core.errors import DeferredError, ForbiddenError, RefusedError, ThrottledError, UnavailableError
from shared.core.naming import EVENTS_QUEUE, RESULTS_QUEUE, WORK_QUEUE
from tests.contract.adapters.sides import registrar_environment
from tests.contract.servicebus.clients import Bus, Link, from_, take
from tests.contract.servicebus.namespace import OWNER, SENDER, BusControl
from tests.devstack.doubles.local import Local

_RESULTS, _EVENTS = (f"{topic}/Subscriptions/all" for topic in (RESULTS_QUEUE, EVENTS_QUEUE))
_DEAD = f"{WORK_QUEUE}/$DeadLetterQueue"


@pytest.fixture(scope="module")
def links() -> list[Link]:
    return [Link(WORK_QUEUE), from_(WORK_QUEUE)]


@pytest.fixture
def registrar(local: Local, monkeypatch: pytest.MonkeyPatch) -> Local:
    """The doubles, seen from the Functions app's environment."""
    for name, value in registrar_environment(local).items():
        monkeypatch.setenv(name, value)
    return local


@pytest.fixture
async def queues(registrar: Local, control: BusControl) -> AsyncGenerator[ServiceBusQueues]:
    """The adapter as the app has it."""
    async with DefaultAzureCredential() as app, connect(registrar.config.bus_namespace, app) as client:
        yield ServiceBusQueues(client, control.now)


@pytest.fixture
async def impatient(registrar: Local, control: BusControl) -> AsyncGenerator[ServiceBusQueues]:
    """The adapter over a client that does not try again: what is left when it has tried for long enough."""
    config = registrar.config
    proxy: dict[str, Any] = {"proxy_hostname": "http://127.0.0.1", "proxy_port": config.ports.proxy}
    trust = ssl.create_default_context()
    async with (
        DefaultAzureCredential() as app,
        ServiceBusClient(config.bus_namespace, app, http_proxy=proxy, ssl_context=trust, retry_total=0) as client,
    ):
        yield ServiceBusQueues(client, control.now)


async def test_as_many_messages_arrive_as_twenty_coroutines_send(queues: ServiceBusQueues, control: BusControl) -> None:
    await asyncio.gather(*(queues.send_answer(f'{{"id": "{number}"}}') for number in range(20)))
    await asyncio.gather(*(queues.send_work(f"{number}", 1) for number in range(20)))
    assert (control.counts(_RESULTS), control.counts(WORK_QUEUE)) == ({"active": 20}, {"active": 20})


@pytest.mark.parametrize(("kind", "held"), [("refuse", 1), ("lostAnswer", 2)])
async def test_a_send_that_is_cut_is_repeated(
    queues: ServiceBusQueues, control: BusControl, kind: str, held: int
) -> None:
    control.disturb(kind, method="SEND")
    await queues.send_answer('{"id": "1"}')
    assert control.is_calm()
    assert control.counts(_RESULTS) == {"active": held}


async def test_an_event_whose_answer_is_lost_arrives_once(queues: ServiceBusQueues, control: BusControl) -> None:
    control.disturb("lostAnswer", method="SEND")
    await queues.send_event('{"id": "once", "data": {}}')
    assert control.is_calm()
    assert control.counts(_EVENTS) == {"active": 1}


async def test_what_a_send_fails_with_says_what_happens_next(impatient: ServiceBusQueues, control: BusControl) -> None:
    await impatient.send_answer('{"id": "0"}')
    troubles: list[tuple[str, type[DeferredError], int]] = [
        ("refuse", UnavailableError, 0),
        ("lostAnswer", UnavailableError, 1),
        ("throttle", ThrottledError, 0),
        ("error", UnavailableError, 0),
    ]
    for kind, expected, effect in troubles:
        before = control.held(_RESULTS)
        control.disturb(kind, method="SEND")
        with pytest.raises(expected) as raised:
            await impatient.send_answer('{"id": "1"}')
        assert type(raised.value) is expected
        assert control.held(_RESULTS) == before + effect
        await impatient.send_answer('{"id": "2"}')  # on a link that is opened anew
        assert control.held(_RESULTS) == before + effect + 1


async def test_a_message_that_is_too_large_is_refused(impatient: ServiceBusQueues, control: BusControl) -> None:
    with pytest.raises(RefusedError) as refused:
        await impatient.send_answer("x" * 300_000)
    assert refused.value.code == "message_too_large"
    await impatient.send_answer("x")
    assert control.counts(_RESULTS) == {"active": 1}


async def test_an_app_without_its_role_waits_for_it(
    impatient: ServiceBusQueues, local: Local, control: BusControl
) -> None:
    try:
        control.let(local.config.app, SENDER)
        with pytest.raises(ForbiddenError):
            await impatient.is_work_piling_up()
    finally:
        control.let(local.config.app, OWNER)
    assert not await impatient.is_work_piling_up()


async def test_a_dead_letter_whose_removal_is_cut_is_removed(
    queues: ServiceBusQueues, async_client: Bus, control: BusControl
) -> None:
    """Without its effect the client repeats it; with it, the client is told that the lock is lost."""
    async_client.sender(WORK_QUEUE).send_messages([ServiceBusMessage("1"), ServiceBusMessage("2")])
    receiver = async_client.receiver(WORK_QUEUE)
    for message in take(receiver, 2):
        receiver.dead_letter_message(message)
    first, second = [message async for message in queues.host_poisoned()]
    control.disturb("refuse", method="SETTLE")
    await queues.remove_poisoned(first)
    assert control.counts(_DEAD) == {"active": 1}
    control.disturb("lostAnswer", method="SETTLE")
    await queues.remove_poisoned(second)
    assert control.is_calm()
    assert control.counts(_DEAD) == {}
