"""One queue of messages: a queue, a subscription, or the dead letters of either.

Rules as Microsoft's documentation has them ("Message transfers, locks, and settlement", "Message sequencing and
timestamps", "Message expiration", "Service Bus dead-letter queues", "Duplicate detection") and as the clients expect
them; where these say nothing, a comment says what was assumed.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any
from uuid import UUID

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.amqp.message import Message
from devstack.doubles.servicebus.amqp.types import Symbol
from devstack.doubles.servicebus.entities.message_log import Keeper, MessageLog
from devstack.doubles.servicebus.entities.sessions import Sessions
from devstack.doubles.servicebus.entities.settings import QueueSettings, milliseconds
from devstack.doubles.servicebus.entities.stored import SCHEDULED_TIME, Lock, MessageState, Stored

DEAD_LETTERS = "$DeadLetterQueue"
REASON, DESCRIPTION = "DeadLetterReason", "DeadLetterErrorDescription"


class Queue:
    """Messages in the order of their sequence numbers, with locks, delays, expiry and dead letters."""

    def __init__(
        self,
        path: str,
        settings: QueueSettings,
        keeper: Keeper,
        new_token: Callable[[], UUID],
        dead_letters: "Queue | None" = None,
    ) -> None:
        self.path = path
        self.settings = settings
        self.dead_letters = dead_letters
        """None for a queue of dead letters: it has no maximum of deliveries, and nothing in it expires."""
        self.sessions = Sessions(path, milliseconds(settings.lock_duration), keeper, new_token)
        self._new_token = new_token
        self._messages = MessageLog(path, keeper, by_session=settings.requires_session)
        self._seen: dict[Any, int] = {}

    def restore(self, messages: list[Stored], last: int, states: dict[str, bytes] | None = None) -> None:
        """Take over what was kept: messages, the last number, and what is in the sessions."""
        self._messages.restore(messages, last)
        self.sessions.restore(states or {})

    def is_duplicate(self, message: Message, now: int) -> bool:
        """Return whether a message with this id came within the window; if not, it has come now."""
        if not self.settings.requires_duplicate_detection or message.properties.message_id is None:
            return False
        window = milliseconds(self.settings.duplicate_detection_history_time_window)
        while self._seen and now - next(iter(self._seen.values())) >= window:
            del self._seen[next(iter(self._seen))]
        key = message.properties.message_id
        if key in self._seen:
            return True
        self._seen[key] = now
        return False

    def check(self, message: Message) -> None:
        """Raise BusError for a message that the entity does not take."""
        if self.settings.requires_session and message.properties.group_id is None:
            raise errors.not_allowed(
                f"The SessionId was not set on a message, and it cannot be sent to the entity {self.path}."
                " Entities that have session support enabled can only receive messages that have the SessionId set."
            )

    def enqueue(self, message: Message, now: int, due_at: int | None = None) -> int:
        """Take a message in, visible at once or at `due_at`. Return its sequence number; of a duplicate, 0."""
        self.check(message)
        if self.is_duplicate(message, now):
            return 0
        is_scheduled = due_at is not None and due_at > now
        number = self._messages.next_number()
        stored = Stored(
            message,
            number,
            now,
            MessageState.SCHEDULED if is_scheduled else MessageState.ACTIVE,
            due_at if is_scheduled else None,
            None if is_scheduled else self._expiry(message, now),
            enqueue_sequence_number=number,
        )
        self._messages.add(stored)
        return number

    def cancel(self, sequence_number: int) -> None:
        """Drop a scheduled message."""
        stored = self._messages.find(sequence_number)
        if stored is None or stored.state is not MessageState.SCHEDULED:
            raise errors.message_not_found(self.path, sequence_number)
        self._messages.remove(stored)

    def take(self, now: int, session_id: str | None = None, *, locks: bool = True) -> tuple[Stored, Lock | None] | None:
        """The next message for a receiver, locked; or, without `locks`, removed. None when there is none.

        With sessions, `session_id` is the one that the receiver holds, whose lock covers its messages.
        """
        self.catch_up(now)
        stored = self._messages.next_ready(session_id)
        if stored is None:
            return None
        if not locks:
            self._messages.remove(stored)
            return stored, None
        return stored, self._lock(stored, now, session_id)

    def take_deferred(
        self, sequence_numbers: list[int], now: int, session_id: str | None = None, *, locks: bool = True
    ) -> list[tuple[Stored, Lock | None]]:
        """The deferred messages with these numbers, all or none."""
        self.catch_up(now)
        wanted: list[Stored] = []
        for number in sequence_numbers:
            stored = self._messages.find(number)
            if stored is None or stored.state is not MessageState.DEFERRED or stored.lock is not None:
                raise errors.message_not_found(self.path, number)
            if stored.session_id != session_id and self.settings.requires_session:
                raise errors.message_not_found(self.path, number)
            wanted.append(stored)
        if not locks:
            for stored in wanted:
                self._messages.remove(stored)
            return [(stored, None) for stored in wanted]
        return [(stored, self._lock(stored, now, session_id)) for stored in wanted]

    def complete(self, token: UUID, now: int) -> None:
        """The receiver is done with it."""
        self._messages.remove(self._held(token, now))

    def abandon(self, token: UUID, now: int, changes: dict[Any, Any] | None = None) -> None:
        """The receiver gives it back, counted."""
        stored = self._held(token, now)
        _change(stored, changes)
        self._give_back(stored)

    def defer(self, token: UUID, now: int, changes: dict[Any, Any] | None = None) -> None:
        """The receiver will ask for it by number."""
        stored = self._held(token, now)
        _change(stored, changes)
        self._messages.unlock(stored)
        stored.state = MessageState.DEFERRED
        stored.delivery_count += 1
        self._messages.update(stored)

    def bury(
        self, token: UUID, now: int, reason: str | None, description: str | None, changes: dict[Any, Any] | None = None
    ) -> None:
        """The receiver sends it to the dead letters."""
        stored = self._held(token, now)
        _change(stored, changes)
        self._to_dead_letters(stored, reason, description)

    def release(self, token: UUID, now: int) -> None:
        """The receiver never looked at it: it goes back uncounted."""
        self._messages.return_unchanged(self._held(token, now))

    def renew(self, token: UUID, now: int) -> int:
        """Hold a message for longer. Return until when."""
        stored = self._held(token, now)
        assert stored.lock is not None
        stored.lock.until = now + milliseconds(self.settings.lock_duration)
        self._messages.expect(stored, stored.lock.until)
        return stored.lock.until

    def peek(self, start: int, count: int, now: int, session_id: str | None = None) -> list[Stored]:
        """Up to `count` messages from a sequence number on, whatever their state; nothing is locked."""
        self.catch_up(now)
        found = (stored for stored in self._messages.from_number(start) if session_id in (None, stored.session_id))
        return list(islice(found, count))

    def next_session(self) -> str | None:
        """The session of the first ready message whose session nobody holds."""
        ready = self._messages.ready_sessions()
        return next((session_id for session_id in ready if not self.sessions.is_held(session_id)), None)

    def session_ids(self) -> list[str]:
        """All sessions that have messages or a state."""
        with_messages = {stored.session_id for stored in self._messages if stored.session_id is not None}
        return sorted(with_messages | set(self.sessions.with_state()))

    def has_ready(self, now: int, session_id: str | None = None) -> bool:
        """Return whether a receiver would get something."""
        self.catch_up(now)
        return self._messages.next_ready(session_id) is not None

    def has_due(self, now: int) -> bool:
        """Return whether `catch_up` has something to do."""
        return self._messages.has_due(now)

    def catch_up(self, now: int) -> None:
        """Do what has become due: delays end, locks lapse, messages expire."""
        for stored in self._messages.due(now):
            self._do_due(stored, now)

    def give_back_session(self, session_id: str) -> None:
        """Nobody holds the session any more: its locked messages are ready again, counted."""
        for stored in list(self._messages):
            if stored.lock is not None and stored.session_id == session_id:
                self._give_back(stored)

    def clear(self) -> None:
        """Remove all messages, forget which ones came, and what is in the sessions."""
        self._seen.clear()
        for session_id in self.sessions.with_state():
            self.sessions.set_state(session_id, None)
        for stored in list(self._messages):
            self._messages.remove(stored)

    def counts(self) -> dict[str, int]:
        """How many messages there are, by state."""
        return self._messages.counts()

    def _do_due(self, stored: Stored, now: int) -> None:
        if stored.state is MessageState.SCHEDULED and stored.due_at is not None and stored.due_at <= now:
            # It is appended as if it had been sent now, with a new number (documented).
            self._messages.remove(stored)
            stored.sequence_number = self._messages.next_number()
            stored.state, stored.enqueued_at = MessageState.ACTIVE, stored.due_at
            stored.expires_at = self._expiry(stored.message, stored.due_at)
            self._messages.add(stored)
        elif stored.lock is not None:
            if stored.lock.until <= now and not self.settings.requires_session:
                self._give_back(stored)
        elif stored.expires_at is not None and stored.expires_at <= now:
            if self.settings.dead_lettering_on_message_expiration:
                self._to_dead_letters(stored, "TTLExpiredException", "The message expired and was dead lettered.")
            else:
                self._messages.remove(stored)

    def _give_back(self, stored: Stored) -> None:
        self._messages.unlock(stored)
        stored.delivery_count += 1
        largest = self.settings.max_delivery_count
        if self.dead_letters is not None and stored.delivery_count >= largest:
            self._to_dead_letters(
                stored,
                "MaxDeliveryCountExceeded",
                f"Message could not be consumed after {largest} delivery attempts.",
            )
            return
        self._messages.update(stored)

    def _to_dead_letters(self, stored: Stored, reason: str | None, description: str | None) -> None:
        if self.dead_letters is None:
            raise errors.not_allowed(f"{self.path} has no dead letters of its own.")
        self._messages.remove(stored)
        said = {REASON: reason, DESCRIPTION: description}
        given = {key: value for key, value in said.items() if value is not None}
        stored.message.set_application_properties({**stored.message.application_properties, **given})
        stored.state, stored.expires_at = MessageState.ACTIVE, None
        stored.dead_letter_source = self.path
        self.dead_letters.adopt(stored)

    def adopt(self, stored: Stored) -> None:
        """Take a message over from the queue that these are the dead letters of; it keeps its number."""
        self._messages.add(stored)

    def _lock(self, stored: Stored, now: int, session_id: str | None) -> Lock:
        held = self.sessions.lock_of(session_id) if session_id is not None else None
        until = held.until if held else now + milliseconds(self.settings.lock_duration)
        return self._messages.lock(stored, Lock(self._new_token(), until))

    def _held(self, token: UUID, now: int) -> Stored:
        self.catch_up(now)
        stored = self._messages.held_by(token)
        if stored is None:
            raise errors.message_lock_lost(self.path)
        return stored

    def _expiry(self, message: Message, now: int) -> int | None:
        own = None if message.header.ttl is None else int(message.header.ttl)
        default = self.settings.default_message_time_to_live
        limits = [own] if default is None else [own, milliseconds(default)]
        shortest = min((limit for limit in limits if limit is not None), default=None)
        return None if shortest is None or self.dead_letters is None else now + shortest


def scheduled_for(message: Message) -> int | None:
    """When the sender wants the message to be visible; None for at once."""
    wanted = message.annotations.get(Symbol(SCHEDULED_TIME))
    return None if wanted is None else int(wanted)


def _change(stored: Stored, changes: dict[Any, Any] | None) -> None:
    if changes:
        named = {str(key): value for key, value in changes.items()}
        stored.message.set_application_properties({**stored.message.application_properties, **named})
