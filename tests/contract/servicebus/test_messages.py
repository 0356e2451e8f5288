"""What a queue does with a message, from its sender to its end."""

from datetime import timedelta
from uuid import uuid4

import pytest
from azure.servicebus import (
    ServiceBusMessage,
    ServiceBusMessageState,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
)
from azure.servicebus.exceptions import (
    MessageAlreadySettled,
    MessageLockLostError,
    MessageSizeExceededError,
    ServiceBusError,
)

from tests.contract.servicebus.clients import Bus, Link, from_, take, text
from tests.contract.servicebus.namespace import BusControl

_DEAD = "plain/$DeadLetterQueue"


@pytest.fixture(scope="module")
def links() -> list[Link]:
    dead = ServiceBusSubQueue.DEAD_LETTER
    return [
        *(Link(queue) for queue in ("plain", "unique", "short-lived")),
        *(from_(queue) for queue in ("plain", "unique")),
        *(from_(queue, sub_queue=dead) for queue in ("plain", "short-lived")),
        from_("plain", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE),
    ]


def test_a_message_arrives_as_it_was_sent(bus: Bus, control: BusControl) -> None:
    before = control.now()
    sent = ServiceBusMessage(
        b"\x00\xff body",
        application_properties={"text": "ü", "number": 7, "fraction": 1.5, "is_true": True},
        subject="subject",
        content_type="application/json",
        correlation_id="correlation",
        message_id="id",
        to="to",
        reply_to="back",
        time_to_live=timedelta(hours=1),
    )
    bus.sender("plain").send_messages(sent)
    (found,) = take(bus.receiver("plain"), 1)
    assert b"".join(found.body) == b"\x00\xff body"  # type: ignore[arg-type]
    properties = {
        (key.decode() if isinstance(key, bytes) else key): value.decode() if isinstance(value, bytes) else value
        for key, value in (found.application_properties or {}).items()
    }
    assert properties == {"text": "ü", "number": 7, "fraction": 1.5, "is_true": True}
    assert (found.subject, found.content_type, found.correlation_id) == ("subject", "application/json", "correlation")
    assert (found.message_id, found.to, found.reply_to) == ("id", "to", "back")
    assert found.time_to_live == timedelta(hours=1)
    assert found.delivery_count == 0
    assert found.state is ServiceBusMessageState.ACTIVE
    assert found.sequence_number
    assert found.enqueued_time_utc
    assert before - timedelta(seconds=1) <= found.enqueued_time_utc <= control.now()
    assert found.locked_until_utc
    assert found.locked_until_utc > control.now() + timedelta(seconds=5)
    bus.receiver("plain").complete_message(found)
    assert control.counts("plain") == {}


def test_a_batch_arrives_in_order(bus: Bus, control: BusControl) -> None:
    sender = bus.sender("plain")
    batch = sender.create_message_batch()
    for number in range(20):
        batch.add_message(ServiceBusMessage(f"{number}"))
    sender.send_messages(batch)
    sender.send_messages([ServiceBusMessage("20"), ServiceBusMessage("21")])
    taken = take(bus.receiver("plain"), 22)
    assert [text(message) for message in taken] == [f"{number}" for number in range(22)]
    numbers = [message.sequence_number or 0 for message in taken]
    assert numbers == list(range(numbers[0], numbers[0] + 22))


def test_what_is_abandoned_comes_again_counted_until_it_is_a_dead_letter(bus: Bus, control: BusControl) -> None:
    bus.sender("plain").send_messages(ServiceBusMessage("x"))
    receiver = bus.receiver("plain")
    counts: list[int | None] = []
    for _ in range(3):
        (message,) = take(receiver, 1)
        counts.append(message.delivery_count)
        receiver.abandon_message(message)
    assert counts == [0, 1, 2]
    assert (control.counts("plain"), control.counts(_DEAD)) == ({}, {"active": 1})
    dead = bus.receiver("plain", sub_queue=ServiceBusSubQueue.DEAD_LETTER)
    (buried,) = take(dead, 1)
    assert (buried.dead_letter_reason, buried.delivery_count) == ("MaxDeliveryCountExceeded", 3)
    assert buried.dead_letter_error_description
    assert buried.dead_letter_source == "plain"
    dead.complete_message(buried)
    assert control.counts(_DEAD) == {}


