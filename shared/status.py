"""How far requests came, as their records say: for people who ask over HTTP."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.approval.model import Approval
from shared.contract.answer import utc_text
from shared.contract.request import valid_id
from shared.errors import Problem, Rejected, echo
from shared.operation import Operation, State
from shared.services import Services

MOST_ITEMS = 200
_USUAL_ITEMS = 50
_OPERATION_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True)
class Named:
    """One request, by the key that it has for ever."""

    source: str
    request_id: str


@dataclass(frozen=True)
class Listing:
    """Requests in one state, at most `limit`, behind an operation's id."""

    state: State
    limit: int
    after: str | None


def parse_named(request_id: str, parameters: Mapping[str, str]) -> Named:
    """Read path and query of `GET /api/requests/{requestId}`. Raises Rejected with all that is wrong."""
    problems = _unknown(parameters, ("source",))
    source = parameters.get("source", "queue")
    for field, value in (("requestId", request_id), ("source", source)):
        if valid_id(value) is None:
            problems.append(Problem(field, "invalid_parameter", f"{echo(value)} is no {field} of a request."))
    if problems:
        raise Rejected(problems)
    return Named(source, request_id)


def parse_listing(parameters: Mapping[str, str]) -> Listing:
    """Read the query of `GET /api/requests`. Raises Rejected with all that is wrong."""
    problems = _unknown(parameters, ("state", "limit", "after"))
    state = next((each for each in State if each.value == parameters.get("state")), None)
    if state is None:
        states = ", ".join(each.value for each in State)
        problems.append(Problem("state", "invalid_parameter", f"Say one of {states}: state=waiting, for example."))
    limit = parameters.get("limit", str(_USUAL_ITEMS))
    if not re.fullmatch(r"[1-9][0-9]{0,2}", limit, re.ASCII) or int(limit) > MOST_ITEMS:
        message = f"Say how many items a page may have, from 1 to {MOST_ITEMS}: limit=50, for example."
        problems.append(Problem("limit", "invalid_parameter", message))
    after = parameters.get("after")
    if after is not None and not _OPERATION_ID.fullmatch(after):
        problems.append(Problem("after", "invalid_parameter", "Take it as it stands in nextLink, or begin anew."))
    if problems or state is None:
        raise Rejected(problems)
    return Listing(state, int(limit), after)


async def show(services: Services, named: Named) -> dict[str, Any] | None:
    """Say all that is known of one request; None when nothing is. Raises Deferred when the records cannot be read."""
    operation_id = await services.operations.find(named.source, named.request_id)
    stored = await services.operations.read(operation_id) if operation_id is not None else None
    return described(stored.value) if stored is not None else None


def described(operation: Operation) -> dict[str, Any]:
    """Say all that a record knows of a request: ids, never a person's name."""
    return {
        **_summary(operation),
        "attempts": operation.attempts,
        "nextAttempt": utc_text(operation.next_attempt) if operation.next_attempt is not None else None,
        "steps": [step.model_dump(mode="json") for step in operation.steps],
        "stepsBegun": {name: utc_text(at) for name, at in operation.begun.items()},
        "approval": _approval(operation.approval) if operation.approval is not None else None,
        "answeredAt": utc_text(operation.answered_at) if operation.answered_at is not None else None,
        "answer": operation.answer.model_dump(mode="json") if operation.answer is not None else None,
    }


async def listed(services: Services, listing: Listing) -> tuple[list[dict[str, Any]], str | None]:
    """List one page, and say behind which operation the next one begins; None when this was the last."""
    found = await services.operations.in_state(listing.state, listing.limit + 1, listing.after)
    items = found[: listing.limit]
    return [_summary(operation) for operation in items], items[-1].id if len(found) > listing.limit else None


def _approval(approval: Approval) -> dict[str, Any]:
    """What is, or was, to be decided: by whom as an object id, never as a name."""
    decision = approval.decision
    return {
        "binding": approval.binding,
        "reasons": [each.model_dump(mode="json") for each in approval.reasons],
        "since": utc_text(approval.since),
        "expiresOn": utc_text(approval.expires),
        "decision": {
            "outcome": decision.outcome,
            "way": decision.way,
            "decidedByObjectId": decision.decided_by_object_id,
            "at": utc_text(decision.at),
        }
        if decision is not None
        else None,
    }


def _summary(operation: Operation) -> dict[str, Any]:
    """What a list says of a request: no person's name."""
    return {
        "requestId": operation.request.request_id,
        "source": operation.request.source,
        "operationId": operation.id,
        "action": operation.request.action,
        "uniqueName": operation.unique_name,
        "state": operation.state.value,
        "reason": operation.reason,
        "generation": operation.generation,
        "acceptedAt": utc_text(operation.accepted_at),
    }


def _unknown(parameters: Mapping[str, str], known: tuple[str, ...]) -> list[Problem]:
    return [
        Problem(name, "unknown_parameter", f"There is no parameter {echo(name)}; there are: {', '.join(known)}.")
        for name in parameters
        if name not in known
    ]
