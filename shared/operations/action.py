"""What the engine knows of an action: how to perform it, and how to take back what a refused one has given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Never

from shared.approval.request import ApprovalRequests
from shared.approval.wait import apply_decision
from shared.contract.answer import Answer
from shared.core.errors import ApprovalNeededError, RejectedError
from shared.model.approval import Approval
from shared.operations.attempt import Attempt


@dataclass(frozen=True)
class Action:
    """A kind of request, as the engine carries it out."""

    perform: Callable[[Attempt], Awaitable[Answer]]
    """Do what the operation asks for, or go on with it; returns the answer. Raises ApprovalNeededError, RejectedError,
    and whatever else stops it."""
    refuse: Callable[[Attempt, RejectedError], Awaitable[Never]]
    """Raise what was refused once nothing is left that the operation gave."""


type Actions = Mapping[str, Action]
"""By the request's `action`."""


async def carry_out(action: Action, attempt: Attempt, requests: ApprovalRequests) -> Answer | Approval:
    """Do what the operation asks for; returns the answer, or what its record says while somebody has to decide.

    Raises RejectedError when it is refused and nothing is left that it gave, and whatever else stops it.
    """
    refusal = attempt.operation.refusal
    if refusal is not None:
        await action.refuse(attempt, RejectedError(refusal.problems))
    try:
        return await _outcome(action, attempt, requests)
    except RejectedError as rejected:
        await action.refuse(attempt, rejected)
        raise  # which it has done by itself


async def _outcome(action: Action, attempt: Attempt, requests: ApprovalRequests) -> Answer | Approval:
    try:
        await apply_decision(attempt.ports.audit, attempt.operation, attempt.now())
        return await action.perform(attempt)
    except ApprovalNeededError as needed:
        return requests.begin(attempt.operation, needed, attempt.application.owned_by, attempt.now())
