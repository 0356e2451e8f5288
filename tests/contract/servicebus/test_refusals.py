"""What the namespace refuses, as the clients' own types of errors."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import (
    MessagingEntityNotFoundError,
    ServiceBusAuthorizationError,
    ServiceBusError,
    ServiceBusServerBusyError,
)

from tests.contract.servicebus.clients import Bus, Link, Loop, async_bus, from_, take
from tests.contract.servicebus.namespace import OWNER, RECEIVER, SENDER, BusControl
from tests.devstack.doubles.local import Local


@pytest.fixture(scope="module")
def links() -> list[Link]:
    return [Link("plain"), from_("plain")]


@pytest.fixture
def stranger(local: Local, control: BusControl, loop: Loop) -> Generator[Bus]:
    """A client whose identity has no role, until a test gives it one."""
    bus = async_bus(local.config, local.config.clients["reader"], loop)
    yield bus
    control.let(local.config.clients["reader"], None)
    bus.close()


@pytest.fixture
def let(local: Local, control: BusControl) -> Callable[[str | None], None]:
    """Gives the stranger a role."""
    return lambda role: control.let(local.config.clients["reader"], role)


def refusals(*attempts: Callable[[], object]) -> list[ServiceBusError | None]:
    """What each attempt is refused with; at the same time, as each takes a second."""

    def refusal(attempt: Callable[[], object]) -> ServiceBusError | None:
        try:
            attempt()
        except ServiceBusError as refused:
            return refused
        return None

    with ThreadPoolExecutor() as threads:
        return list(threads.map(refusal, attempts))


def test_an_entity_that_is_not_there_is_not_found(bus: Bus, control: BusControl) -> None:
    found = refusals(
        lambda: bus.sender("nowhere"), lambda: bus.receiver("nowhere"), lambda: bus.receiver("news/nobody")
    )
    assert [type(refused) for refused in found] == [MessagingEntityNotFoundError] * 3


def is_refused(refusal: ServiceBusError | None, right: str) -> bool:
    """Return whether something was refused for want of a right."""
    return isinstance(refusal, ServiceBusAuthorizationError) and f"'{right}' claim" in str(refusal)


def test_a_sender_only_sends(stranger: Bus, control: BusControl, let: Callable[[str | None], None]) -> None:
    let(SENDER)
    sent, received = refusals(
        lambda: stranger.sender("plain").send_messages(ServiceBusMessage("x")), lambda: stranger.receiver("plain")
    )
    assert sent is None
    assert is_refused(received, "Listen")
    assert control.counts("plain") == {"active": 1}


def test_a_receiver_only_receives(
    stranger: Bus, async_client: Bus, control: BusControl, let: Callable[[str | None], None]
) -> None:
    let(RECEIVER)
    async_client.sender("plain").send_messages(ServiceBusMessage("x"))

    def receive() -> None:
        receiver = stranger.receiver("plain")
        receiver.complete_message(*take(receiver, 1))

    sent, received = refusals(lambda: stranger.sender("plain"), receive)
    assert is_refused(sent, "Send")
    assert received is None
    assert control.counts("plain") == {}


def test_nobody_without_a_role_does_anything(stranger: Bus, control: BusControl) -> None:
    sent, received = refusals(lambda: stranger.sender("plain"), lambda: stranger.receiver("plain"))
    assert is_refused(sent, "Send")
    assert is_refused(received, "Listen")


def test_a_role_that_is_taken_away_ends_what_was_allowed(
    stranger: Bus, control: BusControl, let: Callable[[str | None], None]
) -> None:
    let(OWNER)
    sender = stranger.sender("plain")
    sender.send_messages(ServiceBusMessage("x"))
    let(None)
    with pytest.raises(ServiceBusAuthorizationError):
        sender.send_messages(ServiceBusMessage("y"))
    assert control.counts("plain") == {"active": 1}


def test_a_namespace_that_is_throttled_is_busy(bus: Bus, control: BusControl) -> None:
    control.disturb("throttle", method="SEND", path="plain")
    with pytest.raises(ServiceBusServerBusyError):
        bus.sender("plain").send_messages(ServiceBusMessage("x"))
    assert control.counts("plain") == {}
    bus.sender("plain").send_messages(ServiceBusMessage("x"))
    assert control.counts("plain") == {"active": 1}


def test_a_request_can_be_refused_like_a_send(bus: Bus, control: BusControl) -> None:
    control.disturb("throttle", method="PEEK", path="plain")
    with pytest.raises(ServiceBusServerBusyError):
        bus.receiver("plain").peek_messages(1, sequence_number=1)
    assert bus.receiver("plain").peek_messages(1, sequence_number=1) == []


def test_an_error_of_the_broker_has_no_effect(bus: Bus, control: BusControl) -> None:
    control.disturb("error", method="SEND", path="plain")
    with pytest.raises(ServiceBusError, match="unable to process"):
        bus.sender("plain").send_messages(ServiceBusMessage("x"))
    assert control.counts("plain") == {}


def test_a_busy_namespace_keeps_a_message_that_could_not_be_settled(bus: Bus, control: BusControl) -> None:
    bus.sender("plain").send_messages(ServiceBusMessage("x"))
    receiver = bus.receiver("plain")
    (message,) = take(receiver, 1)
    control.disturb("throttle", method="SETTLE", path="plain*")
    with pytest.raises(ServiceBusServerBusyError):
        receiver.complete_message(message)
    assert control.is_calm()
    assert control.counts("plain") == {"active": 1}
    receiver.complete_message(message)
    assert control.counts("plain") == {}
