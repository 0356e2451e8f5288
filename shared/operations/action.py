"""What the engine knows of an action: how to perform it, and how to take back what a refused one has given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Never

from shared.approval.request import asked
from shared.approval.wait import apply_decision
from shared.contract.answer import Answer
from shared.core.errors import ApprovalNeededError, RejectedError
from shared.model.approval import Approval
from shared.operations.attempt import Job


@dataclass(frozen=True)
class Action:
    """A kind of request, as the engine carries it out."""

    perform: Callable[[Job], Awaitable[Answer]]
    """Do what the operation asks for, or go on with it; returns the answer. Raises ApprovalNeededError, RejectedError,
    and whatever else stops it."""
    refuse: Callable[[Job, RejectedError], Awaitable[Never]]
    """Raise what was refused once nothing is left that the operation gave."""


type Actions = Mapping[str, Action]
"""By the request's `action`."""


async def carry_out(action: Action, job: Job) -> Answer | Approval:
    """Do what the operation asks for; returns the answer, or what its record says while somebody has to decide.

    Raises RejectedError when it is refused and nothing is left that it gave, and whatever else stops it.
    """
    refusal = job.operation.refusal
    if refusal is not None:
        await action.refuse(job, RejectedError(refusal.problems))
    try:
        return await _outcome(action, job)
    except RejectedError as rejected:
        await action.refuse(job, rejected)


async def _outcome(action: Action, job: Job) -> Answer | Approval:
    try:
        await apply_decision(job.services, job.operation)
        return await action.perform(job)
    except ApprovalNeededError as needed:
        return asked(job.services, job.operation, needed, job.application.owned_by)
