"""Turns a proven request into an operation, a replacement of a waiting one, or a repeated answer."""

from dataclasses import dataclass
from datetime import datetime

from shared.contract.request import Request, nobodys_address, valid_id
from shared.core import log
from shared.core.errors import BusyError, RejectedError
from shared.core.runtime import Runtime
from shared.intake.proven_request import ProvenRequest, read_proven
from shared.intake.reject import Arrival, reject, reused
from shared.model.channel import Channel
from shared.model.claim import Claim
from shared.model.labels import AnswerContext
from shared.model.operation import Operation
from shared.operations.accept import Acceptance
from shared.operations.claims import bound_to, new_claim
from shared.operations.limits import DailyLimit
from shared.operations.replace import Replacements, why_not_replaced
from shared.operations.sending import AnswerSender
from shared.ports import Operations, Queues, Versioned
from shared.tickets.notify import Notifier

_RACES = 8


@dataclass(frozen=True, kw_only=True)
class WebhookIntake:
    """Accepts messages from the queue `webhook-requests`, which only the app writes."""

    runtime: Runtime
    operations: Operations
    queues: Queues
    answers: AnswerContext
    daily_limit: DailyLimit
    acceptance: Acceptance
    replacements: Replacements
    sender: AnswerSender
    notifier: Notifier

    async def accept(self, body: bytes, message_id: str) -> None:
        """Accept one message, and enqueue its request's first attempt.

        The same content leads to the recorded answer again. No attempt is made here: with one more queue writing to
        Graph, all instances together would exceed their limit. Raises UnprovenError for what is no message of ours, and
        BusyError after too many concurrent writes of the same records: the host then redelivers it.
        """
        operation_id = await self._record_of(body, message_id)
        if operation_id is not None:
            await self.queues.send_work(operation_id, generation=1)

    async def _record_of(self, body: bytes, message_id: str) -> str | None:
        """Find or create the request's record, and return its id; None if the request was answered."""
        try:
            message, request = read_proven(body)
        except RejectedError as rejected:  # it was valid when the webhook accepted it, under another version of the app
            message = ProvenRequest.model_validate_json(body)
            arrival = Arrival(message_id, body, message.received_at)
            answer = await reject(self.queues, self.answers, message.request, rejected.problems, arrival)
            await self.notifier.notify_address(message.source, valid_id(message.request.get("ticket")), answer)
            return None
        arrival = Arrival(message_id, body, message.received_at)
        for _ in range(_RACES):
            try:
                claim, stored = await self._claim_of(request)
                if claim.body_hash == request.body_hash() and not _changes_consent(request, claim, stored, arrival):
                    return await self._accept_same_content(request, claim, stored, message.received_at)
                return await self._accept_other_content(request, claim, stored, arrival)
            except _ReplacedMeanwhileError:
                continue
            except RejectedError as rejected:
                fields = request.model_dump(mode="json")
                answer = await reject(self.queues, self.answers, fields, rejected.problems, arrival)
                await self.notifier.notify_requester(request, answer)
                return None
            except BusyError as busy:
                log.event("request.raced", request=request.request_id, cause=str(busy))
        raise BusyError(f"others keep writing the records of {request.source}'s request {request.request_id}")

    async def _claim_of(self, request: Request) -> tuple[Claim, Versioned[Operation] | None]:
        """Return the request id's current claim, and its record.

        Raises _ReplacedMeanwhileError when the operation was replaced.
        """
        operations = self.operations
        bound = await bound_to(operations, request.source, request.request_id)
        claim = bound.get(Channel.WEBHOOK) or bound.get(None)
        stored = await operations.read(claim.operation_id) if claim is not None else None
        if stored is not None and stored.value.replaced_by is not None:
            await self.replacements.carry_on(stored.value)
            raise _ReplacedMeanwhileError
        if claim is None or (claim.channel is None and stored is None):
            problem = nobodys_address(request) or await self.daily_limit.count(Channel.WEBHOOK, request)
            if problem is not None:
                raise RejectedError([problem])
            # A claim of version 1 without a record may be from any sender.
            new_id = self.runtime.new_id()
            claim = await operations.claim(new_claim(Channel.WEBHOOK, request, new_id))
            stored = await operations.read(claim.operation_id) if claim.operation_id != new_id else None
        return claim, stored

    async def _accept_same_content(
        self, request: Request, claim: Claim, stored: Versioned[Operation] | None, arrived_at: datetime
    ) -> str | None:
        if stored is None:
            await self.acceptance.record(request, claim.operation_id, Channel.WEBHOOK, arrived_at=arrived_at)
            return claim.operation_id
        if stored.value.state.settled:
            await self.sender.send(stored)
            return None
        if stored.value.channel is None:
            await self.operations.save(self.replacements.adopted(stored.value, arrived_at), stored.etag)
        return claim.operation_id

    async def _accept_other_content(
        self, request: Request, claim: Claim, stored: Versioned[Operation] | None, arrival: Arrival
    ) -> str | None:
        """Handle different content under the same id.

        Raises _ReplacedMeanwhileError when it replaced the existing operation.
        """
        before = next((each for each in claim.earlier if each.body_hash == request.body_hash()), None)
        if before is not None:
            recorded = await self.operations.read(before.operation_id)
            if recorded is not None and recorded.value.answer is not None:
                await self.sender.send(recorded)
                return None
        if stored is not None and before is None:
            # A request that version 1 accepted may be from any sender: until settled, it yields to a proven one.
            is_unproven = stored.value.channel is None and not stored.value.state.settled
            why = None if is_unproven else why_not_replaced(stored.value, claim, request, arrival.received)
            if why is None:
                replaced = await self.replacements.replace(stored, request, arrival.received)
                await self.replacements.carry_on(replaced.value)
                if replaced.value.state.settled:
                    await self.sender.send(replaced)
                raise _ReplacedMeanwhileError
            log.event("request.not_replaced", request=request.request_id, why=why)
        answer = await reject(self.queues, self.answers, request.model_dump(mode="json"), [reused(request)], arrival)
        await self.notifier.notify_requester(request, answer)
        return None


def _changes_consent(request: Request, claim: Claim, stored: Versioned[Operation] | None, arrival: Arrival) -> bool:
    """Return whether a waiting form now declines a consent that it did not mention before, or vice versa.

    Both have the same hash, and are one request once decided. Until then approvers see what they decide about.
    """
    if stored is None or stored.value.request.content_hash() == request.content_hash():
        return False
    is_earlier = any(each.body_hash == request.body_hash() for each in claim.earlier)
    return not is_earlier and why_not_replaced(stored.value, claim, request, arrival.received) is None


class _ReplacedMeanwhileError(Exception):
    """Our own replacement changed what was read: read again."""
