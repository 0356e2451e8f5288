"""Applies tickets' decisions from the queue: early, late, duplicate or out of order."""

from datetime import timedelta

from shared.approval.counting import Void, why_void
from shared.approval.decide import Decider
from shared.approval.messages import DecisionMessage
from shared.approval.refusals import DecisionRefusedError
from shared.approval.showing import ApprovalNotes
from shared.core import log
from shared.core.errors import DeferredError
from shared.core.runtime import Runtime
from shared.model.approval import ApprovalDecision
from shared.model.channel import Channel
from shared.model.operation import Operation, State
from shared.operations.claims import find
from shared.ports import Operations, Queues

_SOONEST, _LATEST = timedelta(seconds=15), timedelta(minutes=10)
_NOTE_DELAY = timedelta(minutes=10)
"""The longest time from a ticket showing a note until the registrar has recorded that, despite crashes."""


class Decisions:
    """Handles messages of `approval-decisions`, which only the app writes."""

    def __init__(
        self,
        *,
        runtime: Runtime,
        operations: Operations,
        queues: Queues,
        request_deadline: timedelta,
        decider: Decider,
        notes: ApprovalNotes,
    ) -> None:
        self._runtime = runtime
        self._operations = operations
        self._queues = queues
        self._request_deadline = request_deadline
        self._decider = decider
        self._notes = notes
        self.undated: set[str] = set()
        """Sources that sent decisions without a time since this worker started."""

    async def receive(self, body: bytes) -> None:
        """Apply one decision, or discard it. One that precedes its request waits until the request deadline."""
        message = DecisionMessage.model_validate_json(body)
        if message.decided_at is None:
            self.undated.add(message.source)
        operation_id = await find(self._operations, message.source, message.request_id, Channel.WEBHOOK)
        stored = await self._operations.read(operation_id) if operation_id is not None else None
        operation = stored.value if stored is not None else None
        if operation is None or _may_await_approval(operation):
            await self._retry_later(message)
            return
        is_early = self._runtime.now() - message.received_at < _NOTE_DELAY
        if is_early and why_void(operation, message) is Void.NOT_SHOWN:
            await self._retry_later(message)
            return
        try:
            await self._decider.decide(operation.id, _decision(message), message)
        except DecisionRefusedError as refused:
            await self._notes.use_up(operation.id, message, refused)
        except DeferredError as error:
            await self._retry_later(message, error)

    async def _retry_later(self, message: DecisionMessage, error: DeferredError | None = None) -> None:
        """Retry the message later. Raises the error that prevents it once the deadline has passed."""
        now = self._runtime.now()
        age = now - message.received_at
        if age >= self._request_deadline and error is not None:
            raise error
        if age >= self._request_deadline:
            log.warning("approval.nothing_to_decide", source=message.source, request=message.request_id)
            return
        delay = min(_LATEST, max(_SOONEST, age / 2))
        await self._queues.send_decision(message.to_json(), delay)


def _may_await_approval(operation: Operation) -> bool:
    """Return whether the request may still come to await a decision."""
    is_new = operation.approval is None or operation.approval.decision is None
    return is_new and operation.state in (State.ACCEPTED, State.RUNNING, State.WAITING)


def _decision(message: DecisionMessage) -> ApprovalDecision:
    return ApprovalDecision(
        id=message.decision_id,
        outcome=message.outcome,
        way="ticket",
        decided_by=message.decided_by,
        decided_by_object_id=message.decided_by_object_id,
        reason=message.reason,
        at=message.decided_at or message.received_at,
    )
