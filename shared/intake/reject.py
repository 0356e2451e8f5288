"""Answers a message that becomes no operation: derived from the message alone, so that it is always the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from shared.contract.answer import Answer, Status
from shared.contract.request import Request
from shared.core import log
from shared.core.errors import Problem
from shared.core.text import echo
from shared.model.labels import AnswerContext
from shared.operations.answers import unreadable
from shared.ports import Queues


@dataclass(frozen=True)
class Arrival:
    """A message as its queue delivers it; `received` is when it first arrived."""

    message_id: str
    body: bytes
    received: datetime


async def reject(
    queues: Queues, answers: AnswerContext, fields: Mapping[str, Any], problems: Sequence[Problem], arrival: Arrival
) -> Answer:
    """Reject a message. `fields` is what could be read of the request, if anything."""
    message = (arrival.message_id, sha256(arrival.body).hexdigest(), arrival.received)
    source: object = fields.get("source")
    shown = answers.labelled(problems, source if isinstance(source, str) else "")
    answer = unreadable(Status.REJECTED, fields, shown, message, answers.tenant_id)
    text = answer.to_json()
    await queues.send_answer(text)
    await queues.send_event(text)
    log.event("request.rejected", request=answer.data.request_id, codes=[p.code for p in problems[:10]])
    return answer


def reused(request: Request) -> Problem:
    """Return the problem that a request id belongs to another request."""
    return Problem(
        "requestId",
        "request_id_reused",
        f"The requestId {echo(request.request_id)} belongs to another request, which stays as it is. Send this request "
        "with a new requestId.",
    )
