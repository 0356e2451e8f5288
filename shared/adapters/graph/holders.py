"""The tenant's credentials from Microsoft Graph: two full listings, and owners in batches."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph.graph_service_client import GraphServiceClient

from shared.adapters.graph.client import GraphSender
from shared.adapters.graph.models import (
    CredentialHolderAnswer,
    CredentialHolderPage,
    ErrorAnswer,
    GraphBody,
    HeldCredentialAnswer,
    OwnerAnswer,
    OwnerBatchAnswer,
    OwnerPage,
    OwnerStepAnswer,
    OwnerStepBody,
    StepHeaders,
)
from shared.adapters.graph.paging import following, pages
from shared.adapters.graph.refusals.judging import judge
from shared.adapters.graph.refusals.refusal import Doing, Refusal
from shared.adapters.graph.requests import selected
from shared.adapters.retry_after import retry_after
from shared.core.errors import UnavailableError
from shared.model.directory import CredentialHolder, CredentialType, HeldCredential, HolderKind

_PAGE = 999
"""Graph's maximum. With keyCredentials among the fields, a tenant is allowed 150 requests a minute (Microsoft Learn,
"List applications"): pages of this size stay below that."""
_CREDENTIALS = ["passwordCredentials", "keyCredentials"]
_OK, _NOT_FOUND = 200, 404
_LOW_PRIORITY = {"x-ms-throttle-priority": "low"}
"""Lets Graph serve others first when the tenant is near its limit (Microsoft Learn, "Throttling limits")."""
_COLLECTIONS: dict[HolderKind, str] = {"application": "applications", "servicePrincipal": "servicePrincipals"}
_FIELDS: dict[HolderKind, list[str]] = {
    "application": ["id", "appId", "displayName", "uniqueName", *_CREDENTIALS],
    "servicePrincipal": ["id", "appId", "displayName", "servicePrincipalType", *_CREDENTIALS],
}


class GraphCredentialHolders:
    """Implements the port `CredentialHolders`. Its calls have low priority when Graph is busy."""

    def __init__(self, client: GraphServiceClient) -> None:
        self._client = client
        self._adapter: Any = client.request_adapter
        self._sender = GraphSender(client)

    async def all(self) -> AsyncIterator[CredentialHolder]:
        """List the applications and service principals that have credentials, of any origin.

        Graph can filter by expiry, but not by "has any": everything is read page by page, and most of it dropped.
        """
        builders: dict[HolderKind, Any] = {
            "application": self._client.applications,
            "servicePrincipal": self._client.service_principals,
        }
        for kind, builder in builders.items():
            async for holder in self._listed(kind, builder):
                yield holder

    async def owners(self, holders: Sequence[CredentialHolder]) -> dict[str, tuple[str, ...]]:
        """Return the owners of at most 20 holders, by object id, with one `$batch`; deleted holders are left out.

        Raises RegistrarError when one of its calls failed: Graph answers the batch with 200 even so.
        """
        paths = {each.object_id: f"/{_COLLECTIONS[each.kind]}/{each.object_id}/owners" for each in holders}
        steps = [{"id": key, "method": "GET", "url": path, "headers": _LOW_PRIORITY} for key, path in paths.items()]
        request = _deprioritised(RequestInformation(Method.POST, "{+baseurl}/$batch"))
        request.set_content_from_parsable(self._adapter, "application/json", GraphBody({"requests": steps}))
        answer = await self._sender.write(request, OwnerBatchAnswer, Doing.READ)
        answers = answer.list("responses", OwnerStepAnswer) if answer is not None else []
        bodies = {each.required("id"): _step_body(each) for each in answers}
        if bodies.keys() != paths.keys():
            raise UnavailableError("Microsoft Graph answered a batch in parts")
        return {key: await self._names(body) for key, body in bodies.items() if body is not None}

    async def _names(self, first: OwnerStepBody) -> tuple[str, ...]:
        """Return the owners of one holder; further pages are read one by one."""
        names: list[str] = []
        read: OwnerPage = first
        async for page in following(self._sender, read, self._client.applications, OwnerPage, prepare=_deprioritised):
            for owner in page.list("value", OwnerAnswer):
                name = owner.string("userPrincipalName") or owner.string("displayName") or owner.required("id")
                names.append(name)
        return tuple(names)

    async def _listed(self, kind: HolderKind, builder: Any) -> AsyncIterator[CredentialHolder]:  # noqa: ANN401
        request = selected(builder.to_get_request_information(), _FIELDS[kind])
        request.query_parameters["%24top"] = _PAGE
        async for page in pages(self._sender, builder, CredentialHolderPage, request, prepare=_deprioritised):
            for answer in page.list("value", CredentialHolderAnswer):
                holder = holder_from(kind, answer)
                if holder.credentials:
                    yield holder


def holder_from(kind: HolderKind, answer: CredentialHolderAnswer) -> CredentialHolder:
    """Read a holder from Graph's answer. Raises ValueError when a required field is missing."""
    return CredentialHolder(
        kind=kind,
        object_id=answer.required("id"),
        app_id=answer.required("appId"),
        display_name=answer.string("displayName") or "",
        unique_name=answer.string("uniqueName"),
        credentials=(
            *_credentials("secret", answer.list("passwordCredentials", HeldCredentialAnswer)),
            *_credentials("certificate", answer.list("keyCredentials", HeldCredentialAnswer)),
        ),
        is_renewed_by_platform=answer.string("servicePrincipalType") == "ManagedIdentity",
    )


def _credentials(kind: CredentialType, answers: list[HeldCredentialAnswer]) -> list[HeldCredential]:
    return [
        HeldCredential(
            type=kind,
            key_id=answer.required("keyId"),
            display_name=answer.string("displayName"),
            start=answer.moment("startDateTime"),
            end=answer.moment("endDateTime"),
        )
        for answer in answers
    ]


def _step_body(step: OwnerStepAnswer) -> OwnerStepBody | None:
    """Read the answer to one call of a batch; None for a deleted holder. Raises RegistrarError for other failures."""
    status = step.number("status") or 0
    if status == _NOT_FOUND:
        return None
    body = step.object("body", OwnerStepBody)
    if status != _OK:
        error, after = body.object("error", ErrorAnswer), step.object("headers", StepHeaders).string("Retry-After")
        code, text = error.string("code") or "", error.string("message") or ""
        raise judge(Refusal(status, code, text, after=retry_after(after)), Doing.READ)
    return body


def _deprioritised(request: RequestInformation) -> RequestInformation:
    for name, value in _LOW_PRIORITY.items():
        request.headers.add(name, value)
    return request
