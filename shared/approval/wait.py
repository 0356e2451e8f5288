"""Handling of operations that wait for a decision, and of those that have one."""

from dataclasses import dataclass
from datetime import datetime

from shared.approval.request import ApprovalRequests, refused_problem, undecided_problem
from shared.audit import events
from shared.core.errors import BusyError, RejectedError
from shared.core.runtime import Runtime
from shared.model.operation import Operation
from shared.ports import Audit, Operations, Queues, Versioned
from shared.tickets.notify import Notifier


@dataclass(frozen=True, kw_only=True)
class ApprovalWait:
    """Has operations wait until a decision is made or its time is over."""

    runtime: Runtime
    operations: Operations
    queues: Queues
    notifier: Notifier
    requests: ApprovalRequests

    async def wait(self, stored: Versioned[Operation]) -> None:
        """Ask for a decision, if not done yet, and have the operation checked again when its time is over."""
        operation, approval = stored.value, stored.value.approval
        if approval is None:
            raise ValueError(f"operation {operation.id} waits for no approval")
        if approval.announced_at is None:
            event = self.requests.event(operation, approval)
            await self.queues.send_event(event.to_json())
            await self.notifier.notify(operation, event)
            told = approval.model_copy(update={"announced_at": self.runtime.now()})
            try:
                await self.operations.save(operation.model_copy(update={"approval": told}), stored.etag)
            except BusyError:  # already decided
                return
        await self.operations.relist(operation.id, operation.generation, approval.expires)


async def apply_decision(audit: Audit, operation: Operation, now: datetime) -> None:
    """Note a decision in the audit record before it is acted on.

    Raises RejectedError after a refusal, and if nobody decided in time.
    """
    approval = operation.approval
    if approval is None:
        return
    if operation.is_overdue_for_approval(now):
        raise RejectedError([undecided_problem(approval)])
    if approval.decision is None:
        return
    await audit.note(events.decided(operation, approval, approval.decision, now))
    if approval.decision.outcome == "refused":
        raise RejectedError([refused_problem(approval)])
