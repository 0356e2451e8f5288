"""Topics: what their subscriptions' rules let in."""

from datetime import timedelta
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue

from tests.contract.servicebus.clients import Bus, Link, from_, take, text
from tests.contract.servicebus.namespace import BusControl

_ALL, _ORDERS, _DEAR, _CHANGING = (f"news/Subscriptions/{name}" for name in ("all", "orders", "dear", "changing"))


@pytest.fixture(scope="module")
def links() -> list[Link]:
    subscriptions = [from_(f"news/{name}") for name in ("all", "orders", "dear")]
    return [Link("news"), *subscriptions, from_("news/all", sub_queue=ServiceBusSubQueue.DEAD_LETTER)]


def message(body: str, subject: str | None = None, **properties: Any) -> ServiceBusMessage:
    return ServiceBusMessage(body, subject=subject, application_properties={**properties})


def test_each_subscription_gets_what_its_rules_let_in(bus: Bus, control: BusControl) -> None:
    bus.sender("news").send_messages(
        [
            message("1", "order", land="at", price=50),
            message("2", "order", land="de", price=150),
            message("3", "offer", land="at", price=150),
            message("4"),
        ]
    )
    subscriptions = {"all": ["1", "2", "3", "4"], "orders": ["1"], "dear": ["2", "3"]}
    for name, expected in subscriptions.items():
        receiver = bus.receiver(f"news/{name}")
        taken = take(receiver, len(expected))
        assert [text(found) for found in taken] == expected
        for found in taken:
            receiver.complete_message(found)
    assert [control.counts(path) for path in (_ALL, _ORDERS, _DEAR, _CHANGING)] == [{}, {}, {}, {}]


def test_subscriptions_settle_each_for_itself(bus: Bus, control: BusControl) -> None:
    bus.sender("news").send_messages(message("1", "order", land="at"))
    receiver = bus.receiver("news/all")
    (found,) = take(receiver, 1)
    receiver.dead_letter_message(found, reason="mine")
    assert (control.counts(_ALL), control.counts(f"{_ALL}/$DeadLetterQueue")) == ({}, {"active": 1})
    assert control.counts(_ORDERS) == {"active": 1}
    dead = bus.receiver("news/all", sub_queue=ServiceBusSubQueue.DEAD_LETTER)
    assert take(dead, 1)[0].dead_letter_reason == "mine"


def test_what_is_scheduled_is_passed_on_when_it_is_due(bus: Bus, control: BusControl) -> None:
    sender, due = bus.sender("news"), control.now() + timedelta(seconds=30)
    _, cancelled = sender.schedule_messages([message("1"), message("2")], due)
    assert control.counts(_ALL) == {}
    sender.cancel_scheduled_messages(cancelled)
    control.advance(31)
    assert text(*take(bus.receiver("news/all"), 1)) == "1"
    assert control.held(_ALL) == 1
