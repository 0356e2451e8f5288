"""Tells tickets of forms and decisions that could not be read: once for the same bytes, and never without end."""

from collections import Counter
from contextlib import suppress
from hashlib import sha256

from shared.core import log
from shared.core.errors import BusyError
from shared.intake.faults import Fault
from shared.model.ticket_update import TicketUpdate
from shared.operations.claims import bound_to
from shared.ports import day_of
from shared.ports.services import Services
from shared.tickets.notify import notify_address

MOST_OF_A_TICKET = 10
"""Notes a day (UTC) about faults of form in one ticket: nobody corrects a form more often, a broken flow does."""
MOST_OF_A_SOURCE = 500
"""The same in all tickets of a source: rows of a table, and calls of the ticketing system."""
_RACES = 8


async def notify_fault(services: Services, fault: Fault) -> None:
    """Have the ticket told what is wrong with its form, or its decision, if it is known and its source wants that.

    Raises DeferredError when that cannot be recorded: the sender is asked to send again, and the same bytes are one
    note.
    """
    source, ticket = fault.source.name, fault.ticket
    if ticket is None and fault.request_id is None:
        return
    target = services.targets.get(source)
    if target is None or (target.needs_ticket and ticket is None):
        return
    event = fault.event(services.runtime.now(), services.tenant_id)
    if await _is_within_bounds(services, source, ticket or "", event.id):
        await notify_address(services, source, ticket, event)
    else:
        log.warning("ticket.too_many_faults", source=source, ticket=ticket)


async def note_request(services: Services, source: str, ticket: str | None) -> None:
    """Keep that a ticket has asked for something: a form of it that goes wrong later does not close it."""
    if ticket is not None and source in services.targets:
        await services.ticket_updates.keep_asked(source, ticket)


async def has_request(services: Services, update: TicketUpdate) -> bool:
    """Return whether the ticket of a malformed form has a request, or may have one.

    A request that came before tickets were kept is found by its id alone: without that, nobody knows.
    """
    request_id = update.event.data.request_id
    if request_id is None or update.ticket is None:
        return True
    if await services.ticket_updates.has_asked(update.source, update.ticket):
        return True
    return bool(await bound_to(services.operations, update.source, request_id))


async def _is_within_bounds(services: Services, source: str, ticket: str, event_id: str) -> bool:
    """Count a note of today once, however often it comes. Raises BusyError when others are counted all the time."""
    counter, today = f"faults-{_short(source)}", day_of(services.runtime.now())
    place = _short(ticket)
    mark = f"{place}-{event_id[:8]}"
    for _ in range(_RACES):
        days = await services.request_counts.of(counter)
        counted = days.get(today)
        marks = counted.value if counted is not None else ()
        if mark in marks:
            return True
        of_ticket = Counter(each.partition("-")[0] for each in marks)[place]
        if of_ticket >= MOST_OF_A_TICKET or len(marks) >= MOST_OF_A_SOURCE:
            return False
        with suppress(BusyError):
            await services.request_counts.save(counter, today, (*marks, mark), counted.etag if counted else "")
            for day in (day for day in days if day < today):
                await services.request_counts.forget(counter, day)
            return True
    raise BusyError(f"too many faults of the source {source} arrive at once")


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]
