"""Turns a message of the public queue into an operation, a repeated answer, or a rejection."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.contract.recognising import envelope_of, legible
from shared.contract.request import Request, nobodys_address, parse_request
from shared.contract.strict_json import enveloped, parse_object
from shared.core.errors import Problem, RejectedError
from shared.core.runtime import Runtime
from shared.core.text import echo
from shared.intake.reject import Arrival, reject, reused
from shared.model.channel import Channel
from shared.model.labels import AnswerContext
from shared.model.operation import Operation
from shared.operations.accept import Acceptance
from shared.operations.claims import bound_to, claim_of, is_repeated, new_claim
from shared.operations.execution import Execution
from shared.operations.limits import DailyLimit
from shared.operations.sending import AnswerSender
from shared.ports import Operations, Queues, Versioned


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Accepts messages from the queue `app-registrations`, whose senders are trusted to name the requester.

    They are not trusted to be a ticketing system: verified sources have a separate channel. A ticket or requester's
    object id in such a message has no effect.
    """

    runtime: Runtime
    operations: Operations
    queues: Queues
    webhook_sources: frozenset[str]
    """Sources that have to use their webhook, in lower case: rejected on the public queue."""
    answers: AnswerContext
    daily_limit: DailyLimit
    acceptance: Acceptance
    execution: Execution
    sender: AnswerSender

    async def accept(self, body: bytes, message_id: str, received: datetime) -> None:
        """Accept one message and make the first attempt at once.

        The same (source, requestId) with the same content leads to the recorded answer again; with other content
        it is rejected. An unreadable message has no record: its answer is derived from the message alone, so a
        second delivery gives the same answer.
        """
        arrival = Arrival(message_id, body, received)
        request = await self._read(arrival)
        if request is None:
            return
        found = await self._record_of(request, arrival)
        match found:
            case Versioned():
                await self.execution.begin(found)
            case str():
                await self.execution.run(found, generation=1)
            case None:
                pass

    async def take_up(self, body: bytes, message_id: str, received: datetime) -> bool:
        """Accept a message that the host gave up on, without making an attempt: it may have crashed its workers.

        Returns False if it is not a valid request.
        """
        arrival = Arrival(message_id, body, received)
        request = await self._read(arrival)
        if request is None:
            return False
        found = await self._record_of(request, arrival)
        if found is not None:
            operation_id = found if isinstance(found, str) else found.value.id
            await self.queues.send_work(operation_id, generation=1)
        return True

    async def _read(self, arrival: Arrival) -> Request | None:
        """Read a message; an invalid request is answered, and None returned."""
        fields: dict[str, Any] = {}
        try:
            fields, problems = parse_object(arrival.body)
            return _parse(fields, problems)
        except RejectedError as rejected:
            await reject(self.queues, self.answers, legible(arrival.body, fields), rejected.problems, arrival)
            return None

    async def _record_of(self, request: Request, arrival: Arrival) -> Versioned[Operation] | str | None:
        """Find or create the request's record: a new one, the id of one to continue, or None if it was answered.

        The first to claim a request knows that it has no record yet.
        """
        bound = await bound_to(self.operations, request.source, request.request_id)
        claim, new_id = claim_of(bound, Channel.QUEUE), self.runtime.new_id()
        if not await is_repeated(self.operations, claim, request):
            problem = await self._refusal(request)
            if problem is not None:
                await reject(self.queues, self.answers, request.model_dump(mode="json"), [problem], arrival)
                return None
        claim = claim or await self.operations.claim(new_claim(Channel.QUEUE, request, new_id))
        if claim.body_hash != request.body_hash():
            await reject(self.queues, self.answers, request.model_dump(mode="json"), [reused(request)], arrival)
            return None
        stored = await self.operations.read(claim.operation_id) if claim.operation_id != new_id else None
        if stored is None:
            return await self.acceptance.record(request, claim.operation_id, Channel.QUEUE) or claim.operation_id
        if stored.value.state.settled:
            await self.sender.send(stored)
            return None
        return claim.operation_id

    async def _refusal(self, request: Request) -> Problem | None:
        """Return why a new request is not accepted, before it claims anything; None if it is."""
        if request.source.casefold() in self.webhook_sources:
            return _not_proven(request)
        return nobodys_address(request) or await self.daily_limit.count(Channel.QUEUE, request)


def _parse(fields: dict[str, Any], problems: list[Problem]) -> Request:
    envelope = envelope_of(fields)
    if envelope is not None:
        raise RejectedError([enveloped(envelope)])
    try:
        request = parse_request(fields)
    except RejectedError as rejected:
        raise RejectedError([*problems, *rejected.problems]) from None
    if problems:
        raise RejectedError(problems)
    return request


def _not_proven(request: Request) -> Problem:
    return Problem(
        "source",
        "source_not_proven",
        f"Requests from {echo(request.source)} have to come through its webhook, which proves where they come from; "
        "this queue does not. Leave `source` out, or give the name of your own system.",
    )
