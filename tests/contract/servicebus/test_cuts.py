"""Connections that are cut in the middle of a call, before or after it took effect: what the namespace holds then."""

from collections.abc import Generator

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceiver
from azure.servicebus.exceptions import MessageLockLostError, ServiceBusError

from tests.contract.servicebus.clients import Bus, Link, Loop, async_bus, from_, take, text
from tests.contract.servicebus.namespace import BusControl
from tests.devstack.doubles.local import Local


@pytest.fixture(scope="module")
def links() -> list[Link]:
    return [Link("cut"), from_("cut")]


@pytest.fixture(scope="module")
def _patient(loop: Loop) -> Generator[list[Bus]]:
    opened: list[Bus] = []
    yield opened
    for bus in opened:
        bus.close()


@pytest.fixture
def patient(local: Local, control: BusControl, loop: Loop, links: list[Link], _patient: list[Bus]) -> Bus:
    """A client that tries again, as it does by default, but without long pauses."""
    if not _patient:
        retries = {"retry_total": 3, "retry_backoff_factor": 0.01}
        _patient.append(async_bus(local.config, local.config.administrator, loop, **retries))
        _patient[0].open(links)
    return _patient[0]


@pytest.mark.parametrize(("kind", "held"), [("refuse", 1), ("lostAnswer", 2), ("throttle", 1), ("error", 1)])
def test_a_send_that_is_disturbed_is_repeated_by_the_client(
    patient: Bus, control: BusControl, kind: str, held: int
) -> None:
    control.disturb(kind, method="SEND", path="cut")
    patient.sender("cut").send_messages(ServiceBusMessage("x"))
    assert control.is_calm()
    assert control.counts("cut") == {"active": held}


@pytest.mark.parametrize(("kind", "held"), [("refuse", 0), ("lostAnswer", 1)])
def test_a_send_that_is_cut_and_not_repeated_fails(
    async_client: Bus, control: BusControl, kind: str, held: int
) -> None:
    sender = async_client.sender("cut")
    control.disturb(kind, method="SEND", path="cut")
    with pytest.raises(ServiceBusError):
        sender.send_messages(ServiceBusMessage("x"))
    assert control.held("cut") == held
    sender.send_messages(ServiceBusMessage("y"))
    assert control.held("cut") == held + 1


def complete(receiver: ServiceBusReceiver) -> None:
    receiver.complete_message(*take(receiver, 1))


@pytest.mark.parametrize("kind", ["throttle", "error", "refuse"])
def test_a_settlement_that_had_no_effect_is_repeated_by_the_client(
    patient: Bus, control: BusControl, kind: str
) -> None:
    patient.sender("cut").send_messages(ServiceBusMessage("x"))
    control.disturb(kind, method="SETTLE", path="cut*")
    complete(patient.receiver("cut"))
    assert control.is_calm()
    assert control.counts("cut") == {}


def test_a_settlement_whose_answer_is_lost_took_effect(patient: Bus, control: BusControl) -> None:
    """The client asks again, on a link of its own, and is told that the lock is lost: which it is."""
    patient.sender("cut").send_messages(ServiceBusMessage("x"))
    control.disturb("lostAnswer", method="SETTLE", path="cut*")
    with pytest.raises(MessageLockLostError):
        complete(patient.receiver("cut"))
    assert control.counts("cut") == {}


def test_a_message_whose_receiver_was_cut_off_comes_again(async_client: Bus, control: BusControl) -> None:
    async_client.sender("cut").send_messages(ServiceBusMessage("x"))
    with async_client.another_receiver("cut") as receiver:
        (message,) = take(receiver, 1)
        control.disturb("refuse", method="SETTLE", path="cut*", times=2)
        with pytest.raises(ServiceBusError):
            receiver.complete_message(message)
    control.advance(11)
    (again,) = take(async_client.receiver("cut"), 1)
    assert (text(again), again.delivery_count) == ("x", 1)


@pytest.mark.parametrize(("kind", "numbers"), [("refuse", 1), ("lostAnswer", 2)])
def test_a_schedule_that_is_cut_is_repeated_by_the_client(
    patient: Bus, control: BusControl, kind: str, numbers: int
) -> None:
    control.disturb(kind, method="SCHEDULE", path="cut")
    later = control.now().replace(year=control.now().year + 1)
    patient.sender("cut").schedule_messages(ServiceBusMessage("x"), later)
    assert control.counts("cut") == {"scheduled": numbers}
