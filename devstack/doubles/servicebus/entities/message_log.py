"""The messages of one entity in the order of their sequence numbers, and which of them is next, or due, or locked."""

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Protocol
from uuid import UUID

from devstack.doubles.servicebus.entities.stored import Lock, MessageState, Stored


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

    def put_session(self, path: str, session_id: str, state: bytes | None) -> None:
        """Keep what a receiver left in a session; None forgets it."""
        ...


class MessageLog:
    """Messages by number. Every change of one is kept through `keeper`; locks are not, a restart ends them.

    With `by_session`, a receiver has the messages of one session only.
    """

    def __init__(self, path: str, keeper: Keeper, *, by_session: bool = False) -> None:
        self._path = path
        self._by_session = by_session
        self._keeper = keeper
        self._messages: dict[int, Stored] = {}
        self._order: list[int] = []
        self._last = 0
        self._ready: dict[str | None, list[int]] = {}
        """Numbers of messages, as heaps, by session where that matters; some are not ready any more."""
        self._due: list[tuple[int, int]] = []
        self._locked: dict[UUID, int] = {}

    def restore(self, messages: list[Stored], last: int) -> None:
        """Take over what was kept."""
        self._last = max([last, *(message.sequence_number for message in messages)])
        for message in sorted(messages, key=lambda kept: kept.sequence_number):
            self._messages[message.sequence_number] = message
            self._order.append(message.sequence_number)
            self._arrange(message)

    def next_number(self) -> int:
        """A sequence number that no message had before."""
        self._last += 1
        self._keeper.put_sequence(self._path, self._last)
        return self._last

    def add(self, stored: Stored) -> None:
        """Take a message in under its number, which may come from elsewhere."""
        self._last = max(self._last, stored.sequence_number)
        self._messages[stored.sequence_number] = stored
        insort(self._order, stored.sequence_number)
        self.update(stored)

    def update(self, stored: Stored) -> None:
        """Keep a message's changes, and have it found when its turn comes."""
        self._keeper.put(self._path, stored)
        self._arrange(stored)

    def remove(self, stored: Stored) -> None:
        """Forget a message."""
        self.unlock(stored)
        del self._messages[stored.sequence_number]
        del self._order[bisect_left(self._order, stored.sequence_number)]
        self._keeper.remove(self._path, stored.sequence_number)

    def lock(self, stored: Stored, lock: Lock) -> Lock:
        """Have a receiver hold a message."""
        stored.lock = lock
        self._locked[lock.token] = stored.sequence_number
        self.expect(stored, lock.until)
        return lock

    def unlock(self, stored: Stored) -> None:
        """Nobody holds it any more. Who wants it found again calls `update` or `return_unchanged`."""
        if stored.lock is not None:
            self._locked.pop(stored.lock.token, None)
            stored.lock = None

    def return_unchanged(self, stored: Stored) -> None:
        """Have a message found again that nobody looked at."""
        self.unlock(stored)
        self._arrange(stored)

    def expect(self, stored: Stored, moment: int) -> None:
        """Have a message be due at a moment."""
        heapq.heappush(self._due, (moment, stored.sequence_number))

    def due(self, now: int) -> Iterator[Stored]:
        """Messages for which something may have become due; each moment once."""
        while self.has_due(now):
            _, number = heapq.heappop(self._due)
            stored = self._messages.get(number)
            if stored is not None:
                yield stored

    def has_due(self, now: int) -> bool:
        """Return whether `due` may have one."""
        return bool(self._due) and self._due[0][0] <= now

    def find(self, number: int) -> Stored | None:
        """The message with this number."""
        return self._messages.get(number)

    def held_by(self, token: UUID) -> Stored | None:
        """The message that this token locks."""
        number = self._locked.get(token)
        return None if number is None else self._messages[number]

    def next_ready(self, session_id: str | None) -> Stored | None:
        """The first message that a receiver may have; None for the session where there are none."""
        numbers = self._ready.get(session_id, [])
        while numbers:
            stored = self._messages.get(numbers[0])
            if stored is not None and stored.is_ready:
                return stored
            heapq.heappop(numbers)
        self._ready.pop(session_id, None)
        return None

    def ready_sessions(self) -> list[str]:
        """Sessions with a message that a receiver may have, the one whose message is first before others."""
        first = [found for session in list(self._ready) if (found := self.next_ready(session)) is not None]
        in_order = sorted(first, key=lambda stored: stored.sequence_number)
        return [stored.session_id for stored in in_order if stored.session_id is not None]

    def from_number(self, start: int) -> Iterator[Stored]:
        """The messages from a number on, in order."""
        at = bisect_left(self._order, start)
        while at < len(self._order):
            yield self._messages[self._order[at]]
            at += 1

    def __iter__(self) -> Iterator[Stored]:
        """All messages, in order."""
        return (self._messages[number] for number in self._order)

    def counts(self) -> dict[str, int]:
        """How many messages there are, by state."""
        found = dict.fromkeys((state.name.lower() for state in MessageState), 0)
        for stored in self._messages.values():
            found[stored.state.name.lower()] += 1
        return found

    def _arrange(self, stored: Stored) -> None:
        if stored.is_ready:
            session_id = stored.session_id if self._by_session else None
            heapq.heappush(self._ready.setdefault(session_id, []), stored.sequence_number)
        for moment in (stored.due_at if stored.state is MessageState.SCHEDULED else None, stored.expires_at):
            if moment is not None:
                self.expect(stored, moment)
