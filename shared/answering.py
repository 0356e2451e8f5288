"""Answers: what a requester is told, built from what was found, and delivered as often as it takes with one id."""

import json

from shared.contract.answer import (
    Answer,
    AnswerData,
    AnsweredApi,
    AnsweredCredential,
    AnsweredPermission,
    Status,
    answer_id,
    answer_type,
    answered_errors,
)
from shared.contract.request import RegistrationRequest
from shared.errors import Problem
from shared.model import Api, VaultEntry
from shared.naming import portal_url
from shared.operation import Operation
from shared.registration.job import Job
from shared.registration.register import Registration


def completed(job: Job, registration: Registration) -> Answer:
    """Build the answer to a verified registration."""
    operation, request = job.operation, job.operation.request
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
        api_permissions=tuple(_api(api, registration) for api in registration.resolution.apis),
        credentials=tuple(_credential(name, entry, request) for name, entry in registration.entries.items()),
        steps=operation.steps,
        portal_url=portal_url(registration.client_id),
    )
    return _settled(job, data)


def stopped(job: Job, status: Status, problems: tuple[Problem, ...]) -> Answer:
    """Build the answer to an accepted request that is rejected or failed; names what exists by now."""
    operation, record = job.operation, job.application
    data = AnswerData(
        request_id=operation.request.request_id,
        source=operation.request.source,
        operation_id=operation.id,
        status=status,
        client_id=record.client_id if status is Status.FAILED else None,
        tenant_id=job.services.tenant_id,
        object_id=record.object_id if status is Status.FAILED else None,
        display_name=operation.request.application.display_name,
        steps=operation.steps,
        errors=answered_errors(problems),
        error_count=len(problems),
    )
    return _settled(job, data)


def _settled(job: Job, data: AnswerData) -> Answer:
    operation = job.operation
    kind = answer_type(data.status)
    return Answer(
        id=answer_id(operation.id, str(operation.generation), kind),
        type=kind,
        subject=operation.unique_name,
        time=job.now(),
        data=data,
    )


def _api(api: Api, registration: Registration) -> AnsweredApi:
    return AnsweredApi(
        api=api.display_name,
        resource_app_id=api.app_id,
        resource_uri=api.resource_uri,
        permissions=tuple(
            AnsweredPermission(
                name=resolved.permission.name,
                id=resolved.permission.id,
                type=resolved.permission.type,
                consented=resolved.consent in registration.consents,
            )
            for resolved in registration.resolution.permissions
            if resolved.api.app_id == api.app_id
        ),
    )


def _credential(name: str, entry: VaultEntry, request: RegistrationRequest) -> AnsweredCredential:
    spec = next(credential for credential in request.credentials if credential.name == name)
    if entry.expires is None:
        raise ValueError(f"the vault entry of {name} has no expiry")
    return AnsweredCredential(
        name=name,
        type=spec.type,
        key_id=entry.tags["keyId"],
        key_vault_secret_uri=entry.uri,
        key_vault_secret_version=entry.version,
        expires_on=entry.expires,
    )


def poison_message(operation: Operation, reason: str) -> str:
    """Build what is kept of a request that could not be served: why, after how many attempts, and the original."""
    return json.dumps(
        {
            "schemaVersion": "1",
            "reason": reason,
            "attempts": operation.attempts,
            "operationId": operation.id,
            "original": operation.request.model_dump(mode="json"),
        },
        ensure_ascii=False,
    )
