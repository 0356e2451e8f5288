"""What the host gave up on: messages nobody can read, and those whose worker died every time.

The host moves such a message to a poison queue without a word to anybody. Here it gets its answer, and is kept
with a reason like everything else that could not be served. A proper request that never got as far as a record
is another matter: nothing is wrong with it, but settings or storage were. It is taken up where it stood.
"""

import json
from hashlib import sha256
from typing import Any, cast

from shared import log
from shared.answering import poison_message, unreadable
from shared.contract.answer import Status
from shared.contract.request import RegistrationRequest, parse_request
from shared.contract.strict_json import parse_object
from shared.errors import Busy, Problem, Rejected
from shared.execution import Execution
from shared.intake import Intake
from shared.naming import WORK_POISON_QUEUE
from shared.ports import PoisonedMessage
from shared.services import Services

REASON = "given_up_by_host"
_EXPLANATION = (
    "The registrar could not process this request: it failed unexpectedly every time. Its operators are told."
)


async def settle_poison(services: Services, intake: Intake, execution: Execution) -> int:
    """Answer and keep every message the host gave up on; returns how many there were."""
    settled = 0
    async for message in services.queues.host_poisoned():
        await _settle(services, intake, execution, message)
        await services.queues.remove_poisoned(message)
        log.warning("message.given_up_by_host", queue=message.queue, message=message.id)
        settled += 1
    return settled


async def _settle(services: Services, intake: Intake, execution: Execution, message: PoisonedMessage) -> None:
    request: RegistrationRequest | None = None
    if message.queue == WORK_POISON_QUEUE:
        operation_id = _work_operation(message.text)
    else:
        request = _request(message.text)
        if request is not None:
            operation_id = await services.operations.find(request.source, request.request_id)
        else:
            operation_id = None
    stored = await services.operations.read(operation_id) if operation_id is not None else None
    if stored is None and request is not None:
        await intake.take_up(request)
    elif stored is None:
        await _settle_unknown(services, message)
    elif not stored.value.state.settled:
        try:
            await execution.give_up(stored, REASON, _EXPLANATION)
        except Busy:
            log.event("operation.moved_on", operation=operation_id)


def _request(text: str) -> RegistrationRequest | None:
    """Read a proper request."""
    try:
        fields, problems = parse_object(text.encode())
        return parse_request(fields) if not problems else None
    except Rejected:
        return None


def _work_operation(text: str) -> str | None:
    try:
        work: object = json.loads(text)
    except ValueError:
        return None
    found = cast("dict[str, object]", work).get("operationId") if isinstance(work, dict) else None
    return found if isinstance(found, str) else None


async def _settle_unknown(services: Services, message: PoisonedMessage) -> None:
    """Answer a request of which there is no record; a message of our own that leads nowhere is only kept."""
    fields: dict[str, Any] = {}
    try:
        fields = parse_object(message.text.encode())[0]
    except Rejected:
        log.event("poison.unreadable", message=message.id)
    if message.queue != WORK_POISON_QUEUE:
        origin = (message.id, sha256(message.text.encode()).hexdigest(), message.inserted)
        problems = (Problem("", REASON, _EXPLANATION),)
        answer = unreadable(Status.FAILED, fields, problems, origin, services.tenant_id).to_json()
        await services.queues.send_answer(answer)
        await services.queues.send_event(answer)
    await services.queues.send_poison(poison_message(REASON, 0, None, message.text))
