"""The action `rotate`: rotates a credential, and builds its answers."""

from datetime import datetime, timedelta

from shared.contract.answer import (
    EXPIRING_TYPE,
    Answer,
    AnswerData,
    AnsweredNote,
    AnsweredRotation,
    Status,
    answer_id,
)
from shared.contract.request import RotationRequest
from shared.core.naming import portal_url
from shared.model.operation import Operation, requester_of
from shared.model.vault import VaultEntry
from shared.operations.action import Action
from shared.operations.answers import answered_credential, settled_answer
from shared.operations.attempt import Attempt
from shared.registration.rolling_back import refuse
from shared.rotation.rotate import Rotation, rotate

LONGEST_TOKEN = timedelta(hours=24)
"""The longest life of an access token that an application got with its own credential: 60 to 90 minutes, or up to
24 hours for a client that supports continuous access evaluation (Microsoft Learn, "Continuous access evaluation
for workload identities")."""


async def perform(attempt: Attempt) -> Answer:
    """Replace the credential that the operation names; return the answer once the new one is verified.

    Raises what `rotate` does.
    """
    request = attempt.operation.request
    if not isinstance(request, RotationRequest):
        raise TypeError(f"operation {attempt.operation.id} is no rotation")
    return rotated(attempt, request, await rotate(attempt, request))


def rotated(attempt: Attempt, request: RotationRequest, rotation: Rotation) -> Answer:
    """Build the answer to a rotation, which is also its event."""
    operation, progress = attempt.operation, attempt.operation.credential(request.credential)
    refused = progress.old_refused_at
    data = AnswerData(
        request_id=request.request_id,
        source=request.source,
        operation_id=operation.id,
        status=Status.COMPLETED,
        requested_by_object_id=requester_of(operation).object_id,
        client_id=rotation.holder.client_id,
        tenant_id=attempt.answers.tenant_id,
        object_id=rotation.holder.object_id,
        credentials=(answered_credential(rotation.entry),),
        notes=tuple(AnsweredNote(**vars(note)) for note in rotation.notes),
        rotation=AnsweredRotation(
            credential=request.credential,
            reason=request.reason,
            replaced_key_id=rotation.replaced_key_id,
            replaced_until=rotation.retire_after,
            replaced_refused_since=refused,
            issued_tokens_until=refused + LONGEST_TOKEN if refused is not None else None,
        ),
        steps=operation.steps,
        portal_url=portal_url(rotation.holder.client_id),
    )
    return settled_answer(operation, data, attempt.now())


def expiring(tenant_id: str, operation: Operation, entry: VaultEntry, expires: datetime, days: int) -> Answer:
    """Build the event that a credential expires within so many days, as its rotation failed.

    It depends on its arguments alone, so that a second delivery is the same event.
    """
    failed, request = operation.answer, operation.request
    data = AnswerData(
        request_id=request.request_id,
        source=request.source,
        operation_id=operation.id,
        status=Status.FAILED,
        client_id=entry.tags.get("clientId"),
        tenant_id=tenant_id,
        credentials=(answered_credential(entry),),
        rotation=AnsweredRotation(credential=request.credential, reason=request.reason)
        if isinstance(request, RotationRequest)
        else None,
        errors=failed.data.errors if failed is not None else (),
        error_count=failed.data.error_count if failed is not None else 0,
    )
    return Answer(
        id=answer_id(operation.id, str(operation.generation), str(days), EXPIRING_TYPE),
        type=EXPIRING_TYPE,
        subject=operation.unique_name,
        time=expires - timedelta(days=days),
        data=data,
    )


ROTATE = Action(perform=perform, refuse=refuse)
