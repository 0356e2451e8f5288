"""Entities whose messages belong to sessions: one receiver each, in order, with a state."""

import threading
from datetime import timedelta

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage
from azure.servicebus.exceptions import (
    OperationTimeoutError,
    ServiceBusError,
    SessionCannotBeLockedError,
    SessionLockLostError,
)

from tests.contract.servicebus.clients import Bus, take, text
from tests.contract.servicebus.namespace import BusControl


def send(bus: Bus, *messages: tuple[str, str]) -> None:
    """Send to sessions: each message is its session's id and a text."""
    bus.sender("sessions").send_messages([ServiceBusMessage(body, session_id=name) for name, body in messages])


def test_a_named_session_has_its_own_messages_in_order(bus: Bus, control: BusControl) -> None:
    send(bus, ("a", "1"), ("b", "2"), ("a", "3"))
    with bus.passing_receiver("sessions", session_id="a") as receiver:
        assert [text(message) for message in receiver.peek_messages(5, sequence_number=1)] == ["1", "3"]
        first, second = take(receiver, 2)
        assert [(text(message), message.session_id) for message in (first, second)] == [("1", "a"), ("3", "a")]
        receiver.complete_message(first)
        receiver.defer_message(second)
        (fetched,) = receiver.receive_deferred_messages(second.sequence_number or 0)
        receiver.complete_message(fetched)
    assert control.counts("sessions") == {"active": 1}


def test_the_next_session_is_the_first_that_nobody_holds(async_client: Bus, control: BusControl) -> None:
    send(async_client, ("a", "1"), ("b", "2"))
    with (
        async_client.passing_receiver("sessions", session_id=NEXT_AVAILABLE_SESSION) as first,
        async_client.passing_receiver("sessions", session_id=NEXT_AVAILABLE_SESSION) as second,
    ):
        assert (first.session.session_id, second.session.session_id) == ("a", "b")
        assert text(*take(second, 1)) == "2"
        with (
            pytest.raises(OperationTimeoutError),
            async_client.passing_receiver("sessions", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=0.3),
        ):
            pytest.fail("there is no third session")


def test_a_session_that_appears_is_given_to_who_waits(async_client: Bus, control: BusControl) -> None:
    later = threading.Timer(0.2, lambda: send(async_client, ("late", "1")))
    async_client.sender("sessions")
    later.start()
    with async_client.passing_receiver("sessions", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=10) as receiver:
        assert receiver.session.session_id == "late"
        assert text(*take(receiver, 1)) == "1"
    later.join()


def test_a_session_has_one_receiver(async_client: Bus, control: BusControl) -> None:
    with (
        async_client.another_receiver("sessions", session_id="one"),
        pytest.raises(SessionCannotBeLockedError),
        async_client.another_receiver("sessions", session_id="one"),
    ):
        pytest.fail("the session is held")
    with async_client.passing_receiver("sessions", session_id="one"):  # given back by its close
        control.advance(11)  # nobody has renewed it
        with async_client.passing_receiver("sessions", session_id="one") as second:
            assert second.session.session_id == "one"


def test_a_session_keeps_a_state(async_client: Bus, control: BusControl) -> None:
    with async_client.another_receiver("sessions", session_id="kept") as receiver:
        assert receiver.session.get_state() is None
        receiver.session.set_state(b"\x00state")
    assert async_client.session_ids("sessions") == ["kept"]
    with async_client.passing_receiver("sessions", session_id="kept") as receiver:
        assert receiver.session.get_state() == b"\x00state"
        receiver.session.set_state(None)
        assert receiver.session.get_state() is None


def test_a_renewed_session_does_not_lapse(async_client: Bus, control: BusControl) -> None:
    send(async_client, ("long", "1"))
    with async_client.passing_receiver("sessions", session_id="long") as receiver:
        (message,) = take(receiver, 1)
        first = receiver.session.locked_until_utc
        for _ in range(3):
            control.advance(6)
            receiver.session.renew_lock()
        assert first
        assert receiver.session.locked_until_utc
        assert receiver.session.locked_until_utc >= first + timedelta(seconds=17)
        receiver.complete_message(message)
    assert control.counts("sessions") == {}


def test_a_session_lapses_on_the_stack_clock(bus: Bus, control: BusControl) -> None:
    send(bus, ("brief", "1"))
    with bus.passing_receiver("sessions", session_id="brief") as receiver:
        (message,) = take(receiver, 1)
        control.advance(11)
        with pytest.raises(SessionLockLostError):
            receiver.session.renew_lock()
        with pytest.raises(SessionLockLostError):
            receiver.complete_message(message)
        with bus.passing_receiver("sessions", session_id="brief") as second:
            (again,) = take(second, 1)
            assert (text(again), again.delivery_count) == ("1", 1)
            second.complete_message(again)
    assert control.counts("sessions") == {}


def test_a_given_back_session_gives_back_its_messages(async_client: Bus, control: BusControl) -> None:
    send(async_client, ("back", "1"))
    for count in range(3):
        with async_client.another_receiver("sessions", session_id="back") as receiver:
            (message,) = take(receiver, 1)
            assert message.delivery_count == count
    assert control.counts("sessions/$DeadLetterQueue") == {"active": 1}


def test_what_has_no_session_is_not_sent_to_one(async_client: Bus, control: BusControl) -> None:
    with pytest.raises(ServiceBusError, match="SessionId"):
        async_client.sender("sessions").send_messages(ServiceBusMessage("x"))
    assert control.counts("sessions") == {}


@pytest.mark.parametrize(("queue", "options"), [("sessions", {}), ("plain", {"session_id": "a"})])
def test_a_receiver_is_of_its_entitys_kind(
    async_client: Bus, control: BusControl, queue: str, options: dict[str, str]
) -> None:
    with pytest.raises(ServiceBusError, match="session"), async_client.passing_receiver(queue, **options):
        pytest.fail("it is of the other kind")
