"""Deliveries on a receiver's link: what their receiver says of them."""

from uuid import UUID

from devstack.doubles.servicebus.amqp.outcomes import Accepted, Modified, Outcome, Rejected, Released
from devstack.doubles.servicebus.entities.queue import DESCRIPTION, REASON, Queue


def settle(queue: Queue, token: UUID, outcome: Outcome, now: int) -> None:
    """Do to a locked message what its receiver says. Raises BusError."""
    match outcome:
        case Accepted():
            queue.complete(token, now)
        case Rejected(error=error):
            info = {str(key): value for key, value in ((error.info if error else None) or {}).items()}
            queue.bury(token, now, info.pop(REASON, None), info.pop(DESCRIPTION, None), info)
        case Modified(undeliverable_here=True, message_annotations=changes):
            queue.defer(token, now, changes)
        case Modified(message_annotations=changes):
            queue.abandon(token, now, changes)
        case Released():
            queue.release(token, now)


def verb(outcome: Outcome) -> str:
    """What an outcome is called in the journal and in faults."""
    match outcome:
        case Accepted():
            return "completed"
        case Rejected():
            return "deadLettered"
        case Modified(undeliverable_here=True):
            return "deferred"
        case _:
            return "abandoned"
