"""What an attempt at an operation comes to: its answer, a decision that somebody has to make, or what stops it."""

from shared.approval.request import asked
from shared.approval.wait import heed_decision
from shared.contract.answer import Answer
from shared.contract.request import RegistrationRequest, RotationRequest
from shared.core.errors import ApprovalNeeded, Rejected
from shared.model.approval import Approval
from shared.operations.attempt import Job
from shared.registration.action import registered
from shared.registration.register import register
from shared.registration.rolling_back import refuse
from shared.rotation.action import rotated
from shared.rotation.rotate import rotate


async def carry_out(job: Job) -> Answer | Approval:
    """Do what the operation asks for; returns the answer, or what its record says while somebody has to decide.

    Raises Rejected when it is refused and nothing is left that it gave, and whatever else stops it.
    """
    refusal = job.operation.refusal
    if refusal is not None:
        await refuse(job, Rejected(refusal.problems))
    try:
        return await _outcome(job)
    except Rejected as rejected:
        await refuse(job, rejected)


async def _outcome(job: Job) -> Answer | Approval:
    try:
        await heed_decision(job)
        match job.operation.request:
            case RegistrationRequest() as request:
                return registered(job, request, await register(job, request))
            case RotationRequest() as request:
                return rotated(job, request, await rotate(job, request))
    except ApprovalNeeded as needed:
        return asked(job.services, job.operation, needed, job.application.owned_by)
