"""Builds answers to requesters; an answer keeps its id, however often it is delivered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from shared.contract.answer import (
    Answer,
    AnswerData,
    AnsweredCredential,
    AnsweredNote,
    AnsweredRotation,
    Status,
    answer_id,
    answer_type,
    answered_errors,
)
from shared.contract.request import RotationRequest, valid_id, valid_unique_name
from shared.core.errors import Problem
from shared.core.text import echo, utc_text
from shared.model.application import ApplicationRecord
from shared.model.labels import AnswerContext
from shared.model.operation import Operation, requester_of
from shared.model.vault import VaultEntry

APPLICATION_STAYS = "application_stays"
"""Code of the note that tells a rejected request's sender what remains."""


def stopped(
    answers: AnswerContext,
    operation: Operation,
    record: ApplicationRecord,
    status: Status,
    problems: tuple[Problem, ...],
    now: datetime,
) -> Answer:
    """Build the answer to an accepted request that is rejected or failed.

    A failed one names what exists by now, as does one rejected after it had written to the app.
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
        tenant_id=answers.tenant_id,
        object_id=record.object_id if is_named else None,
        service_principal_id=record.service_principal_id if is_named and not is_rotation else None,
        display_name=None if is_rotation else request.application.display_name,
        rotation=AnsweredRotation(credential=request.credential, reason=request.reason) if is_rotation else None,
        notes=(_what_stays(operation, record),) if stays else (),
        steps=operation.steps,
        requested_by_object_id=requester_of(operation).object_id,
        errors=answered_errors(answers.labelled(problems, request.source)),
        error_count=len(problems),
    )
    return settled_answer(operation, data, now)


def _has_reached_app(operation: Operation, record: ApplicationRecord) -> bool:
    """Return whether a request has written to the application; others must not learn anything about it."""
    is_written = any(step.name == "writeApplication" for step in operation.steps)
    return record.object_id is not None and (is_written or record.founded_by == operation.id)


def _what_stays(operation: Operation, record: ApplicationRecord) -> AnsweredNote:
    """Return the note on what remains of a request that was refused late."""
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


def unreadable(
    status: Status,
    fields: Mapping[str, Any],
    problems: Sequence[Problem],
    message: tuple[str, str, datetime],
    tenant: str,
) -> Answer:
    """Build the answer to a message that never became an operation.

    `message` is (id, SHA-256 of the body, arrival): the answer's id derives from them, so that a redelivery of the
    message yields the same one. `fields` is what could be read of the request, if anything.
    """
    message_id, body_hash, received = message
    # The arrival is part of the id: a payload's own `Id` may replace the message's (WebJobs SDK, binding data).
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


def settled_answer(operation: Operation, data: AnswerData, now: datetime) -> Answer:
    """Build the final answer of an operation's generation, with an id derived from both."""
    kind = answer_type(data.status, operation.request.action)
    return Answer(
        id=answer_id(operation.id, str(operation.generation), kind),
        type=kind,
        subject=operation.unique_name,
        time=now,
        data=data,
    )


def answered_credential(entry: VaultEntry) -> AnsweredCredential:
    """Return the location of a credential, never its value."""
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
