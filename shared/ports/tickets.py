"""Tickets of other systems, and the table of what they are to be told."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.model.ticket_update import TicketUpdate
from shared.ports.records import Versioned


@dataclass(frozen=True)
class Note:
    """What a ticket is told: `mark` stands as its own line in `text`; `event` is the same for machines, as JSON."""

    id: str
    mark: str
    text: str
    event: str
    since: datetime
    """No note of this is older."""


class TicketSystem(Protocol):
    """One ticketing system.

    Raises ThrottledError, UnavailableError, ForbiddenError (our account lacks a right), RefusedError (anything else
    that somebody may mend), and NotShownError.
    """

    async def has_note(self, ticket: str, note: Note) -> bool:
        """Return whether a ticket has this note."""
        ...

    async def add_note(self, ticket: str, note: Note) -> None:
        """Write a note."""
        ...

    async def set_state(self, ticket: str, status: str) -> None:
        """Bring a ticket to the state that is configured for a status, if it is in another."""
        ...


@dataclass(frozen=True)
class Target:
    """Where the tickets of a source are told of answers."""

    system: TicketSystem
    events: frozenset[str] = frozenset()
    """What else is told there."""
    statuses: frozenset[str] = frozenset()
    """Those that have a state of the ticket."""
    needs_ticket: bool = True
    shows_notes: bool = True
    """Whether the system can be asked what a ticket shows; where it cannot, what it took counts as shown."""


class TicketUpdates(Protocol):
    """The table of updates, the list of those that wait, and the tickets that have asked for something."""

    async def create(self, update: TicketUpdate, look_again: datetime) -> None:
        """Write a new record, listed as waiting; does nothing when there is one already."""
        ...

    async def read(self, update_id: str) -> Versioned[TicketUpdate] | None:
        """Read one record."""
        ...

    async def save(self, update: TicketUpdate, etag: str) -> str:
        """Replace a record read at `etag`; returns the new ETag. Raises BusyError when somebody else has written
        meanwhile.

        The list stays as it is.
        """
        ...

    def due(self, before: datetime) -> AsyncIterator[str]:
        """List the waiting ones whose next look was due before a moment."""
        ...

    async def relist(self, update_id: str, look_again: datetime) -> None:
        """Say when a waiting one is to be looked at again."""
        ...

    async def unlist(self, update_id: str) -> None:
        """Take one off the list; not there is a success."""
        ...

    async def keep_asked(self, source: str, ticket: str) -> None:
        """Keep for ever that a ticket has sent a request; again is nothing."""
        ...

    async def has_asked(self, source: str, ticket: str) -> bool:
        """Return whether a ticket is known to have sent a request."""
        ...