def test_a_dead_letter_says_why(bus: Bus, control: BusControl) -> None:
    bus.sender("plain").send_messages(ServiceBusMessage("x", application_properties={"own": "1"}))
    receiver = bus.receiver("plain")
    (message,) = take(receiver, 1)
    receiver.dead_letter_message(message, reason="bad", error_description="it is ü")
    assert (control.counts("plain"), control.counts(_DEAD)) == ({}, {"active": 1})
    dead = bus.receiver("plain", sub_queue=ServiceBusSubQueue.DEAD_LETTER)
    (buried,) = take(dead, 1)
    assert (buried.dead_letter_reason, buried.dead_letter_error_description) == ("bad", "it is ü")
    assert (buried.sequence_number, text(buried)) == (message.sequence_number, "x")
    for _ in range(5):  # dead letters have no maximum
        dead.abandon_message(buried)
        (buried,) = take(dead, 1)
    assert buried.delivery_count == 5
    with pytest.raises(ServiceBusError, match="dead letters"):
        dead.dead_letter_message(buried)


def test_what_is_deferred_is_fetched_by_its_number(bus: Bus, control: BusControl) -> None:
    bus.sender("plain").send_messages([ServiceBusMessage("later"), ServiceBusMessage("now")])
    receiver = bus.receiver("plain")
    first, second = take(receiver, 2)
    receiver.defer_message(first)
    receiver.complete_message(second)
    assert control.counts("plain") == {"deferred": 1}
    (fetched,) = receiver.receive_deferred_messages(first.sequence_number or 0)
    assert (text(fetched), fetched.delivery_count, fetched.state) == ("later", 1, ServiceBusMessageState.DEFERRED)
    receiver.abandon_message(fetched)
    assert control.counts("plain") == {"deferred": 1}
    (fetched,) = receiver.receive_deferred_messages([first.sequence_number or 0])
    receiver.complete_message(fetched)
    assert control.counts("plain") == {}


def test_receive_and_delete_leaves_nothing(bus: Bus, control: BusControl) -> None:
    bus.sender("plain").send_messages([ServiceBusMessage("1"), ServiceBusMessage("2")])
    receiver = bus.receiver("plain", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE)
    (first,) = take(receiver, 1)
    assert (text(first), control.counts("plain")) == ("1", {"active": 1})
    assert text(*take(receiver, 1)) == "2"
    assert control.counts("plain") == {}


def test_a_lock_lapses_on_the_stack_clock(bus: Bus, control: BusControl) -> None:
    bus.sender("plain").send_messages(ServiceBusMessage("x"))
    receiver = bus.receiver("plain")
    (held,) = take(receiver, 1)
    control.advance(11)
    (again,) = take(receiver, 1)
    assert again.delivery_count == 1
    with pytest.raises(MessageLockLostError):
        receiver.complete_message(held)
    assert control.counts("plain") == {"active": 1}
    receiver.complete_message(again)
    assert control.counts("plain") == {}


def test_a_renewed_lock_does_not_lapse(bus: Bus, control: BusControl) -> None:
    bus.sender("plain").send_messages(ServiceBusMessage("x"))
    receiver = bus.receiver("plain")
    (held,) = take(receiver, 1)
    first = held.locked_until_utc
    for _ in range(3):
        control.advance(6)
        receiver.renew_message_lock(held)
    until = held.locked_until_utc
    assert first
    assert until
    assert until >= first + timedelta(seconds=17)
    receiver.complete_message(held)
    assert control.counts("plain") == {}


def test_a_lapsed_lock_is_not_renewed(bus: Bus, control: BusControl) -> None:
    bus.sender("plain").send_messages(ServiceBusMessage("x"))
    receiver = bus.receiver("plain")
    (held,) = take(receiver, 1)
    control.advance(11)
    with pytest.raises(MessageLockLostError):
        receiver.renew_message_lock(held)


def test_a_message_is_settled_once(bus: Bus, control: BusControl) -> None:
    bus.sender("plain").send_messages(ServiceBusMessage("x"))
    receiver = bus.receiver("plain")
    (held,) = take(receiver, 1)
    receiver.complete_message(held)
    with pytest.raises(MessageAlreadySettled):
        receiver.abandon_message(held)


