"""Parameters and responses of replays, for operators."""

import re
from collections.abc import Mapping
from typing import Annotated, TypedDict

from pydantic import ConfigDict, Field, with_config

from shared.core.errors import Problem, RejectedError
from shared.core.naming import OPERATION_ID_PATTERN
from shared.core.text import echo
from shared.operations.replay import Replayed

REASON_PATTERN = r"^[A-Za-z0-9_]{1,100}$"
"""One of those in the runbook, or `unexpected_` and the name of a Python type."""


@with_config(ConfigDict(title="ToldReplay"))
class ReplayBody(TypedDict):
    """An operation that was sent again, in its new generation, as it is told over HTTP."""

    operationId: Annotated[str, Field(pattern=OPERATION_ID_PATTERN)]
    generation: Annotated[int, Field(ge=2)]


def replay_body(replayed: Replayed) -> ReplayBody:
    """Return the response's body for an operation that was replayed."""
    return {"operationId": replayed.operation_id, "generation": replayed.generation}


def parse_operation_id(text: str) -> str:
    """Read the path of `POST /api/operations/{operationId}/replay`. Raises RejectedError."""
    if not re.fullmatch(OPERATION_ID_PATTERN[1:-1], text, re.ASCII):
        raise RejectedError(
            [Problem("operationId", "invalid_parameter", f"{echo(text)} is not the id of an operation.")]
        )
    return text


def parse_reason(parameters: Mapping[str, str]) -> str:
    """Read the query of `POST /api/operations/replay`. Raises RejectedError.

    Parameters other than `reason` are the platform's.
    """
    reason = parameters.get("reason", "")
    if not re.fullmatch(REASON_PATTERN[1:-1], reason, re.ASCII):
        message = "Say which failed requests to replay, for example reason=registrar_lacks_permission."
        raise RejectedError([Problem("reason", "invalid_parameter", message)])
    return reason
