"""What arrives on the public queue becomes an operation, a repeated answer, or a rejection."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from shared import log
from shared.acceptance import record
from shared.answering import unreadable
from shared.channel import Channel
from shared.claims import bind
from shared.contract.answer import Answer, Status
from shared.contract.request import Request, parse_request
from shared.contract.strict_json import parse_object
from shared.errors import Problem, Rejected, echo
from shared.execution import Execution
from shared.operation import Operation
from shared.ports import Versioned
from shared.services import Services
from shared.ticketing.telling import tell_requester


class Intake:
    """Accepts messages from the queue `app-registrations`, whose senders are trusted to say who asks."""

    def __init__(self, services: Services, execution: Execution) -> None:
        self._services = services
        self._execution = execution

    async def accept(self, body: bytes, message_id: str, received: datetime) -> None:
        """Take one message and make the first attempt at once.

        The same (source, requestId) with the same content leads to the recorded answer again; with other content
        it is rejected. What cannot be read has no record: its answer is derived from the message alone, so a
        second delivery of that message gives the same answer.
        """
        request = await self._read(body, message_id, received)
        if request is None:
            return
        found = await self._record_of(request, body, message_id, received)
        match found:
            case Versioned():
                await self._execution.begin(found)
            case str():
                await self._execution.run(found, generation=1)
            case None:
                pass

    async def take_up(self, body: bytes, message_id: str, received: datetime) -> bool:
        """See to a message that the host gave up on, without making an attempt: it may have ended its workers.

        Returns False when it is no proper request.
        """
        request = await self._read(body, message_id, received)
        if request is None:
            return False
        found = await self._record_of(request, body, message_id, received)
        if found is not None:
            operation_id = found if isinstance(found, str) else found.value.id
            await self._services.queues.send_work(operation_id, generation=1)
        return True

    async def _read(self, body: bytes, message_id: str, received: datetime) -> Request | None:
        """Read a message; one that is no proper request is answered, and None."""
        fields: dict[str, Any] = {}
        try:
            fields, problems = parse_object(body)
            return _parse(fields, problems)
        except Rejected as rejected:
            await self._reject(fields, rejected.problems, body, message_id, received)
            return None

    async def _record_of(
        self, request: Request, body: bytes, message_id: str, received: datetime
    ) -> Versioned[Operation] | str | None:
        """Bring a request to its record: one written just now, the id of one to carry on, or None when it is answered.

        Whoever is the first to claim a request knows that it has no record yet.
        """
        services, new_id = self._services, self._services.runtime.new_id()
        claim = await bind(services.operations, Channel.QUEUE, request, new_id)
        operation_id = claim.operation_id
        if claim.body_hash != request.body_hash():
            answer = await self._reject(request.model_dump(mode="json"), [_reused(request)], body, message_id, received)
            await tell_requester(services, request, answer)
            return None
        stored = await services.operations.read(operation_id) if operation_id != new_id else None
        if stored is None:
            return await record(services, request, operation_id, Channel.QUEUE) or operation_id
        if stored.value.state.settled:
            await self._execution.deliver(stored)
            return None
        return operation_id

    async def _reject(
        self,
        fields: dict[str, Any],
        problems: Sequence[Problem],
        body: bytes,
        message_id: str,
        received: datetime,
    ) -> Answer:
        message = (message_id, sha256(body).hexdigest(), received)
        answer = unreadable(Status.REJECTED, fields, problems, message, self._services.tenant_id)
        text = answer.to_json()
        await self._services.queues.send_answer(text)
        await self._services.queues.send_event(text)
        log.event("request.rejected", request=answer.data.request_id, codes=[p.code for p in problems[:10]])
        return answer


def _parse(fields: dict[str, Any], problems: list[Problem]) -> Request:
    try:
        request = parse_request(fields)
    except Rejected as rejected:
        raise Rejected([*problems, *rejected.problems]) from None
    if problems:
        raise Rejected(problems)
    return request


def _reused(request: Request) -> Problem:
    return Problem(
        "requestId",
        "request_id_reused",
        f"The request id {echo(request.request_id)} stands for another request already. That one stays as it is; "
        "send a change under a new request id.",
    )
