"""The status of requests over HTTP, from their records."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from shared.contract.answer import Answer, AnsweredError, AnswerModel, Moment, Step
from shared.contract.query import invalid_limit, unknown_parameters
from shared.contract.request import valid_id
from shared.core.errors import Problem, RejectedError
from shared.core.naming import OPERATION_ID_PATTERN
from shared.core.text import echo
from shared.model.approval import BINDING_PATTERN, Approval, Outcome, Way
from shared.model.channel import Channel
from shared.model.operation import Operation, State
from shared.operations.claims import find
from shared.ports import Operations

MOST_ITEMS = 200
USUAL_ITEMS = 50
_OPERATION_ID = re.compile(OPERATION_ID_PATTERN[1:-1], re.ASCII)


class RequestSummary(AnswerModel):
    """What a list says of a request: no person's name. `operationId` names it in logs and replays."""

    request_id: str
    source: str
    channel: Channel | None
    """By which way it came in: only `webhook` proves the source. Null where that was not kept yet."""
    operation_id: Annotated[str, Field(pattern=OPERATION_ID_PATTERN)]
    action: Literal["register", "rotate"]
    unique_name: str
    state: State
    reason: str | None
    """Why it waits, or why it failed."""
    generation: int
    accepted_at: Moment


class DecisionStatus(AnswerModel):
    """What was decided: by whom as an object id, never as a name."""

    outcome: Outcome
    way: Way
    decided_by_object_id: str | None
    at: Moment


class ApprovalStatus(AnswerModel):
    """What is, or was, to be decided about a request. A decision names `binding`, and counts for nothing else."""

    binding: Annotated[str, Field(pattern=BINDING_PATTERN)]
    reasons: tuple[AnsweredError, ...]
    since: Moment
    expires_on: Moment
    shown_at: Moment | None
    """Since when the ticket shows this; only what is decided there later counts. Null while it does not."""
    decision: DecisionStatus | None


class RequestStatus(RequestSummary):
    """All that is known of one request. `answer` is what was, or will be, on `app-registration-results`."""

    attempts: int
    next_attempt: Moment | None
    steps: tuple[Step, ...]
    steps_begun: dict[str, Moment]
    """Steps begun and not yet done, by name."""
    approval: ApprovalStatus | None
    """Where policy wants somebody to decide."""
    answered_at: Moment | None
    answer: Answer | None


class RequestPage(AnswerModel):
    """Some of the requests in one state. `nextLink` is there while there are more."""

    state: State
    items: tuple[RequestSummary, ...]
    next_link: str | None = Field(default=None, exclude_if=lambda link: link is None)


@dataclass(frozen=True)
class Named:
    """One request, by its permanent key."""

    source: str
    request_id: str
    channel: Channel | None = None
    """Given where several channels have such a request; by default the proven one."""


@dataclass(frozen=True)
class Listing:
    """A query: requests in one state, at most `limit`, after an operation's id."""

    state: State
    limit: int
    after: str | None


def parse_named(request_id: str, parameters: Mapping[str, str]) -> Named:
    """Read path and query of `GET /api/requests/{requestId}`. Raises RejectedError with all problems."""
    problems = unknown_parameters(parameters, ("source", "channel"))
    source = parameters.get("source", "queue")
    for field, value in (("requestId", request_id), ("source", source)):
        if valid_id(value) is None:
            problems.append(Problem(field, "invalid_parameter", f"{echo(value)} is not a valid {field}."))
    named = parameters.get("channel")
    channel = next((each for each in Channel if each.value == named), None)
    if channel is None and named is not None:
        channels = ", ".join(each.value for each in Channel)
        problems.append(
            Problem("channel", "invalid_parameter", f"There is no channel {echo(named)}. Use one of {channels}.")
        )
    if problems:
        raise RejectedError(problems)
    return Named(source, request_id, channel)


def parse_listing(parameters: Mapping[str, str]) -> Listing:
    """Read the query of `GET /api/requests`. Raises RejectedError with all problems."""
    problems = unknown_parameters(parameters, ("state", "limit", "after"))
    state = next((each for each in State if each.value == parameters.get("state")), None)
    if state is None:
        states = ", ".join(each.value for each in State)
        problems.append(Problem("state", "invalid_parameter", f"Give one of {states}, for example state=waiting."))
    limit = parameters.get("limit", str(USUAL_ITEMS))
    if not re.fullmatch(r"[1-9][0-9]{0,2}", limit, re.ASCII) or int(limit) > MOST_ITEMS:
        problems.append(invalid_limit(MOST_ITEMS, USUAL_ITEMS))
    after = parameters.get("after")
    if after is not None and not _OPERATION_ID.fullmatch(after):
        problems.append(
            Problem(
                "after", "invalid_parameter", "Use the value from nextLink unchanged, or leave it out to start over."
            )
        )
    if problems or state is None:
        raise RejectedError(problems)
    return Listing(state, int(limit), after)


async def show(operations: Operations, named: Named) -> dict[str, Any] | None:
    """Return one request's full status; None if it is unknown.

    Raises DeferredError when the records cannot be read.
    """
    operation_id = await find(operations, named.source, named.request_id, named.channel)
    stored = await operations.read(operation_id) if operation_id is not None else None
    return described(stored.value) if stored is not None else None


def described(operation: Operation) -> dict[str, Any]:
    """Return a record's full status: ids, never a person's name."""
    told = RequestStatus(
        **dict(_summary(operation)),
        attempts=operation.attempts,
        next_attempt=operation.next_attempt,
        steps=operation.steps,
        steps_begun=dict(operation.begun),
        approval=_approval(operation.approval) if operation.approval is not None else None,
        answered_at=operation.answered_at,
        answer=operation.answer,
    )
    return told.model_dump(mode="json")


async def listed(operations: Operations, listing: Listing) -> tuple[tuple[RequestSummary, ...], str | None]:
    """Return one page, and the operation after which the next one begins; None if this was the last."""
    found = await operations.in_state(listing.state, listing.limit + 1, listing.after)
    items = found[: listing.limit]
    return tuple(_summary(each) for each in items), items[-1].id if len(found) > listing.limit else None


def _approval(approval: Approval) -> ApprovalStatus:
    decision = approval.decision
    return ApprovalStatus(
        binding=approval.binding,
        reasons=tuple(
            AnsweredError(field=each.field, code=each.code, message=each.message) for each in approval.reasons
        ),
        since=approval.since,
        expires_on=approval.expires,
        shown_at=approval.note_seen_at,
        decision=DecisionStatus(
            outcome=decision.outcome,
            way=decision.way,
            decided_by_object_id=decision.decided_by_object_id,
            at=decision.at,
        )
        if decision is not None
        else None,
    )


def _summary(operation: Operation) -> RequestSummary:
    return RequestSummary(
        request_id=operation.request.request_id,
        source=operation.request.source,
        channel=operation.came_by,
        operation_id=operation.id,
        action=operation.request.action,
        unique_name=operation.unique_name,
        state=operation.state,
        reason=operation.reason,
        generation=operation.generation,
        accepted_at=operation.accepted_at,
    )
