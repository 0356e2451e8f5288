"""Replaces an operation that waits for approval by a changed form of its ticket.

Three writes, ordered so that a worker may die after any of them: the old record is settled as `replaced`, under the
ETag that a decision would need, and contains its whole successor; then the claim moves; then the successor is recorded.
Any worker that finds a replaced record can continue from there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.contract.answer import Status
from shared.contract.request import Request
from shared.core import log
from shared.core.errors import Problem
from shared.core.runtime import Runtime
from shared.model.channel import Channel
from shared.model.claim import Claim, EarlierForm
from shared.model.labels import AnswerContext
from shared.model.operation import RESUME_AFTER, Operation, Refusal, Replacement, State
from shared.model.refusal import has_given
from shared.operations.accept import Acceptance
from shared.operations.answers import stopped
from shared.operations.claims import bound_to
from shared.ports import Applications, Operations, Queues, Versioned

REPLACED = "replaced"
MOST_REPLACEMENTS = 10
"""Per request of a ticket: after more edits, a new request is needed."""

type Why = Literal["decided", "another_ticket", "not_later", "too_often", "not_waiting"]


def why_not_replaced(operation: Operation, claim: Claim, request: Request, arrived_at: datetime) -> Why | None:
    """Return why a changed form does not replace an operation; None if it does."""
    if operation.state is not State.AWAITING_APPROVAL or operation.approval is None:
        return "not_waiting"
    if operation.approval.decision is not None:
        return "decided"
    if operation.channel is not Channel.WEBHOOK or operation.ticket is None or operation.ticket != request.ticket:
        return "another_ticket"
    if operation.arrived_at is None or arrived_at <= operation.arrived_at:
        return "not_later"
    return "too_often" if len(claim.earlier) >= MOST_REPLACEMENTS else None


@dataclass(frozen=True, kw_only=True)
class Replacements:
    """Replaces operations that wait for approval by changed forms of their tickets."""

    runtime: Runtime
    operations: Operations
    applications: Applications
    queues: Queues
    acceptance: Acceptance
    answers: AnswerContext
    approval_deadline: timedelta

    async def replace(
        self, stored: Versioned[Operation], request: Request, arrived_at: datetime
    ) -> Versioned[Operation]:
        """Settle an operation as replaced by a request.

        Raises BusyError on a concurrent write of its record, such as a decision.
        """
        operation, now = stored.value, self.runtime.now()
        successor = Replacement(
            operation_id=self.runtime.new_id(), request=request, body_hash=request.body_hash(), arrived_at=arrived_at
        )
        problem = Problem(
            "",
            REPLACED,
            f"A newer form of the same ticket replaces this request: operation {successor.operation_id}. Nothing was "
            "done for this request, and decisions about it do not count.",
        )
        changes = {"state": State.REJECTED, "reason": REPLACED, "replaced_by": successor, "next_attempt": None}
        replaced = operation.model_copy(update=changes)
        record_of_app = (await self.applications.read(operation.unique_name)).value
        if has_given(operation, record_of_app):
            return await self._withdraw(stored, replaced, problem)
        answer = stopped(self.answers, replaced, record_of_app, Status.REJECTED, (problem,), self.runtime.now())
        replaced = replaced.model_copy(update={"answer": answer})
        # Relisted first: the old listing is due only when the approval expires.
        await self.operations.relist(operation.id, operation.generation, now + RESUME_AFTER)
        etag = await self.operations.save(replaced, stored.etag)
        log.event("operation.replaced", operation=operation.id, app=operation.unique_name, by=successor.operation_id)
        return Versioned(replaced, etag)

    async def _withdraw(
        self, stored: Versioned[Operation], replaced: Operation, problem: Problem
    ) -> Versioned[Operation]:
        """Have everything granted before policy required approval taken back; the answer follows after that."""
        now = self.runtime.now()
        refusal = Refusal(at=now, problems=(problem,))
        withdrawn = replaced.model_copy(update={"state": State.WAITING, "refusal": refusal})
        await self.operations.relist(withdrawn.id, withdrawn.generation, now + RESUME_AFTER)
        etag = await self.operations.save(withdrawn, stored.etag)
        await self.queues.send_work(withdrawn.id, withdrawn.generation)
        log.event("operation.replaced", operation=withdrawn.id, app=withdrawn.unique_name)
        return Versioned(withdrawn, etag)

    async def carry_on(self, replaced: Operation) -> None:
        """Complete the creation of a replaced operation's successor. Raises BusyError on a concurrent write."""
        successor = replaced.replaced_by
        if successor is None:
            return
        operations, request = self.operations, replaced.request
        bound = await bound_to(operations, request.source, request.request_id)
        claim = bound.get(Channel.WEBHOOK)
        earlier = EarlierForm(replaced.id, replaced.body_hash)
        named = Claim(
            Channel.WEBHOOK, request.source, request.request_id, successor.operation_id, successor.body_hash, (earlier,)
        )
        if claim is None:  # what is replaced was claimed by version 1, which keeps its claim
            claim = await operations.claim(named)
        elif claim.operation_id == replaced.id:
            after = Claim(
                claim.channel,
                claim.source,
                claim.request_id,
                successor.operation_id,
                successor.body_hash,
                (*claim.earlier, earlier),
            )
            await operations.move_claim(claim, after)
            claim = after
        if claim.operation_id == successor.operation_id and await operations.read(successor.operation_id) is None:
            await self.acceptance.record(
                successor.request,
                successor.operation_id,
                Channel.WEBHOOK,
                arrived_at=successor.arrived_at,
                replaces=replaced.id,
            )

    def adopted(self, operation: Operation, arrived_at: datetime) -> Operation:
        """Return a record of version 1 marked as verified, after a webhook has sent the same request.

        A pending approval is requested again: the earlier event did not identify its content.
        """
        changes: dict[str, object] = {"channel": Channel.WEBHOOK, "arrived_at": arrived_at}
        if operation.state is State.AWAITING_APPROVAL and operation.approval is not None:
            now = self.runtime.now()
            changes["approval"] = operation.approval.model_copy(
                update={"since": now, "expires": now + self.approval_deadline, "announced_at": None}
            )
        return operation.model_copy(update=changes)
