"""Decisions that tickets made, as they come by the queue: early, late, twice or in the wrong order."""

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
_NOTE_ON_ITS_WAY = timedelta(minutes=10)
"""From the moment a ticket shows a note until the registrar has recorded that, whoever dies in between."""


class Decisions:
    """Takes messages from `approval-decisions`, which the app alone writes."""

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
        """Sources whose decisions did not say when they were made, since this worker started."""

    async def receive(self, body: bytes) -> None:
        """Apply one decision, or use it up. One that came before its request waits as long as a request may take."""
        message = DecisionMessage.model_validate_json(body)
        if message.decided_at is None:
            self.undated.add(message.source)
        operation_id = await find(self._operations, message.source, message.request_id, Channel.WEBHOOK)
        stored = await self._operations.read(operation_id) if operation_id is not None else None
        operation = stored.value if stored is not None else None
        if operation is None or _may_still_wait(operation):
            await self._come_back(message)
            return
        is_early = self._runtime.now() - message.received_at < _NOTE_ON_ITS_WAY
        if is_early and why_void(operation, message) is Void.NOT_SHOWN:
            await self._come_back(message)
            return
        try:
            await self._decider.decide(operation.id, _decision(message), message)
        except DecisionRefusedError as refused:
            await self._notes.use_up(operation.id, message, refused)
        except DeferredError as error:
            await self._come_back(message, error)

    async def _come_back(self, message: DecisionMessage, error: DeferredError | None = None) -> None:
        """Take the message again later. Raises what kept it from being taken when that has lasted too long."""
        now = self._runtime.now()
        age = now - message.received_at
        if age >= self._request_deadline and error is not None:
            raise error
        if age >= self._request_deadline:
            log.warning("approval.nothing_to_decide", source=message.source, request=message.request_id)
            return
        delay = min(_LATEST, max(_SOONEST, age / 2))
        await self._queues.send_decision(message.to_json(), delay)


def _may_still_wait(operation: Operation) -> bool:
    """Return whether the request may yet come to wait for a decision, this one among others."""
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
