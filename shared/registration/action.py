"""The action `register`: registers an app, and builds the answer."""

from shared.contract.answer import (
    MAX_FILLED,
    MAX_OTHERS,
    Answer,
    AnswerData,
    AnsweredApi,
    AnsweredNote,
    AnsweredOthers,
    AnsweredPermission,
    Status,
)
from shared.contract.request import RegistrationRequest
from shared.core.naming import portal_url
from shared.core.text import printable
from shared.model.directory import Api
from shared.model.operation import requester_of
from shared.operations.action import Action
from shared.operations.answers import answered_credential, settled_answer
from shared.operations.attempt import Attempt
from shared.policy.policy_file import Policy
from shared.registration.register import Registration, register
from shared.registration.rolling_back import refuse


async def perform(attempt: Attempt) -> Answer:
    """Create or update the requested registration; return the answer once it is verified.

    Raises what `register` does.
    """
    request = attempt.operation.request
    if not isinstance(request, RegistrationRequest):
        raise TypeError(f"operation {attempt.operation.id} is no registration")
    return registered(attempt, request, await register(attempt, request))


def registered(attempt: Attempt, request: RegistrationRequest, registration: Registration) -> Answer:
    """Build the answer to a verified registration."""
    operation = attempt.operation
    data = AnswerData(
        request_id=request.request_id,
        source=request.source,
        operation_id=operation.id,
        status=Status.COMPLETED,
        client_id=registration.client_id,
        tenant_id=attempt.answers.tenant_id,
        object_id=registration.object_id,
        service_principal_id=registration.service_principal_id,
        display_name=request.application.display_name,
        api_permissions=tuple(_api(api, registration, attempt.policy) for api in registration.resolution.apis),
        credentials=tuple(answered_credential(entry) for entry in registration.entries.values()),
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
            AnsweredNote(**vars(note)) for note in attempt.answers.labelled(registration.notes, request.source)
        ),
    )
    return settled_answer(operation, data, attempt.now())


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


REGISTER = Action(perform=perform, refuse=refuse)
