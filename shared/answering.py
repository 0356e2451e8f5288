"""Answers: what a requester is told, built from what was found, and delivered as often as it takes with one id."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from shared.application_record import ApplicationRecord
from shared.contract.answer import (
    EXPIRING_TYPE,
    MAX_FILLED,
    MAX_OTHERS,
    Answer,
    AnswerData,
    AnsweredApi,
    AnsweredCredential,
    AnsweredNote,
    AnsweredOthers,
    AnsweredPermission,
    AnsweredRotation,
    Status,
    answer_id,
    answer_type,
    answered_errors,
    utc_text,
)
from shared.contract.request import RegistrationRequest, RotationRequest, valid_id, valid_unique_name
from shared.errors import Problem, echo, printable
from shared.job import Job
from shared.model import Api, VaultEntry
from shared.naming import portal_url
from shared.operation import Operation
from shared.parties import requester_of
from shared.policy.model import Policy
from shared.registration.register import Registration
from shared.rotation.rotate import Rotation
from shared.services import Services
from shared.ticketing.labels import labelled

LONGEST_TOKEN = timedelta(hours=24)
"""How long an access token lives at most that an application got with its own credential: 60 to 90 minutes, and up to
24 hours for a client that takes part in continuous access evaluation (Microsoft Learn, "Continuous access evaluation
for workload identities")."""
APPLICATION_STAYS = "application_stays"
"""Code of the note by which a rejected request learns what is left of it."""
MAX_POISON_BYTES = 60 * 1024
"""A storage queue takes 64 KiB."""


def registered(job: Job, request: RegistrationRequest, registration: Registration) -> Answer:
    """Build the answer to a verified registration."""
    operation = job.operation
    data = AnswerData(
        request_id=request.request_id,
        source=request.source,
        operation_id=operation.id,
        status=Status.COMPLETED,
        client_id=registration.client_id,
        tenant_id=job.services.tenant_id,
        object_id=registration.object_id,
        service_principal_id=registration.service_principal_id,
        display_name=request.application.display_name,
        api_permissions=tuple(_api(api, registration, job.services.policy) for api in registration.resolution.apis),
        credentials=tuple(_credential(entry) for entry in registration.entries.values()),
        made_by_others=tuple(
            AnsweredOthers(kind=each.kind, name=printable(each.name), api=each.api, type=each.type)
            for each in registration.made_by_others[:MAX_OTHERS]
        ),
        filled_redirect_uris=registration.filled[:MAX_FILLED],
        steps=operation.steps,
        portal_url=portal_url(registration.client_id),
        requested_by_object_id=requester_of(operation).object_id,
        owner_object_id=registration.owner.object_id if registration.owner is not None else None,
        notes=tuple(
            AnsweredNote(**vars(note))
            for note in labelled(registration.notes, job.services.labels.get(request.source, {}))
        ),
    )
    return _settled(operation, data, job.now())


def rotated(job: Job, request: RotationRequest, rotation: Rotation) -> Answer:
    """Build the answer to a rotation, which is its event, too."""
    operation, progress = job.operation, job.operation.credential(request.credential)
    refused = progress.old_refused_at
    data = AnswerData(
        request_id=request.request_id,
        source=request.source,
        operation_id=operation.id,
        status=Status.COMPLETED,
        requested_by_object_id=requester_of(operation).object_id,
        client_id=rotation.holder.client_id,
        tenant_id=job.services.tenant_id,
        object_id=rotation.holder.object_id,
        credentials=(_credential(rotation.entry),),
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
    return _settled(operation, data, job.now())


def stopped(
    services: Services,
    operation: Operation,
    record: ApplicationRecord,
    status: Status,
    problems: tuple[Problem, ...],
) -> Answer:
    """Build the answer to an accepted request that is rejected or failed.

    A failed one names what exists by now, and so does one that is rejected after it had reached the app.
    """
    request = operation.request
    is_rotation = isinstance(request, RotationRequest)
    stays = status is Status.REJECTED and _has_reached_app(operation, record)
    is_named = stays or status is Status.FAILED
    data = AnswerData(
        request_id=operation.request.request_id,
        source=operation.request.source,
        operation_id=operation.id,
        status=status,
        client_id=record.client_id if is_named else None,
        tenant_id=services.tenant_id,
        object_id=record.object_id if is_named else None,
        service_principal_id=record.service_principal_id if is_named and not is_rotation else None,
        display_name=None if is_rotation else request.application.display_name,
        rotation=AnsweredRotation(credential=request.credential, reason=request.reason) if is_rotation else None,
        notes=(_what_stays(operation, record),) if stays else (),
        steps=operation.steps,
        requested_by_object_id=requester_of(operation).object_id,
        errors=answered_errors(labelled(problems, services.labels.get(request.source, {}))),
        error_count=len(problems),
    )
    return _settled(operation, data, services.runtime.now())


def _has_reached_app(operation: Operation, record: ApplicationRecord) -> bool:
    """Say whether a request got to write to the application: whoever may not learns nothing of it."""
    is_written = any(step.name == "writeApplication" for step in operation.steps)
    return record.object_id is not None and (is_written or record.founded_by == operation.id)


def _what_stays(operation: Operation, record: ApplicationRecord) -> AnsweredNote:
    """Say what is left of a request that was refused late."""
    app = echo(operation.unique_name)
    if record.applied_sequence == 0:
        and_principal = " and its service principal" if record.service_principal_id is not None else ""
        message = (
            f"The application {app}{and_principal} exist{'' if and_principal else 's'}. Nothing else that this request "
            "was given is left: no admin consent and no credential. Correct the request and send it under a new "
            "request id: it goes on with this application."
        )
    else:
        message = (
            f"Nothing that this request was given is left: no admin consent and no credential. {app} keeps what "
            "earlier requests were given, except for what this one no longer asks for. Its settings may already be "
            "those of this request."
        )
    return AnsweredNote(field="", code=APPLICATION_STAYS, message=message)


def expiring(services: Services, operation: Operation, entry: VaultEntry, expires: datetime, days: int) -> Answer:
    """Build the event that a credential expires within so many days, and that its failed rotation stands in the way.

    It follows from its arguments alone, so that a second delivery is the same event.
    """
    failed, request = operation.answer, operation.request
    data = AnswerData(
        request_id=request.request_id,
        source=request.source,
        operation_id=operation.id,
        status=Status.FAILED,
        client_id=entry.tags.get("clientId"),
        tenant_id=services.tenant_id,
        credentials=(_credential(entry),),
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


def unreadable(
    status: Status,
    fields: Mapping[str, Any],
    problems: Sequence[Problem],
    message: tuple[str, str, datetime],
    tenant: str,
) -> Answer:
    """Build the answer to a message that never became an operation.

    `message` is (id, SHA-256 of the body, arrival): the answer is derived from them alone, so that a second
    delivery of the message gives the same one. `fields` is what could be read of the request, if anything.
    """
    message_id, body_hash, received = message
    # The arrival is part of the id: a payload's own `Id` may stand in the message's (WebJobs SDK, binding data).
    application: object = fields.get("application")
    named = cast("dict[str, object]", application) if isinstance(application, dict) else {}
    kind = answer_type(status, "rotate" if fields.get("action") == "rotate" else "register")
    return Answer(
        id=answer_id(message_id, body_hash, utc_text(received), kind),
        type=kind,
        subject=valid_unique_name(named.get("uniqueName")),
        time=received,
        data=AnswerData(
            request_id=valid_id(fields.get("requestId")),
            source=valid_id(fields.get("source", "queue")),
            status=status,
            tenant_id=tenant,
            errors=answered_errors(problems),
            error_count=len(problems),
        ),
    )


def _settled(operation: Operation, data: AnswerData, now: datetime) -> Answer:
    kind = answer_type(data.status, operation.request.action)
    return Answer(
        id=answer_id(operation.id, str(operation.generation), kind),
        type=kind,
        subject=operation.unique_name,
        time=now,
        data=data,
    )


def _api(api: Api, registration: Registration, policy: Policy) -> AnsweredApi:
    return AnsweredApi(
        api=api.display_name,
        resource_app_id=api.app_id,
        resource_uri=policy.resource_uri(api.app_id),
        permissions=tuple(
            AnsweredPermission(
                name=resolved.permission.name,
                id=resolved.permission.id,
                type=resolved.permission.type,
                consented=resolved.consent in registration.consents,
                consented_by_others=resolved.consent in registration.found,
            )
            for resolved in registration.resolution.permissions
            if resolved.api.app_id == api.app_id
        ),
    )


def _credential(entry: VaultEntry) -> AnsweredCredential:
    if entry.expires is None:
        raise ValueError(f"the vault entry of {entry.name} has no expiry")
    return AnsweredCredential(
        name=entry.tags["credential"],
        type=entry.tags["type"],
        key_id=entry.tags["keyId"],
        key_vault_secret_uri=entry.uri,
        key_vault_secret_version=entry.version,
        expires_on=entry.expires,
        disabled=not entry.enabled,
    )


def kept_failure(operation: Operation) -> str:
    """Build what is kept of a failed operation."""
    original = operation.request.model_dump(mode="json")
    known = {"operationId": operation.id, "generation": operation.generation, "attempts": operation.attempts}
    return _kept(operation.reason or "failed", known, original)


def kept_message(reason: str, original: str | Mapping[str, object]) -> str:
    """Build what is kept of a message that never became an operation, or of something else that could not be done."""
    return _kept(reason, {"operationId": None, "generation": None, "attempts": 0}, original)


def _kept(reason: str, known: Mapping[str, object], original: object) -> str:
    """Say why, after how many attempts, and give the original: cut, and saying so, if it is too large for a queue."""
    message = {"schemaVersion": "1", "reason": reason, **known}
    text = json.dumps(message | {"original": original}, ensure_ascii=False)
    if len(text.encode()) <= MAX_POISON_BYTES:
        return text
    # A character beyond the Basic Multilingual Plane is escaped as two, twelve bytes together.
    return json.dumps(message | {"original": str(original)[: MAX_POISON_BYTES // 12], "truncated": True})
