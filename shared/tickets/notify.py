"""Creates ticket updates: answers for the requesting ticket, and later news of an app for the app's own ticket.

Writes a record and sends its reference; the ticketing system does not have to be reachable.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.contract.answer import Answer
from shared.contract.request import Request
from shared.core import log
from shared.core.runtime import Runtime
from shared.model.channel import Channel
from shared.model.operation import RESUME_AFTER, Operation
from shared.model.ticket_update import ON_DEMAND, TicketUpdate, what_of
from shared.ports import Applications, Queues, Target, TicketUpdates


@dataclass(frozen=True)
class _Address:
    """A ticket, and whether the news is about its own request."""

    source: str
    ticket: str | None
    is_its_own: bool


@dataclass(frozen=True, kw_only=True)
class Notifier:
    """Creates updates for tickets whose source has them configured."""

    runtime: Runtime
    applications: Applications
    ticket_updates: TicketUpdates
    queues: Queues
    targets: Mapping[str, Target]
    """Ticketing systems that receive updates, by the requests' source."""

    async def notify(self, operation: Operation, event: Answer) -> None:
        """Create a ticket update for an operation's answer or event; idempotent for the same event.

        For the registrar's own requests, it goes to the ticket of the app's last registration.
        """
        address = await self._address(operation, what_of(event.type))
        if address is not None:
            await self._put(address, event, operation.id, operation.generation)

    async def notify_requester(self, request: Request, event: Answer) -> None:
        """Create an update for a request's ticket about a request that never became an operation."""
        await self.notify_address(request.source, request.ticket, event)

    async def notify_address(self, source: str, ticket: str | None, event: Answer) -> None:
        """Create an update for a ticket of a verified system, about something without an operation; idempotent."""
        address = _Address(source, ticket, is_its_own=True)
        if _is_wanted(self.targets.get(source), what_of(event.type), address):
            await self._put(address, event, None, 0)

    async def _address(self, operation: Operation, what: str) -> _Address | None:
        if operation.came_by is Channel.QUEUE or operation.replaced_by is not None:
            return None  # the ticket is unverified; or it gets the updates of the replacement
        if not operation.is_our_own:
            address = _Address(operation.request.source, operation.ticket, is_its_own=True)
        elif any(what in target.events for target in self.targets.values()):
            record = (await self.applications.read(operation.unique_name)).value
            if record.ticket_source is None:
                return None
            address = _Address(record.ticket_source, record.ticket, is_its_own=False)
        else:
            return None
        return address if _is_wanted(self.targets.get(address.source), what, address) else None

    async def _put(self, address: _Address, event: Answer, operation_id: str | None, generation: int) -> None:
        now = self.runtime.now()
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
        await self.ticket_updates.create(update, now + RESUME_AFTER)
        await self.queues.send_ticket_update(update.id)
        log.event("ticket.to_be_told", update=update.id, source=update.source, what=update.what, operation=operation_id)


def _is_wanted(target: Target | None, what: str, address: _Address) -> bool:
    if target is None or (target.needs_ticket and address.ticket is None):
        return False
    return what in target.events or (address.is_its_own and what != ON_DEMAND)
