"""What becomes a ticket update: answers, for the ticket that asked; and what befalls an app later, for its own ticket.

Writes a record and sends its reference; whether the ticketing system can be reached does not matter here.
"""

from dataclasses import dataclass

from shared.contract.answer import Answer
from shared.contract.request import Request
from shared.core import log
from shared.model.channel import Channel
from shared.model.operation import RESUME_AFTER, Operation
from shared.model.ticket_update import ON_DEMAND, TicketUpdate, what_of
from shared.ports import Target
from shared.ports.services import Services


@dataclass(frozen=True)
class _Address:
    """A ticket, and whether it asked for what it is told."""

    source: str
    ticket: str | None
    is_its_own: bool


async def notify(services: Services, operation: Operation, event: Answer) -> None:
    """Have a ticket told of an operation's answer or event, if its source wants that; the same event again is nothing.

    For what the registrar asked itself that is the ticket of the app's last registration.
    """
    address = await _address(services, operation, what_of(event.type))
    if address is not None:
        await _put(services, address, event, operation.id, operation.generation)


async def notify_requester(services: Services, request: Request, event: Answer) -> None:
    """Have a request's ticket told of an answer to what never became an operation."""
    await notify_address(services, request.source, request.ticket, event)


async def notify_address(services: Services, source: str, ticket: str | None, event: Answer) -> None:
    """Have a ticket whose system proved itself told of what became no operation; the same event again is nothing."""
    address = _Address(source, ticket, is_its_own=True)
    if _is_wanted(services.targets.get(source), what_of(event.type), address):
        await _put(services, address, event, None, 0)


async def _address(services: Services, operation: Operation, what: str) -> _Address | None:
    if operation.came_by is Channel.QUEUE or operation.replaced_by is not None:
        return None  # nobody proved the ticket; or it is told of what took the place
    if not operation.is_our_own:
        address = _Address(operation.request.source, operation.ticket, is_its_own=True)
    elif any(what in target.events for target in services.targets.values()):
        record = (await services.applications.read(operation.unique_name)).value
        if record.ticket_source is None:
            return None
        address = _Address(record.ticket_source, record.ticket, is_its_own=False)
    else:
        return None
    return address if _is_wanted(services.targets.get(address.source), what, address) else None


def _is_wanted(target: Target | None, what: str, address: _Address) -> bool:
    if target is None or (target.needs_ticket and address.ticket is None):
        return False
    return what in target.events or (address.is_its_own and what != ON_DEMAND)


async def _put(services: Services, address: _Address, event: Answer, operation_id: str | None, generation: int) -> None:
    now = services.runtime.now()
    update = TicketUpdate(
        id=event.id,
        source=address.source,
        ticket=address.ticket,
        is_its_own=address.is_its_own,
        operation_id=operation_id,
        generation=generation,
        what=what_of(event.type),
        event=event,
        first_at=now,
        due=now,
    )
    await services.ticket_updates.create(update, now + RESUME_AFTER)
    await services.queues.send_ticket_update(update.id)
    log.event("ticket.to_be_told", update=update.id, source=update.source, what=update.what, operation=operation_id)
