"""Checks what a decision about a waiting request covers and who made it, then records it."""

from dataclasses import dataclass

from shared.approval.counting import SENTENCES, why_void
from shared.approval.deciders import made_by
from shared.approval.messages import DecisionMessage
from shared.approval.refusals import (
    DecisionAttempt,
    DecisionRefusedError,
    NotAllowedToDecideError,
    NotWaitingError,
    note_refused,
)
from shared.core import log
from shared.core.errors import BusyError
from shared.core.runtime import Runtime
from shared.model.approval import Approval, ApprovalDecision
from shared.model.operation import RESUME_AFTER, Operation, State
from shared.ports import Applications, Audit, Operations, People, Queues, Versioned

_RACES = 5


@dataclass(frozen=True, kw_only=True)
class Decider:
    """Records decisions, from any channel, and has their requests continued."""

    runtime: Runtime
    operations: Operations
    applications: Applications
    queues: Queues
    people: People
    audit: Audit
    deciding_sources: frozenset[str]
    """Sources whose tickets may decide about their own requests."""

    async def decide(self, operation_id: str, decision: ApprovalDecision, about: str | DecisionMessage) -> Operation:
        """Record a decision and have the request continued; idempotent for the same decision. Returns the record.

        `about` is the binding that an approver saw, or a ticket's whole decision, whose id is valid once. Raises
        NotWaitingError and NotAllowedToDecideError, which are noted in the audit record, BusyError if others keep
        writing the record, and DeferredError if the directory cannot identify the decider.
        """
        for _ in range(_RACES):
            stored = await self.operations.read(operation_id)
            if stored is None:
                raise NotWaitingError("The registrar has no record of this request.")
            operation, approval = stored.value, stored.value.approval
            if approval is not None and _is_known(approval, decision):
                if operation.state is State.WAITING:  # the worker that recorded it may have died before sending this
                    await self.queues.send_work(operation.id, operation.generation)
                return operation
            try:
                self._check(operation, decision, about)
                by_somebody = await made_by(operation, decision, self.applications, self.people)
                _check_new(operation, decision)
            except DecisionRefusedError as refused:
                await note_refused(
                    self.audit, operation, DecisionAttempt.of(decision), refused.code, self.runtime.now()
                )
                raise
            try:
                return await self._record(stored, by_somebody)
            except BusyError:
                continue
        raise BusyError(f"others keep writing the record of {operation_id}")

    def _check(self, operation: Operation, decision: ApprovalDecision, about: str | DecisionMessage) -> None:
        approval = operation.approval
        if operation.state is not State.AWAITING_APPROVAL or approval is None:
            raise NotWaitingError(f"The request is not waiting for a decision: its state is {operation.state.value}.")
        # Checked again here, on the read that the record is saved over: the ticket may have a changed form by now.
        void = why_void(operation, about) if isinstance(about, DecisionMessage) else None
        if void is not None:
            raise NotWaitingError(SENTENCES[void], void.value)
        if isinstance(about, str) and about != approval.binding:
            raise NotWaitingError(
                "The request or the policy has changed since. Look at the request again, then decide about what it "
                "says now.",
                "stale_binding",
            )
        if self.runtime.now() >= approval.expires:
            raise NotWaitingError("The time for a decision is over.", "too_late")
        if decision.way == "ticket" and operation.request.source not in self.deciding_sources:
            raise NotAllowedToDecideError(
                f"Tickets of {operation.request.source} cannot approve or refuse requests.", "source_does_not_decide"
            )

    async def _record(self, stored: Versioned[Operation], decision: ApprovalDecision) -> Operation:
        operation, now = stored.value, self.runtime.now()
        if operation.approval is None:
            raise ValueError(f"operation {operation.id} waits for no approval")
        decided = operation.model_copy(
            update={
                "state": State.WAITING,
                "approval": operation.approval.model_copy(update={"decision": decision}),
                "started_at": now,  # the time spent waiting for people does not count towards its deadline
                "next_attempt": None,
                "reason": None,
            }
        )
        # Listed for soon first: otherwise, if the message is lost, it would not be resumed until its approval expires.
        await self.operations.relist(operation.id, operation.generation, now + RESUME_AFTER)
        await self.operations.save(decided, stored.etag)
        await self.queues.send_work(operation.id, operation.generation)
        log.event("approval.decided", operation=operation.id, outcome=decision.outcome, way=decision.way)
        return decided


def _is_known(approval: Approval, decision: ApprovalDecision) -> bool:
    known = approval.decision
    return known is not None and (known.id, known.outcome) == (decision.id, decision.outcome)


def _check_new(operation: Operation, decision: ApprovalDecision) -> None:
    """Check for a spent decision id; done last, so that a repeated decision is refused for its original fault."""
    if operation.approval is not None and decision.id in operation.approval.spent:
        raise NotWaitingError(
            "The id of this decision was used before. Give each decision an id of its own.", "decision_spent"
        )
