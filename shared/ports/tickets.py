"""Tickets of other systems, and the table of their updates."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.model.ticket_update import TicketUpdate
from shared.ports.records import Versioned


@dataclass(frozen=True)
class Note:
    """A note for a ticket: `mark` is a separate line of `text`; `event` is the same content as JSON."""

    id: str
    mark: str
    text: str
    event: str
    since: datetime
    """The note cannot be older than this."""


class TicketSystem(Protocol):
    """One ticketing system.

    Raises ThrottledError, UnavailableError, ForbiddenError (our account lacks a right), RefusedError (any other fixable
    problem), and NotShownError.
    """

    async def has_note(self, ticket: str, note: Note) -> bool:
        """Return whether a ticket has this note."""
        ...

    async def add_note(self, ticket: str, note: Note) -> None:
        """Write a note."""
        ...

    async def set_state(self, ticket: str, status: str) -> None:
        """Set a ticket to the state configured for a status, if it is in another."""
        ...


@dataclass(frozen=True)
class Target:
    """The ticketing system of a source, and which updates its tickets get."""

    system: TicketSystem
    events: frozenset[str] = frozenset()
    """Updates sent besides answers."""
    statuses: frozenset[str] = frozenset()
    """Statuses with a configured ticket state."""
    needs_ticket: bool = True
    shows_notes: bool = True
    """Whether a ticket's notes can be read back; if not, an accepted note counts as shown."""


class TicketUpdates(Protocol):
    """The table of updates, the list of waiting ones, and the tickets that have sent requests."""

    async def create(self, update: TicketUpdate, look_again: datetime) -> None:
        """Write a new record, listed as waiting; does nothing if it exists already."""
        ...

    async def read(self, update_id: str) -> Versioned[TicketUpdate] | None:
        """Read one record."""
        ...

    async def save(self, update: TicketUpdate, etag: str) -> str:
        """Replace a record read at `etag`; return the new ETag. Raises BusyError on a concurrent write.

        Does not change the list of waiting updates.
        """
        ...

    def due(self, before: datetime) -> AsyncIterator[str]:
        """List the waiting updates whose next check was due before a given time."""
        ...

    async def relist(self, update_id: str, look_again: datetime) -> None:
        """Set when a waiting update is to be checked again."""
        ...

    async def unlist(self, update_id: str) -> None:
        """Remove an update from the list; not listed is a success."""
        ...

    async def keep_asked(self, source: str, ticket: str) -> None:
        """Record permanently that a ticket has sent a request; idempotent."""
        ...

    async def has_asked(self, source: str, ticket: str) -> bool:
        """Return whether a ticket is known to have sent a request."""
        ...
