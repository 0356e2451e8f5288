"""A queue's rules without a protocol: locks, deliveries, dead letters, delays, expiry, duplicates, sessions."""

from datetime import timedelta
from uuid import UUID

import pytest

from devstack.doubles.documents import Document
from devstack.doubles.servicebus.amqp.encoding import encode
from devstack.doubles.servicebus.amqp.message import Header, Message, Properties
from devstack.doubles.servicebus.amqp.types import Described, UInt, ULong
from devstack.doubles.servicebus.entities.queue import Queue
from devstack.doubles.servicebus.entities.settings import QueueSettings
from devstack.doubles.servicebus.entities.stored import Lock, MessageState, Stored, read_stored
from devstack.doubles.servicebus.errors import BusError

MINUTE = 60_000


class Kept:
    """A keeper in memory."""

    def __init__(self) -> None:
        self.messages: dict[tuple[str, int], Document] = {}
        self.last: dict[str, int] = {}
        self.sessions: dict[tuple[str, str], bytes | None] = {}

    def put(self, path: str, message: Stored) -> None:
        self.messages[path, message.sequence_number] = message.document()

    def remove(self, path: str, sequence_number: int) -> None:
        del self.messages[path, sequence_number]

    def put_sequence(self, path: str, last: int) -> None:
        self.last[path] = last

    def put_session(self, path: str, session_id: str, state: bytes | None) -> None:
        self.sessions[path, session_id] = state


class Tokens:
    """Lock tokens 1, 2, 3."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> UUID:
        self._last += 1
        return UUID(int=self._last)


def a_queue(kept: Kept | None = None, **settings: object) -> Queue:
    keeper, tokens = kept or Kept(), Tokens()
    dead_letters = Queue("work/$DeadLetterQueue", QueueSettings(), keeper, tokens)
    return Queue("work", QueueSettings.model_validate(settings), keeper, tokens, dead_letters)


def message(text: str = "hello", *, session: str | None = None, ttl: int | None = None) -> Message:
    sent = Message(
        header=Header(ttl=None if ttl is None else UInt(ttl)), body=encode(Described(ULong(0x75), text.encode()))
    )
    sent.set_properties(Properties(message_id=text, group_id=session))
    return sent


def text_of(stored: Stored) -> str:
    """A message's body."""
    return stored.message.body_value().decode()


def taken(queue: Queue, now: int, session: str | None = None) -> tuple[str, UUID]:
    """The next message's body and lock token."""
    found = queue.take(now, session)
    assert found is not None
    stored, lock = found
    assert lock is not None
    return text_of(stored), lock.token


def lost(queue: Queue, token: UUID, now: int) -> bool:
    """Return whether the lock is worth nothing any more."""
    try:
        queue.renew(token, now)
    except BusError as error:
        return error.condition == "com.microsoft:message-lock-lost"
    return False


def test_messages_come_in_order_and_one_receiver_has_each() -> None:
    queue = a_queue()
    assert [queue.enqueue(message(text), 0) for text in "abc"] == [1, 2, 3]
    assert [taken(queue, 0)[0] for _ in "abc"] == ["a", "b", "c"]
    assert queue.take(0) is None


def test_completed_is_gone() -> None:
    kept = Kept()
    queue = a_queue(kept)
    queue.enqueue(message(), 0)
    _, token = taken(queue, 0)
    queue.complete(token, 1)
    assert (queue.take(10 * MINUTE), kept.messages) == (None, {})
    with pytest.raises(BusError, match="The lock supplied is invalid"):
        queue.complete(token, 2)


def test_a_lock_lapses_and_the_delivery_counts() -> None:
    queue = a_queue()
    queue.enqueue(message(), 0)
    _, first = taken(queue, 0)
    assert queue.take(MINUTE - 1) is None
    found = queue.take(MINUTE)
    assert found is not None
    assert found[0].delivery_count == 1
    assert lost(queue, first, MINUTE)


def test_a_renewed_lock_holds() -> None:
    queue = a_queue()
    queue.enqueue(message(), 0)
    _, token = taken(queue, 0)
    assert queue.renew(token, 50_000) == 50_000 + MINUTE
    assert queue.take(MINUTE + 1) is None
    queue.complete(token, MINUTE + 1)


def test_what_was_never_looked_at_is_not_counted() -> None:
    queue = a_queue()
    queue.enqueue(message(), 0)
    _, token = taken(queue, 0)
    queue.release(token, 1)
    found = queue.take(1)
    assert found is not None
    assert found[0].delivery_count == 0


