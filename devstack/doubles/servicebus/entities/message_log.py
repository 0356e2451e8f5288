"""The messages of one entity in the order of their sequence numbers, and which of them is next, or due, or locked."""

import heapq
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
    """Messages by number. Every change of one is kept through `keeper`; locks are not, a restart ends them."""

    def __init__(self, path: str, keeper: Keeper) -> None:
        self._path = path
        self._keeper = keeper
        self._messages: dict[int, Stored] = {}
        self._last = 0
        self._ready: list[int] = []
        self._due: list[tuple[int, int]] = []
        self._locked: dict[UUID, int] = {}

    def restore(self, messages: list[Stored], last: int) -> None:
        """Take over what was kept."""
        self._last = max([last, *(message.sequence_number for message in messages)])
        for message in sorted(messages, key=lambda kept: kept.sequence_number):
            self._messages[message.sequence_number] = message
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
        self.update(stored)

    def update(self, stored: Stored) -> None:
        """Keep a message's changes, and have it found when its turn comes."""
        self._keeper.put(self._path, stored)
        self._arrange(stored)

    def remove(self, stored: Stored) -> None:
        """Forget a message."""
        self.unlock(stored)
        del self._messages[stored.sequence_number]
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
        """The first message that a receiver may have; with a session, the first of that session."""
        if session_id is not None:
            return next((stored for stored in self if stored.is_ready and stored.session_id == session_id), None)
        while self._ready:
            stored = self._messages.get(self._ready[0])
            if stored is not None and stored.is_ready:
                return stored
            heapq.heappop(self._ready)
        return None

    def __iter__(self) -> Iterator[Stored]:
        """All messages, in order."""
        return (self._messages[number] for number in sorted(self._messages))

    def counts(self) -> dict[str, int]:
        """How many messages there are, by state."""
        found = dict.fromkeys((state.name.lower() for state in MessageState), 0)
        for stored in self._messages.values():
            found[stored.state.name.lower()] += 1
        return found

    def _arrange(self, stored: Stored) -> None:
        if stored.is_ready:
            heapq.heappush(self._ready, stored.sequence_number)
        for moment in (stored.due_at if stored.state is MessageState.SCHEDULED else None, stored.expires_at):
            if moment is not None:
                self.expect(stored, moment)
