"""Notes about approvals in tickets: records when the note asking for a decision was seen; reports void decisions."""

from dataclasses import dataclass
from datetime import datetime

from shared.approval.messages import DecisionMessage
from shared.approval.refusals import DecisionRefusedError
from shared.approval.request import ApprovalRequests
from shared.contract.answer import VOID_TYPE, Answer, AnsweredError, answer_id
from shared.core import log
from shared.core.errors import BusyError
from shared.model.operation import Operation, State
from shared.ports import Operations
from shared.tickets.notify import Notifier

_RACES = 8
_MOST_SPENT = 100
"""Maximum spent ids kept in an approval: records have a size limit, and a ticket may be decided on repeatedly."""


@dataclass(frozen=True, kw_only=True)
class ApprovalNotes:
    """Tracks what tickets show of approvals, in the records of waiting operations."""

    operations: Operations
    notifier: Notifier
    requests: ApprovalRequests

    async def record_seen(self, operation_id: str, note_id: str, seen_at: datetime) -> None:
        """Record when the note asking for a decision was first seen in its ticket, if it is about what still waits.

        A worker that dies before this call sees the note again, later: a decision made in between has to be repeated.
        Raises BusyError if others keep writing the record.
        """
        for _ in range(_RACES):
            stored = await self.operations.read(operation_id)
            if stored is None or not self._asks(stored.value, note_id):
                return
            operation, approval = stored.value, stored.value.approval
            if approval is None or approval.note_seen_at is not None:
                return
            seen = approval.model_copy(update={"note_seen_at": seen_at})
            try:
                await self.operations.save(operation.model_copy(update={"approval": seen}), stored.etag)
            except BusyError:
                continue
            log.event("approval.note_seen", operation=operation.id)
            return
        raise BusyError(f"others keep writing the record of {operation_id}")

    async def use_up(self, operation_id: str, message: DecisionMessage, refused: DecisionRefusedError) -> None:
        """Add a note about a decision that does not count to the waiting ticket; it is already in the audit record.

        Its id is spent. Raises BusyError if others keep writing the record.
        """
        log.warning("approval.not_taken", operation=operation_id, outcome=message.outcome, why=refused.code)
        for _ in range(_RACES):
            stored = await self.operations.read(operation_id)
            approval = stored.value.approval if stored is not None else None
            if stored is None or approval is None or not _waits(stored.value):
                return
            await self.notifier.notify(stored.value, self.decide_again(stored.value, message, refused))
            if message.decision_id in approval.spent:
                return
            spent = (*approval.spent, message.decision_id)[-_MOST_SPENT:]
            used_up = approval.model_copy(update={"spent": spent})
            try:
                await self.operations.save(stored.value.model_copy(update={"approval": used_up}), stored.etag)
            except BusyError:
                continue
            return
        raise BusyError(f"others keep writing the record of {operation_id}")

    def decide_again(self, operation: Operation, message: DecisionMessage, refused: DecisionRefusedError) -> Answer:
        """Build the event about a decision that does not count; its id is deterministic."""
        if operation.approval is None:
            raise ValueError(f"operation {operation.id} waits for no approval")
        asked = self.requests.event(operation, operation.approval)
        error = AnsweredError(field="decision", code=refused.code, message=str(refused))
        return asked.model_copy(
            update={
                "id": answer_id(operation.id, str(operation.generation), message.decision_id, VOID_TYPE),
                "type": VOID_TYPE,
                "time": message.received_at,
                "data": asked.data.model_copy(update={"errors": (error,), "error_count": 1}),
            }
        )

    def _asks(self, operation: Operation, note_id: str) -> bool:
        """Return whether a note asks for what waits now; other content has another note."""
        approval = operation.approval
        return _waits(operation) and approval is not None and self.requests.event(operation, approval).id == note_id


def _waits(operation: Operation) -> bool:
    approval = operation.approval
    return operation.state is State.AWAITING_APPROVAL and approval is not None and approval.decision is None
