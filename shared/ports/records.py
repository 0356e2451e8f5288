"""Records of requests and their progress, in tables; and the pause shared by all workers."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.model.application import ApplicationRecord
from shared.model.claim import Claim
from shared.model.operation import Operation, State
from shared.model.person import Person


@dataclass(frozen=True)
class Versioned[T]:
    """A stored value with the ETag it was read at."""

    value: T
    etag: str


class Operations(Protocol):
    """The operations table, and the index of those not yet settled."""

    async def claim(self, claim: Claim) -> Claim:
        """Bind (channel, source, requestId) to an operation unless it is bound already; return the binding in force."""
        ...

    async def claims(self, source: str, request_id: str) -> tuple[Claim, ...]:
        """Read all claims of (source, requestId): at most one for each channel, and one of version 1."""
        ...

    async def move_claim(self, before: Claim, after: Claim) -> None:
        """Rebind a claim. Raises BusyError if it is not, or no longer, equal to `before`."""
        ...

    async def create(self, operation: Operation, due: datetime) -> str | None:
        """Write a new record, listed as unsettled; return its ETag, or None if it exists already."""
        ...

    async def read(self, operation_id: str) -> Versioned[Operation] | None:
        """Read one record."""
        ...

    async def save(self, operation: Operation, etag: str) -> str:
        """Replace a record read at `etag`; return the new ETag. Raises BusyError on a concurrent write.

        Does not change the list of unsettled operations.
        """
        ...

    def due(self, before: datetime) -> AsyncIterator[tuple[str, int]]:
        """List unsettled operations whose next check was due before a given time: (operation id, generation)."""
        ...

    def failed(self, reason: str) -> AsyncIterator[str]:
        """List the operations that failed for this reason. Scans the whole table: for operators, not for events."""
        ...

    async def in_state(self, state: State, most: int, after: str | None) -> tuple[Operation, ...]:
        """Read some operations in a state, ordered by id, after a given id. Scans all others: not for events."""
        ...

    async def relist(self, operation_id: str, generation: int, due: datetime) -> None:
        """Set when an unsettled operation is to be checked again, without touching its record."""
        ...

    async def unlist(self, operation_id: str, generation: int) -> None:
        """Remove an operation's generation from the list of unsettled operations."""
        ...


class Applications(Protocol):
    """The applications table."""

    async def read(self, unique_name: str) -> Versioned[ApplicationRecord]:
        """Read one app's record; an unknown app has an empty one."""
        ...

    async def save(self, record: ApplicationRecord, etag: str) -> str:
        """Replace or create a record; return the new ETag. Raises BusyError on a concurrent write."""
        ...

    async def owned_by(self, owner: Person) -> list[ApplicationRecord]:
        """List the existing apps of this owner. Scans all others: only for new apps and credentials."""
        ...

    def owned_by_address(self) -> AsyncIterator[str]:
        """List the apps whose owner is known only by address. Scans the whole table: for timers, not for events."""
        ...


@dataclass(frozen=True)
class Cleanup:
    """A mark that a credential may exist whose value was lost, or that something of the app is being taken back."""

    unique_name: str
    operation_id: str
    """`narrowing` for what is being taken back; details are in the app's record."""
    secret_names: tuple[str, ...]
    since: datetime


class Cleanups(Protocol):
    """The clean-up table: entries outlive the requests that created them."""

    async def put(self, cleanup: Cleanup) -> None:
        """Write or renew an entry."""
        ...

    async def remove(self, unique_name: str, operation_id: str) -> None:
        """Remove an entry; already gone is a success."""
        ...

    def all(self) -> AsyncIterator[Cleanup]:
        """List all entries."""
        ...


class RequestCounts(Protocol):
    """Requests counted per requester and day (`YYYYMMDD`). Dispensable: if lost, the day's count starts again."""

    async def of(self, person: str) -> dict[str, Versioned[tuple[str, ...]]]:
        """Read a person's counts, by day."""
        ...

    async def save(self, person: str, day: str, requests: tuple[str, ...], etag: str) -> None:
        """Save a day read at `etag`, which is empty for a new one. Raises BusyError on a concurrent write."""
        ...

    async def forget(self, person: str, day: str) -> None:
        """Forget a day; already gone is a success."""
        ...


class Backoff(Protocol):
    """The pause that a throttling service asked for, shared by all workers."""

    async def until(self) -> datetime | None:
        """Read when the pause ends; None if there is none."""
        ...

    async def extend(self, until: datetime, reason: str) -> None:
        """Pause all workers until then; an existing longer pause is kept."""
        ...