def test_abandoned_comes_back_at_once_with_what_the_receiver_added() -> None:
    queue = a_queue()
    queue.enqueue(message("a"), 0)
    queue.enqueue(message("b"), 0)
    _, token = taken(queue, 0)
    queue.abandon(token, 1, {"attempt": UInt(1)})
    found = queue.take(1)
    assert found is not None
    assert (text_of(found[0]), found[0].message.application_properties) == ("a", {"attempt": UInt(1)})


@pytest.mark.parametrize("by", ["abandon", "lapse"])
def test_too_many_deliveries_make_a_dead_letter(by: str) -> None:
    queue = a_queue(maxDeliveryCount=3)
    queue.enqueue(message(), 0)
    now = 0
    for _ in range(3):
        _, token = taken(queue, now)
        now += MINUTE
        if by == "abandon":
            queue.abandon(token, now - 1)
    assert queue.take(now) is None
    assert queue.dead_letters is not None
    (buried,) = queue.dead_letters.peek(0, 10, now)
    assert buried.message.application_properties == {
        "DeadLetterReason": "MaxDeliveryCountExceeded",
        "DeadLetterErrorDescription": "Message could not be consumed after 3 delivery attempts.",
    }
    assert (buried.sequence_number, buried.dead_letter_source, buried.delivery_count) == (1, "work", 3)


def test_dead_letters_have_no_maximum_and_do_not_expire() -> None:
    queue = a_queue(maxDeliveryCount=1)
    queue.enqueue(message(ttl=1000), 0)
    queue.abandon(taken(queue, 0)[1], 0)
    dead_letters = queue.dead_letters
    assert dead_letters is not None
    for number in range(20):
        dead_letters.abandon(taken(dead_letters, number * MINUTE)[1], number * MINUTE)
    assert taken(dead_letters, 21 * MINUTE)[0] == "hello"


def test_deferred_comes_by_its_number_alone() -> None:
    queue = a_queue()
    queue.enqueue(message(), 0)
    queue.defer(taken(queue, 0)[1], 0)
    assert queue.take(10 * MINUTE) is None
    [(stored, lock)] = queue.take_deferred([1], 10 * MINUTE)
    assert (text_of(stored), stored.state) == ("hello", MessageState.DEFERRED)
    assert lock is not None
    with pytest.raises(BusError, match="Failed to find a message"):
        queue.take_deferred([1], 10 * MINUTE)
    queue.complete(lock.token, 10 * MINUTE)
    assert queue.peek(0, 10, 10 * MINUTE) == []


def test_a_scheduled_message_waits_and_gets_a_new_number() -> None:
    queue = a_queue()
    assert queue.enqueue(message("later"), 0, due_at=5_000) == 1
    assert queue.enqueue(message("now"), 0) == 2
    assert taken(queue, 4_999)[0] == "now"
    found = queue.take(5_000)
    assert found is not None
    assert (found[0].sequence_number, found[0].enqueue_sequence_number, found[0].enqueued_at) == (3, 1, 5_000)


def test_a_scheduled_message_can_be_cancelled_until_it_is_due() -> None:
    queue = a_queue()
    first, second = (queue.enqueue(message(text), 0, due_at=5_000) for text in "ab")
    queue.cancel(first)
    assert taken(queue, 5_000)[0] == "b"
    for gone in (first, second):
        with pytest.raises(BusError, match="Failed to find a message"):
            queue.cancel(gone)


@pytest.mark.parametrize("keeps", [True, False])
def test_an_expired_message_is_a_dead_letter_where_the_queue_says_so(keeps: bool) -> None:
    queue = a_queue(deadLetteringOnMessageExpiration=keeps, defaultMessageTimeToLive="PT10S")
    queue.enqueue(message("own", ttl=1_000), 0)
    queue.enqueue(message("default", ttl=60_000), 0)
    assert queue.has_ready(999)
    queue.catch_up(1_000)
    assert [text_of(stored) for stored in queue.peek(0, 10, 1_000)] == ["default"]
    queue.catch_up(10_000)
    assert queue.dead_letters is not None
    assert [
        (text_of(stored), stored.message.application_properties["DeadLetterReason"])
        for stored in queue.dead_letters.peek(0, 10, 10_000)
    ] == ([("own", "TTLExpiredException"), ("default", "TTLExpiredException")] if keeps else [])


def test_a_locked_message_expires_when_it_is_given_back() -> None:
    queue = a_queue()
    queue.enqueue(message(ttl=1_000), 0)
    _, token = taken(queue, 0)
    queue.catch_up(2_000)
    queue.abandon(token, 3_000)
    assert queue.take(3_000) is None


