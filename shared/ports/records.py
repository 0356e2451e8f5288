"""What was asked and how far it came, kept in tables; and the pause that everybody keeps."""

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
        """Bind (channel, source, requestId) to an operation, first come first served; returns what it is bound to."""
        ...

    async def claims(self, source: str, request_id: str) -> tuple[Claim, ...]:
        """Read everything that (source, requestId) is bound to: at most one claim of each channel, and of version 1."""
        ...

    async def move_claim(self, before: Claim, after: Claim) -> None:
        """Bind a claim anew. Raises BusyError when it is not, or no longer, as `before` says."""
        ...

    async def create(self, operation: Operation, due: datetime) -> str | None:
        """Write a new record, listed as unsettled; its ETag, or None when there is one already."""
        ...

    async def read(self, operation_id: str) -> Versioned[Operation] | None:
        """Read one record."""
        ...

    async def save(self, operation: Operation, etag: str) -> str:
        """Replace a record read at `etag`; returns the new ETag. Raises BusyError when somebody else has written
        meanwhile.

        The list of unsettled ones stays as it is.
        """
        ...

    def due(self, before: datetime) -> AsyncIterator[tuple[str, int]]:
        """List unsettled operations whose next look was due before a moment: (operation id, generation)."""
        ...

    def failed(self, reason: str) -> AsyncIterator[str]:
        """List the operations that failed for this reason. Reads the whole table: for operators, not for events."""
        ...

    async def in_state(self, state: State, most: int, after: str | None) -> tuple[Operation, ...]:
        """Read some operations in a state, by their ids, behind one. Reads past all others: for people, not events."""
        ...

    async def relist(self, operation_id: str, generation: int, due: datetime) -> None:
        """Say when an unsettled operation is to be looked at again, without touching its record."""
        ...

    async def unlist(self, operation_id: str, generation: int) -> None:
        """Take an operation's generation off the list of unsettled ones."""
        ...


class Applications(Protocol):
    """The applications table."""

    async def read(self, unique_name: str) -> Versioned[ApplicationRecord]:
        """Read one app's record; an app we know nothing of yet has an empty one."""
        ...

    async def save(self, record: ApplicationRecord, etag: str) -> str:
        """Replace or create a record;

        Returns the new ETag. Raises BusyError when somebody else has written meanwhile.
        """
        ...

    async def owned_by(self, owner: Person) -> list[ApplicationRecord]:
        """List the apps that were made and are this person's. Reads past all others: for new apps and credentials."""
        ...

    def owned_by_address(self) -> AsyncIterator[str]:
        """Name the apps whose owner is known by an address alone. Reads the whole table: for timers, not for events."""
        ...


@dataclass(frozen=True)
class Cleanup:
    """The note that a credential may have been made whose value was lost, or that something of the app is going."""

    unique_name: str
    operation_id: str
    """`narrowing` for what is going, of which the app's record says more."""
    secret_names: tuple[str, ...]
    since: datetime


class Cleanups(Protocol):
    """The clean-up table: entries outlive the request that left them."""

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
    """What was counted of a requester on a day (`YYYYMMDD`); dispensable: who lost it begins the day anew."""

    async def of(self, person: str) -> dict[str, Versioned[tuple[str, ...]]]:
        """Read what is counted of a person, by day."""
        ...

    async def save(self, person: str, day: str, requests: tuple[str, ...], etag: str) -> None:
        """Keep a day as read at `etag`, empty for none. Raises BusyError when somebody else has written meanwhile."""
        ...

    async def forget(self, person: str, day: str) -> None:
        """Forget a day; already gone is a success."""
        ...


class Backoff(Protocol):
    """The pause that a throttling service asked for, shared by all workers."""

    async def until(self) -> datetime | None:
        """Read when the pause ends; None when there is none."""
        ...

    async def extend(self, until: datetime, reason: str) -> None:
        """Pause everybody until then; a longer pause that stands already is kept."""
        ...
