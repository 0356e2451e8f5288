"""Tells tickets of forms and decisions that could not be read: once for the same bytes, and never without end."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from shared.core import log
from shared.core.runtime import Runtime
from shared.intake.faults import Fault
from shared.model.ticket_update import TicketUpdate
from shared.operations.claims import bound_to
from shared.operations.counts import count_once
from shared.ports import Operations, RequestCounts, Target, TicketUpdates, day_of
from shared.tickets.notify import Notifier

MOST_OF_A_TICKET = 10
"""Notes a day (UTC) about faults of form in one ticket: nobody corrects a form more often, a broken flow does."""
MOST_OF_A_SOURCE = 500
"""The same in all tickets of a source: rows of a table, and calls of the ticketing system."""
_RACES = 8


@dataclass(frozen=True, kw_only=True)
class FaultNotes:
    """Tells tickets what is wrong with what they sent."""

    runtime: Runtime
    tenant_id: str
    counts: RequestCounts
    notifier: Notifier

    async def notify(self, fault: Fault) -> None:
        """Have the ticket told what is wrong with its form, or its decision, if it is known and its source wants that.

        Raises DeferredError when that cannot be recorded: the sender is asked to send again, and the same bytes are one
        note.
        """
        source, ticket = fault.source.name, fault.ticket
        if ticket is None and fault.request_id is None:
            return
        target = self.notifier.targets.get(source)
        if target is None or (target.needs_ticket and ticket is None):
            return
        event = fault.event(self.runtime.now(), self.tenant_id)
        if await self._count_note(source, ticket or "", event.id):
            await self.notifier.notify_address(source, ticket, event)
        else:
            log.warning("ticket.too_many_faults", source=source, ticket=ticket)

    async def _count_note(self, source: str, ticket: str, event_id: str) -> bool:
        """Count a note of today once, however often it comes; returns whether there is room for it.

        Raises BusyError when others are counted all the time.
        """
        place = _short(ticket)

        def has_room(marks: Sequence[str]) -> bool:
            of_ticket = Counter(each.partition("-")[0] for each in marks)[place]
            return of_ticket < MOST_OF_A_TICKET and len(marks) < MOST_OF_A_SOURCE

        return await count_once(
            self.counts,
            f"faults-{_short(source)}",
            day_of(self.runtime.now()),
            f"{place}-{event_id[:8]}",
            has_room,
            races=_RACES,
            busy=f"too many faults of the source {source} arrive at once",
        )


@dataclass(frozen=True, kw_only=True)
class AskingTickets:
    """Which tickets have asked for something."""

    operations: Operations
    ticket_updates: TicketUpdates
    targets: Mapping[str, Target]

    async def note_request(self, source: str, ticket: str | None) -> None:
        """Keep that a ticket has asked for something: a form of it that goes wrong later does not close it."""
        if ticket is not None and source in self.targets:
            await self.ticket_updates.keep_asked(source, ticket)

    async def has_request(self, update: TicketUpdate) -> bool:
        """Return whether the ticket of a malformed form has a request, or may have one.

        A request that came before tickets were kept is found by its id alone: without that, nobody knows.
        """
        request_id = update.event.data.request_id
        if request_id is None or update.ticket is None:
            return True
        if await self.ticket_updates.has_asked(update.source, update.ticket):
            return True
        return bool(await bound_to(self.operations, update.source, request_id))


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]
