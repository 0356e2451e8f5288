"""An operation that waits for somebody's decision, and one that has it: what is told, noted, and ended."""

from shared.approval.request import approval_requested, refused_problem, undecided_problem
from shared.audit import events
from shared.core.errors import BusyError, RejectedError
from shared.model.operation import Operation
from shared.ports import Versioned
from shared.ports.services import Services
from shared.tickets.notify import notify


async def wait_for_approval(services: Services, stored: Versioned[Operation]) -> None:
    """Tell who may decide, if that is not done, and have the operation looked at again when it is too late."""
    operation, approval = stored.value, stored.value.approval
    if approval is None:
        raise ValueError(f"operation {operation.id} waits for no approval")
    if approval.announced_at is None:
        event = approval_requested(services, operation, approval)
        await services.queues.send_event(event.to_json())
        await notify(services, operation, event)
        told = approval.model_copy(update={"announced_at": services.runtime.now()})
        try:
            await services.operations.save(operation.model_copy(update={"approval": told}), stored.etag)
        except BusyError:  # somebody decided already
            return
    await services.operations.relist(operation.id, operation.generation, approval.expires)


async def apply_decision(services: Services, operation: Operation) -> None:
    """Note what was decided before it is acted on.

    Raises RejectedError after a refusal, and when nobody decided in time.
    """
    approval, now = operation.approval, services.runtime.now()
    if approval is None:
        return
    if operation.is_overdue_for_approval(now):
        raise RejectedError([undecided_problem(approval)])
    if approval.decision is None:
        return
    await services.audit.note(events.decided(operation, approval, approval.decision, now))
    if approval.decision.outcome == "refused":
        raise RejectedError([refused_problem(approval)])
