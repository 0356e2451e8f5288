"""The adapter's links to Service Bus: each one coroutine's at a time, and opened anew after what went wrong on it."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import uuid4

import pytest

from devstack.doubles.faults import Fault, FaultKind
from shared.core.naming import INTAKE_QUEUE, WORK_QUEUE
from tests.contract.adapters.brokers import ServiceBusBroker, empty_namespace, service_bus_broker
from tests.devstack.doubles.local import Local

_AT_ONCE = 20


@pytest.fixture
async def bus(registrar: Local) -> AsyncGenerator[ServiceBusBroker]:
    """The namespace, its queues empty."""
    await empty_namespace(registrar)
    async with service_bus_broker(registrar) as broker:
        yield broker
    registrar.world.faults.clear()


async def test_what_is_sent_at_once_arrives_once(bus: ServiceBusBroker) -> None:
    """Twenty coroutines on one sender have delivered hundreds of messages, without an error."""
    sent = [uuid4().hex for _ in range(_AT_ONCE)]
    await asyncio.gather(*(bus.queues.send_work(each, 1) for each in sent))
    arrived = await bus.visible(WORK_QUEUE)
    assert len(arrived) == _AT_ONCE
    assert all(any(each in text for text in arrived) for each in sent)


async def test_after_a_call_that_was_given_up_the_next_one_goes_through(
    bus: ServiceBusBroker, registrar: Local
) -> None:
    first, second = uuid4().hex, uuid4().hex
    await bus.queues.send_work("warm" * 8, 1)  # the link is open
    slow = Fault(service="servicebus", kind=FaultKind.DELAY, method="SEND", seconds=1)
    registrar.world.faults.add(slow)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bus.queues.send_work(first, 1), 0.3)
    await bus.queues.send_work(second, 1)
    assert any(second in text for text in await bus.visible(WORK_QUEUE))


async def test_a_dead_letter_whose_link_is_gone_comes_again(bus: ServiceBusBroker, registrar: Local) -> None:
    """The client takes a settlement on another link for a mistake of the programmer's."""
    await bus.give_up(INTAKE_QUEUE, "not JSON")
    found = await anext(bus.queues.host_poisoned())
    slow = Fault(service="servicebus", kind=FaultKind.DELAY, method="PEEK", seconds=1)
    registrar.world.faults.add(slow)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(bus.queues.host_poisoned()), 0.3)
    await bus.queues.remove_poisoned(found)
    registrar.world.clock.advance(timedelta(minutes=2))
    again = await anext(bus.queues.host_poisoned())
    assert (again.text, again.id) == (found.text, found.id)
    await bus.queues.remove_poisoned(again)
    assert await bus.given_up(INTAKE_QUEUE) == []
