"""One queue of messages: a queue, a subscription, or the dead letters of either.

Rules as Microsoft's documentation has them ("Message transfers, locks, and settlement", "Message sequencing and
timestamps", "Message expiration", "Service Bus dead-letter queues", "Duplicate detection") and as the clients expect
them; where these say nothing, a comment says what was assumed.
"""

import heapq
from collections.abc import Callable, Iterator
from typing import Any, Protocol
from uuid import UUID

from devstack.doubles.servicebus.amqp.message import Message
from devstack.doubles.servicebus.amqp.types import Symbol
from devstack.doubles.servicebus.entities import errors
from devstack.doubles.servicebus.entities.sessions import Sessions
from devstack.doubles.servicebus.entities.settings import QueueSettings, milliseconds
from devstack.doubles.servicebus.entities.stored import SCHEDULED_TIME, Lock, MessageState, Stored

DEAD_LETTERS = "$DeadLetterQueue"
REASON, DESCRIPTION = "DeadLetterReason", "DeadLetterErrorDescription"


class Keeper(Protocol):
    """Where messages outlive the process."""

    def put(self, path: str, message: Stored) -> None:
        """Keep a message as it is now."""
        ...

    def remove(self, path: str, sequence_number: int) -> None:
        """Forget a message."""
        ...

    def put_sequence(self, path: str, last: int) -> None:
        """Keep the last sequence number that was given out."""
        ...


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
        self.sessions = Sessions(path, milliseconds(settings.lock_duration), new_token)
        self._keeper = keeper
        self._new_token = new_token
        self._messages: dict[int, Stored] = {}
        self._last = 0
        self._ready: list[int] = []
        self._due: list[tuple[int, int]] = []
        self._locked: dict[UUID, int] = {}
        self._seen: dict[Any, int] = {}

    def restore(self, messages: list[Stored], last: int) -> None:
        """Take over what was kept."""
        self._last = max([last, *(message.sequence_number for message in messages)])
        for message in sorted(messages, key=lambda kept: kept.sequence_number):
            self._messages[message.sequence_number] = message
            self._arrange(message)

    def is_duplicate(self, message: Message, now: int) -> bool:
        """Return whether a message with this id came within the window; if not, it has come now."""
        if not self.settings.requires_duplicate_detection or message.properties.message_id is None:
            return False
        window = milliseconds(self.settings.duplicate_detection_history_time_window)
        self._seen = {key: at for key, at in self._seen.items() if now - at < window}
        key = message.properties.message_id
        if key in self._seen:
            return True
        self._seen[key] = now
        return False

    def enqueue(self, message: Message, now: int, due_at: int | None = None) -> int:
        """Take a message in, visible at once or at `due_at`. Return its sequence number; of a duplicate, 0."""
        if self.settings.requires_session and message.properties.group_id is None:
            raise errors.not_allowed(
                f"The SessionId was not set on a message, and it cannot be sent to the entity {self.path}."
                " Entities that have session support enabled can only receive messages that have the SessionId set."
            )
        if self.is_duplicate(message, now):
            return 0
        is_scheduled = due_at is not None and due_at > now
        number = self._next_number()
        stored = Stored(
            message,
            number,
            now,
            MessageState.SCHEDULED if is_scheduled else MessageState.ACTIVE,
            due_at if is_scheduled else None,
            None if is_scheduled else self._expiry(message, now),
            enqueue_sequence_number=number,
        )
        self._put(stored)
        return number

    def cancel(self, sequence_number: int) -> None:
        """Drop a scheduled message."""
        stored = self._messages.get(sequence_number)
        if stored is None or stored.state is not MessageState.SCHEDULED:
            raise errors.message_not_found(self.path, sequence_number)
        self._remove(stored)

    def take(self, now: int, session_id: str | None = None, *, locks: bool = True) -> tuple[Stored, Lock | None] | None:
        """The next message for a receiver, locked; or, without `locks`, removed. None when there is none.

        With sessions, `session_id` is the one that the receiver holds, whose lock covers its messages.
        """
        self.catch_up(now)
        stored = self._next_ready(session_id)
        if stored is None:
            return None
        if not locks:
            self._remove(stored)
            return stored, None
        return stored, self._lock(stored, now, session_id)

    def take_deferred(
        self, sequence_numbers: list[int], now: int, session_id: str | None = None, *, locks: bool = True
    ) -> list[tuple[Stored, Lock | None]]:
        """The deferred messages with these numbers, all or none."""
        self.catch_up(now)
        wanted: list[Stored] = []
        for number in sequence_numbers:
            stored = self._messages.get(number)
            if stored is None or stored.state is not MessageState.DEFERRED or stored.lock is not None:
                raise errors.message_not_found(self.path, number)
            if stored.session_id != session_id and self.settings.requires_session:
                raise errors.message_not_found(self.path, number)
            wanted.append(stored)
        if not locks:
            for stored in wanted:
                self._remove(stored)
            return [(stored, None) for stored in wanted]
        return [(stored, self._lock(stored, now, session_id)) for stored in wanted]

    def complete(self, token: UUID, now: int) -> None:
        """The receiver is done with it."""
        self._remove(self._held(token, now))

    def abandon(self, token: UUID, now: int, changes: dict[Any, Any] | None = None) -> None:
        """The receiver gives it back, counted."""
        stored = self._held(token, now)
        _change(stored, changes)
        self._give_back(stored)

    def defer(self, token: UUID, now: int, changes: dict[Any, Any] | None = None) -> None:
        """The receiver will ask for it by number."""
        stored = self._held(token, now)
        _change(stored, changes)
        self._unlock(stored)
        stored.state = MessageState.DEFERRED
        stored.delivery_count += 1
        self._keeper.put(self.path, stored)

    def bury(
        self, token: UUID, now: int, reason: str | None, description: str | None, changes: dict[Any, Any] | None = None
    ) -> None:
        """The receiver sends it to the dead letters."""
        stored = self._held(token, now)
        _change(stored, changes)
        self._to_dead_letters(stored, reason, description)

    def release(self, token: UUID, now: int) -> None:
        """The receiver never looked at it: it goes back uncounted."""
        stored = self._held(token, now)
        self._unlock(stored)
        self._arrange(stored)

    def renew(self, token: UUID, now: int) -> int:
        """Hold a message for longer. Return until when."""
        stored = self._held(token, now)
        assert stored.lock is not None
        stored.lock.until = now + milliseconds(self.settings.lock_duration)
        heapq.heappush(self._due, (stored.lock.until, stored.sequence_number))
        return stored.lock.until

    def peek(self, start: int, count: int, now: int, session_id: str | None = None) -> list[Stored]:
        """Up to `count` messages from a sequence number on, whatever their state; nothing is locked."""
        self.catch_up(now)
        found: list[Stored] = []
        for number in sorted(number for number in self._messages if number >= start):
            stored = self._messages[number]
            if session_id is None or stored.session_id == session_id:
                found.append(stored)
            if len(found) == count:
                break
        return found

    def next_session(self) -> str | None:
        """The session of the first ready message whose session nobody holds."""
        for number in sorted(self._messages):
            stored = self._messages[number]
            if stored.is_ready and stored.session_id is not None and not self.sessions.is_held(stored.session_id):
                return stored.session_id
        return None

    def session_ids(self) -> list[str]:
        """All sessions that have messages or a state."""
        with_messages = {stored.session_id for stored in self._messages.values() if stored.session_id is not None}
        return sorted(with_messages | set(self.sessions.with_state()))

    def has_ready(self, now: int, session_id: str | None = None) -> bool:
        """Return whether a receiver would get something."""
        self.catch_up(now)
        return self._next_ready(session_id) is not None

    def has_due(self, now: int) -> bool:
        """Return whether `catch_up` has something to do."""
        return bool(self._due) and self._due[0][0] <= now

    def catch_up(self, now: int) -> None:
        """Do what has become due: delays end, locks lapse, messages expire."""
        while self._due and self._due[0][0] <= now:
            _, number = heapq.heappop(self._due)
            stored = self._messages.get(number)
            if stored is not None:
                self._do_due(stored, now)

    def give_back_session(self, session_id: str) -> None:
        """Nobody holds the session any more: its locked messages are ready again, counted."""
        for stored in list(self._messages.values()):
            if stored.lock is not None and stored.session_id == session_id:
                self._give_back(stored)

    def clear(self) -> None:
        """Remove all messages, and forget which ones came."""
        self._seen.clear()
        for stored in list(self._messages.values()):
            self._remove(stored)

    def counts(self) -> dict[str, int]:
        """How many messages there are, by state."""
        found = dict.fromkeys((state.name.lower() for state in MessageState), 0)
        for stored in self._messages.values():
            found[stored.state.name.lower()] += 1
        return found

    def messages(self) -> Iterator[Stored]:
        """All messages, in order."""
        yield from (self._messages[number] for number in sorted(self._messages))

    def _do_due(self, stored: Stored, now: int) -> None:
        if stored.state is MessageState.SCHEDULED and stored.due_at is not None and stored.due_at <= now:
            # It is appended as if it had been sent now, with a new number (documented).
            self._remove(stored)
            stored.sequence_number = self._next_number()
            stored.state, stored.enqueued_at = MessageState.ACTIVE, stored.due_at
            stored.expires_at = self._expiry(stored.message, stored.due_at)
            self._put(stored)
        elif stored.lock is not None:
            if stored.lock.until <= now and not self.settings.requires_session:
                self._give_back(stored)
        elif stored.expires_at is not None and stored.expires_at <= now:
            if self.settings.dead_lettering_on_message_expiration:
                self._to_dead_letters(stored, "TTLExpiredException", "The message expired and was dead lettered.")
            else:
                self._remove(stored)

    def _give_back(self, stored: Stored) -> None:
        self._unlock(stored)
        stored.delivery_count += 1
        largest = self.settings.max_delivery_count
        if self.dead_letters is not None and stored.delivery_count >= largest:
            self._to_dead_letters(
                stored,
                "MaxDeliveryCountExceeded",
                f"Message could not be consumed after {largest} delivery attempts.",
            )
            return
        self._keeper.put(self.path, stored)
        self._arrange(stored)

    def _to_dead_letters(self, stored: Stored, reason: str | None, description: str | None) -> None:
        if self.dead_letters is None:
            raise errors.not_allowed(f"{self.path} has no dead letters of its own.")
        self._remove(stored)
        said = {REASON: reason, DESCRIPTION: description}
        given = {key: value for key, value in said.items() if value is not None}
        stored.message.set_application_properties({**stored.message.application_properties, **given})
        stored.state, stored.expires_at = MessageState.ACTIVE, None
        stored.dead_letter_source = self.path
        self.dead_letters.adopt(stored)

    def adopt(self, stored: Stored) -> None:
        """Take a message over from the queue that these are the dead letters of; it keeps its number."""
        self._last = max(self._last, stored.sequence_number)
        self._put(stored)

    def _lock(self, stored: Stored, now: int, session_id: str | None) -> Lock:
        held = self.sessions.lock_of(session_id) if session_id is not None else None
        until = held.until if held else now + milliseconds(self.settings.lock_duration)
        stored.lock = Lock(self._new_token(), until)
        self._locked[stored.lock.token] = stored.sequence_number
        heapq.heappush(self._due, (until, stored.sequence_number))
        return stored.lock

    def _unlock(self, stored: Stored) -> None:
        if stored.lock is not None:
            self._locked.pop(stored.lock.token, None)
            stored.lock = None

    def _held(self, token: UUID, now: int) -> Stored:
        self.catch_up(now)
        number = self._locked.get(token)
        if number is None:
            raise errors.message_lock_lost(self.path)
        return self._messages[number]

    def _next_ready(self, session_id: str | None) -> Stored | None:
        if session_id is not None:
            mine = (stored for stored in self.messages() if stored.is_ready and stored.session_id == session_id)
            return next(mine, None)
        while self._ready:
            stored = self._messages.get(self._ready[0])
            if stored is not None and stored.is_ready:
                return stored
            heapq.heappop(self._ready)
        return None

    def _arrange(self, stored: Stored) -> None:
        """Have it found when its turn comes."""
        if stored.is_ready:
            heapq.heappush(self._ready, stored.sequence_number)
        for moment in (stored.due_at if stored.state is MessageState.SCHEDULED else None, stored.expires_at):
            if moment is not None:
                heapq.heappush(self._due, (moment, stored.sequence_number))

    def _put(self, stored: Stored) -> None:
        self._messages[stored.sequence_number] = stored
        self._keeper.put(self.path, stored)
        self._arrange(stored)

    def _remove(self, stored: Stored) -> None:
        self._unlock(stored)
        del self._messages[stored.sequence_number]
        self._keeper.remove(self.path, stored.sequence_number)

    def _next_number(self) -> int:
        self._last += 1
        self._keeper.put_sequence(self.path, self._last)
        return self._last

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
