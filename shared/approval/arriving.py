"""Decisions that tickets made, as they come by the queue: early, late, twice or in the wrong order."""

from datetime import timedelta

from shared import log
from shared.approval.deciding import decide
from shared.approval.messages import DecisionMessage
from shared.approval.model import ApprovalDecision
from shared.approval.refusing import Attempt, DecisionRefused, note_refused
from shared.channel import Channel
from shared.claims import find
from shared.errors import Deferred
from shared.operation import Operation, State
from shared.services import Services

_SOONEST, _LATEST = timedelta(seconds=15), timedelta(minutes=10)


class Decisions:
    """Takes messages from `approval-decisions`, which the app alone writes."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def receive(self, body: bytes) -> None:
        """Apply one decision. One that came before its request waits for as long as a request may take."""
        message = DecisionMessage.model_validate_json(body)
        services = self._services
        operation_id = await find(services.operations, message.source, message.request_id, Channel.WEBHOOK)
        stored = await services.operations.read(operation_id) if operation_id is not None else None
        operation = stored.value if stored is not None else None
        if operation is None or _may_still_wait(operation):
            await self._come_back(message)
            return
        if message.ticket is None or operation.ticket != message.ticket:
            await note_refused(services, operation, Attempt.of(_decision(message)), "other_ticket")
            return
        try:
            await decide(services, operation.id, _decision(message), binding=None)
        except DecisionRefused as error:
            log.warning("approval.not_taken", operation=operation.id, outcome=message.outcome, why=str(error))
        except Deferred as error:
            await self._come_back(message, error)

    async def _come_back(self, message: DecisionMessage, error: Deferred | None = None) -> None:
        """Take the message again later. Raises what kept it from being taken when that has lasted too long."""
        now = self._services.runtime.now()
        age = now - message.received_at
        if age >= self._services.request_deadline and error is not None:
            raise error
        if age >= self._services.request_deadline:
            log.warning("approval.nothing_to_decide", source=message.source, request=message.request_id)
            return
        delay = min(_LATEST, max(_SOONEST, age / 2))
        await self._services.queues.send_decision(message.to_json(), delay)


def _may_still_wait(operation: Operation) -> bool:
    """Say whether the request may yet come to wait for a decision, this one among others."""
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
        at=message.received_at,
    )