def test_a_duplicate_is_swallowed_within_the_window() -> None:
    queue = a_queue(requiresDuplicateDetection=True, duplicateDetectionHistoryTimeWindow="PT1M")
    assert [queue.enqueue(message("a"), at) for at in (0, 1, MINUTE - 1, MINUTE)] == [1, 0, 0, 2]


def test_without_locks_what_is_taken_is_gone() -> None:
    queue = a_queue()
    queue.enqueue(message(), 0)
    found = queue.take(0, locks=False)
    assert found is not None
    assert found[1] is None
    assert queue.peek(0, 10, 0) == []


def test_a_peek_shows_every_state_from_a_number_on() -> None:
    queue = a_queue()
    for text in "abcd":
        queue.enqueue(message(text), 0)
    queue.defer(taken(queue, 0)[1], 0)
    taken(queue, 0)
    queue.enqueue(message("e"), 0, due_at=5_000)
    assert [(text_of(stored), stored.state) for stored in queue.peek(2, 10, 0)] == [
        ("b", MessageState.ACTIVE),
        ("c", MessageState.ACTIVE),
        ("d", MessageState.ACTIVE),
        ("e", MessageState.SCHEDULED),
    ]
    assert [text_of(stored) for stored in queue.peek(0, 1, 0)] == ["a"]


def in_session(queue: Queue, session: str, now: int) -> Lock:
    return queue.sessions.hold(session, now)


def test_a_session_belongs_to_one_receiver() -> None:
    queue = a_queue(requiresSession=True)
    queue.enqueue(message("a", session="1"), 0)
    queue.enqueue(message("b", session="2"), 0)
    assert queue.next_session() == "1"
    lock = in_session(queue, "1", 0)
    assert queue.next_session() == "2"
    assert taken(queue, 0, "1")[0] == "a"
    assert queue.take(0, "1") is None
    with pytest.raises(BusError, match="cannot be accepted"):
        in_session(queue, "1", 1)
    assert queue.sessions.give_back("1", lock)
    in_session(queue, "1", 1)


def test_what_a_lost_session_had_locked_is_ready_again() -> None:
    queue = a_queue(requiresSession=True)
    queue.enqueue(message("a", session="1"), 0)
    lock = in_session(queue, "1", 0)
    _, token = taken(queue, 0, "1")
    assert queue.sessions.lapsed(MINUTE) == ["1"]
    queue.give_back_session("1")
    with pytest.raises(BusError, match="session lock has expired"):
        queue.sessions.check("1", lock, MINUTE)
    assert lost(queue, token, MINUTE)
    in_session(queue, "1", MINUTE)
    found = queue.take(MINUTE, "1")
    assert found is not None
    assert found[0].delivery_count == 1


def test_a_session_queue_takes_nothing_without_a_session() -> None:
    with pytest.raises(BusError, match="The SessionId was not set"):
        a_queue(requiresSession=True).enqueue(message(), 0)


def test_a_session_keeps_a_state() -> None:
    queue = a_queue(requiresSession=True)
    assert queue.sessions.state("1") is None
    queue.sessions.set_state("1", b"state")
    assert (queue.sessions.state("1"), queue.session_ids()) == (b"state", ["1"])
    queue.sessions.set_state("1", None)
    assert queue.session_ids() == []


def test_what_is_kept_in_a_session_is_there_after_a_restart() -> None:
    kept = Kept()
    queue = a_queue(kept, requiresSession=True)
    queue.sessions.set_state("1", b"state")
    again = a_queue(kept, requiresSession=True)
    again.restore([], 0, {session: state for (_, session), state in kept.sessions.items() if state is not None})
    assert again.sessions.state("1") == b"state"
    again.clear()
    assert (again.session_ids(), kept.sessions) == ([], {("work", "1"): None})


def test_what_was_kept_is_there_after_a_restart() -> None:
    kept = Kept()
    queue = a_queue(kept)
    for text in "ab":
        queue.enqueue(message(text), 0)
    queue.enqueue(message("later"), 0, due_at=5_000)
    queue.complete(taken(queue, 0)[1], 0)
    taken(queue, 0)
    again = a_queue(kept)
    again.restore(
        [read_stored(document) for (path, _), document in kept.messages.items() if path == "work"], kept.last["work"]
    )
    assert [taken(again, 5_000)[0] for _ in range(2)] == ["b", "later"]
    assert again.enqueue(message("new"), 6_000) == 5


@pytest.mark.parametrize("duration", ["PT0S", "PT6M"])
def test_no_lock_lasts_longer_than_five_minutes(duration: str) -> None:
    with pytest.raises(ValueError, match="lockDuration"):
        QueueSettings.model_validate({"lockDuration": duration})
    assert QueueSettings.model_validate({"lockDuration": "PT5M"}).lock_duration == timedelta(minutes=5)
