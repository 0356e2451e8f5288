"""The engine's view of an action: how to perform it, and how to take back what a refused one has granted."""

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
    """How the engine carries out one kind of request."""

    perform: Callable[[Attempt], Awaitable[Answer]]
    """Start or continue the operation's work; return the answer. Raises ApprovalNeededError, RejectedError, and any
    other error that stops it."""
    refuse: Callable[[Attempt, RejectedError], Awaitable[Never]]
    """Take back everything the operation granted, then raise the refusal."""


type Actions = Mapping[str, Action]
"""By the request's `action`."""


async def carry_out(action: Action, attempt: Attempt, requests: ApprovalRequests) -> Answer | Approval:
    """Carry out the operation; return the answer, or the pending approval if a decision is needed.

    Raises RejectedError once it is refused and everything it granted is gone, and any other error that stops it.
    """
    refusal = attempt.operation.refusal
    if refusal is not None:
        await action.refuse(attempt, RejectedError(refusal.problems))
    try:
        return await _outcome(action, attempt, requests)
    except RejectedError as rejected:
        await action.refuse(attempt, rejected)
        raise  # unreachable: `refuse` always raises


async def _outcome(action: Action, attempt: Attempt, requests: ApprovalRequests) -> Answer | Approval:
    try:
        await apply_decision(attempt.ports.audit, attempt.operation, attempt.now())
        return await action.perform(attempt)
    except ApprovalNeededError as needed:
        return requests.begin(attempt.operation, needed, attempt.application.owned_by, attempt.now())
