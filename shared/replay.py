"""A failed request, tried again once its cause is mended: the same operation in a new generation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypedDict

from pydantic import Field

from shared import log
from shared.audit.events import replayed
from shared.errors import Busy, Problem, Rejected, echo
from shared.job import RESUME_AFTER
from shared.naming import OPERATION_ID_PATTERN
from shared.operation import EarlierGeneration, Operation, State
from shared.services import Services

REASON_PATTERN = r"^[A-Za-z0-9_]{1,100}$"
"""One of those in the runbook, or `unexpected_` and the name of a Python type."""


class NotFound(LookupError):
    """There is no such operation."""


class NotFailed(ValueError):
    """The operation did not fail, so there is nothing to try again."""


class ToldReplay(TypedDict):
    """An operation that was sent again, in its new generation, as it is told over HTTP."""

    operationId: Annotated[str, Field(pattern=OPERATION_ID_PATTERN)]
    generation: Annotated[int, Field(ge=2)]


@dataclass(frozen=True)
class Replayed:
    """An operation that was sent again, in its new generation."""

    operation_id: str
    generation: int

    def told(self) -> ToldReplay:
        """Say it over HTTP."""
        return {"operationId": self.operation_id, "generation": self.generation}


def parse_operation_id(text: str) -> str:
    """Read the path of `POST /api/operations/{operationId}/replay`. Raises Rejected."""
    if not re.fullmatch(OPERATION_ID_PATTERN[1:-1], text, re.ASCII):
        raise Rejected([Problem("operationId", "invalid_parameter", f"{echo(text)} is not the id of an operation.")])
    return text


def parse_reason(parameters: Mapping[str, str]) -> str:
    """Read the query of `POST /api/operations/replay`; others than `reason` are the platform's. Raises Rejected."""
    reason = parameters.get("reason", "")
    if not re.fullmatch(REASON_PATTERN[1:-1], reason, re.ASCII):
        message = "Say which failed requests to replay, for example reason=registrar_lacks_permission."
        raise Rejected([Problem("reason", "invalid_parameter", message)])
    return reason


async def replay(services: Services, operation_id: str) -> Replayed:
    """Begin a new generation of a failed operation and take its request off the poison queue.

    The request, its place among the app's changes, and what is known of its credentials stay: policy is asked
    again, and a change that was overtaken meanwhile is superseded. Raises NotFound, NotFailed, or Busy when
    somebody else replays it just now.
    """
    stored = await services.operations.read(operation_id)
    if stored is None:
        raise NotFound(f"There is no operation {operation_id}")
    if stored.value.state is not State.FAILED or stored.value.answered_at is None:
        raise NotFailed(f"Only a failed operation can be replayed, and this one is {stored.value.state}")
    now = services.runtime.now()
    again = _next_generation(stored.value).model_copy(update={"started_at": now})
    # Listed first: it is settled and on no list, and a generation that nobody lists would be lost.
    await services.operations.relist(again.id, again.generation, now + RESUME_AFTER)
    await services.audit.note(replayed(again, now))
    await services.operations.save(again, stored.etag)
    await services.queues.send_work(again.id, again.generation)
    await services.queues.remove_kept(again.id, before=again.generation)
    log.event("operation.replayed", operation=again.id, app=again.unique_name, generation=again.generation)
    return Replayed(again.id, again.generation)


async def replay_all(services: Services, reason: str) -> list[Replayed]:
    """Replay every operation that failed for this reason; those that changed meanwhile are passed over."""
    replayed: list[Replayed] = []
    async for operation_id in services.operations.failed(reason):
        try:
            replayed.append(await replay(services, operation_id))
        except (NotFound, NotFailed, Busy) as error:
            log.warning("operation.not_replayed", operation=operation_id, cause=type(error).__name__)
    return replayed


def _next_generation(failed: Operation) -> Operation:
    ended = EarlierGeneration(generation=failed.generation, state=failed.state, reason=failed.reason)
    return failed.model_copy(
        update={
            "generation": failed.generation + 1,
            "earlier": (*failed.earlier, ended),
            "state": State.ACCEPTED,
            "attempts": 0,
            "pauses": 0,
            "steps_at_pause": 0,
            "next_attempt": None,
            "reason": None,
            "steps": (),
            "begun": {},
            "refusal": None,
            "answer": None,
            "answered_at": None,
        }
    )
