"""Notifies tickets of malformed forms and decisions: once for the same bytes, and up to a daily limit."""

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
"""Notes a day (UTC) about malformed payloads in one ticket: only a broken flow sends more."""
MOST_OF_A_SOURCE = 500
"""The same for all tickets of a source: limits table rows, and calls to the ticketing system."""
_RACES = 8


@dataclass(frozen=True, kw_only=True)
class FaultNotes:
    """Notifies tickets of the problems with what they sent."""

    runtime: Runtime
    tenant_id: str
    counts: RequestCounts
    notifier: Notifier

    async def notify(self, fault: Fault) -> None:
        """Notify the ticket of its form's or decision's problems, if it is known and its source wants that.

        Raises DeferredError when that cannot be recorded: the sender is asked to retry, and the same bytes give the
        same note.
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
        """Count a note of today once, however often it comes; return whether it is within the limits.

        Raises BusyError after too many concurrent writes.
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
    """Records which tickets have sent a request."""

    operations: Operations
    ticket_updates: TicketUpdates
    targets: Mapping[str, Target]

    async def note_request(self, source: str, ticket: str | None) -> None:
        """Record that a ticket has sent a request: a malformed form later on does not close it."""
        if ticket is not None and source in self.targets:
            await self.ticket_updates.keep_asked(source, ticket)

    async def has_request(self, update: TicketUpdate) -> bool:
        """Return whether the ticket of a malformed form has a request, or may have one.

        A request from before tickets were recorded is found by its id alone: without an id, there may be one.
        """
        request_id = update.event.data.request_id
        if request_id is None or update.ticket is None:
            return True
        if await self.ticket_updates.has_asked(update.source, update.ticket):
            return True
        return bool(await bound_to(self.operations, update.source, request_id))


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]