def test_scheduled_messages_appear_when_they_are_due(bus: Bus, control: BusControl) -> None:
    sender, receiver = bus.sender("plain"), bus.receiver("plain")
    due = control.now() + timedelta(seconds=60)
    first, second = sender.schedule_messages([ServiceBusMessage("1"), ServiceBusMessage("2")], due)
    sender.send_messages(ServiceBusMessage("3", scheduled_enqueue_time_utc=due))
    assert control.counts("plain") == {"scheduled": 3}
    (peeked,) = receiver.peek_messages(1, sequence_number=first)
    assert peeked.state is ServiceBusMessageState.SCHEDULED
    assert peeked.scheduled_enqueue_time_utc
    assert abs(peeked.scheduled_enqueue_time_utc - due) < timedelta(seconds=1)
    sender.cancel_scheduled_messages(second)
    control.advance(61)
    taken = take(receiver, 2)
    assert [text(message) for message in taken] == ["1", "3"]
    assert all((message.sequence_number or 0) > second for message in taken)
    assert control.held("plain") == 2


def test_what_is_due_or_gone_is_not_cancelled(bus: Bus, control: BusControl) -> None:
    sender = bus.sender("plain")
    (number,) = sender.schedule_messages(ServiceBusMessage("1"), control.now() + timedelta(seconds=60))
    sender.cancel_scheduled_messages(number)
    with pytest.raises(ServiceBusError):
        sender.cancel_scheduled_messages(number)


def test_a_peek_shows_everything_and_locks_nothing(bus: Bus, control: BusControl) -> None:
    sender, receiver = bus.sender("plain"), bus.receiver("plain")
    sender.send_messages([ServiceBusMessage(f"{number}") for number in range(5)])
    sender.send_messages(ServiceBusMessage("later", scheduled_enqueue_time_utc=control.now() + timedelta(hours=1)))
    held, deferred = take(receiver, 2)
    receiver.defer_message(deferred)
    start = held.sequence_number or 0
    shown = receiver.peek_messages(4, sequence_number=start)
    assert [text(message) for message in shown] == ["0", "1", "2", "3"]
    shown += receiver.peek_messages(10, sequence_number=start + 4)
    active, put_off, scheduled = (ServiceBusMessageState(value) for value in (0, 1, 2))
    assert [message.state for message in shown] == [active, put_off, active, active, active, scheduled]
    assert receiver.peek_messages(1, sequence_number=start + 6) == []
    receiver.complete_message(held)


def test_a_duplicate_within_the_window_is_dropped(bus: Bus, control: BusControl) -> None:
    sender, name = bus.sender("unique"), uuid4().hex
    for _ in range(2):
        sender.send_messages([ServiceBusMessage("x", message_id=name), ServiceBusMessage("y", message_id=f"{name}-2")])
    assert control.counts("unique") == {"active": 2}
    for message in take(bus.receiver("unique"), 2):
        bus.receiver("unique").complete_message(message)
    sender.send_messages(ServiceBusMessage("x", message_id=name))
    assert control.counts("unique") == {}
    control.advance(21)
    sender.send_messages(ServiceBusMessage("x", message_id=name))
    assert control.counts("unique") == {"active": 1}


def test_what_has_expired_is_gone_or_a_dead_letter(bus: Bus, control: BusControl) -> None:
    bus.sender("plain").send_messages(ServiceBusMessage("x", time_to_live=timedelta(seconds=5)))
    bus.sender("short-lived").send_messages(
        [ServiceBusMessage("1", time_to_live=timedelta(seconds=5)), ServiceBusMessage("2")]
    )
    control.advance(6)
    dead = bus.receiver("short-lived", sub_queue=ServiceBusSubQueue.DEAD_LETTER)
    (buried,) = take(dead, 1)
    assert (text(buried), buried.dead_letter_reason) == ("1", "TTLExpiredException")
    assert control.counts("short-lived") == {"active": 1}
    assert bus.receiver("plain").peek_messages(1, sequence_number=1) == []
    control.advance(6)
    assert text(*take(dead, 1)) == "2"
    assert (control.counts("plain"), control.counts(_DEAD)) == ({}, {})


def test_no_message_is_larger_than_the_tier_takes(bus: Bus, control: BusControl) -> None:
    sender = bus.sender("plain")
    sender.send_messages(ServiceBusMessage(b"x" * 250_000))
    with bus.another_sender("plain") as one, pytest.raises(MessageSizeExceededError, match="exceeds the limit"):
        one.send_messages(ServiceBusMessage(b"x" * 263_000))  # the link ends with it
    batch = sender.create_message_batch()
    batch.add_message(ServiceBusMessage(b"x" * 100_000))
    batch.add_message(ServiceBusMessage(b"x" * 100_000))
    with pytest.raises(MessageSizeExceededError):
        batch.add_message(ServiceBusMessage(b"x" * 100_000))
    sender.send_messages(batch)
    taken = take(bus.receiver("plain"), 3)
    assert [len(text(message)) for message in taken] == [250_000, 100_000, 100_000]
