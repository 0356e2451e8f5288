"""The tenant's credentials from Microsoft Graph: two listings of everything, and owners one by one."""

from collections.abc import AsyncIterator
from typing import Any

from kiota_abstractions.request_information import RequestInformation
from msgraph.graph_service_client import GraphServiceClient

from shared.adapters.graph_client import GraphSender
from shared.adapters.graph_models import (
    CredentialHolderAnswer,
    CredentialHolderPage,
    HeldCredentialAnswer,
    OwnerAnswer,
    OwnerPage,
)
from shared.adapters.graph_requests import selected
from shared.errors import Unavailable
from shared.model import CredentialType
from shared.report.model import CredentialHolder, HeldCredential, HolderKind

_PAGE = 999
"""Graph's most. With keyCredentials among the fields, 150 requests a minute are allowed in a tenant (Microsoft Learn,
"List applications"): a page is so large that they are not reached."""
_CREDENTIALS = ["passwordCredentials", "keyCredentials"]
_FIELDS: dict[HolderKind, list[str]] = {
    "application": ["id", "appId", "displayName", "uniqueName", *_CREDENTIALS],
    "servicePrincipal": ["id", "appId", "displayName", "servicePrincipalType", *_CREDENTIALS],
}


class GraphCredentialHolders:
    """Fills the port `CredentialHolders`. Its calls give way to others when Graph is busy."""

    def __init__(self, client: GraphServiceClient) -> None:
        self._client = client
        self._sender = GraphSender(client)

    async def all(self) -> AsyncIterator[CredentialHolder]:
        """List the applications and service principals that have credentials, whoever made them.

        Graph can filter by expiry, but not by "has any": everything is read, page by page, and most of it dropped.
        """
        builders: dict[HolderKind, Any] = {
            "application": self._client.applications,
            "servicePrincipal": self._client.service_principals,
        }
        for kind, builder in builders.items():
            async for holder in self._listed(kind, builder):
                yield holder

    async def owners(self, holder: CredentialHolder) -> tuple[str, ...] | None:
        """Name a holder's owners: userPrincipalName, else display name, else object id; None when it is gone."""
        builder: Any
        if holder.kind == "application":
            builder = self._client.applications.by_application_id(holder.object_id).owners
        else:
            builder = self._client.service_principals.by_service_principal_id(holder.object_id).owners
        request = _patiently(builder.to_get_request_information())
        names: list[str] = []
        page = await self._sender.get(request, OwnerPage)
        if page is None:
            return None
        while page is not None:
            for owner in page.list("value", OwnerAnswer):
                name = owner.string("userPrincipalName") or owner.string("displayName") or owner.required("id")
                names.append(name)
            following = page.string("@odata.nextLink")
            if following is None:
                return tuple(names)
            page = await self._sender.get(
                _patiently(builder.with_url(following).to_get_request_information()), OwnerPage
            )
        raise Unavailable(f"the list of owners of {holder.object_id} ended without its end")

    async def _listed(self, kind: HolderKind, builder: Any) -> AsyncIterator[CredentialHolder]:  # noqa: ANN401
        request = selected(_patiently(builder.to_get_request_information()), _FIELDS[kind])
        request.query_parameters["%24top"] = _PAGE
        page = await self._sender.get(request, CredentialHolderPage)
        while page is not None:
            for answer in page.list("value", CredentialHolderAnswer):
                holder = holder_from(kind, answer)
                if holder.credentials:
                    yield holder
            following = page.string("@odata.nextLink")
            if following is None:
                return
            request = _patiently(builder.with_url(following).to_get_request_information())
            page = await self._sender.get(request, CredentialHolderPage)
        raise Unavailable(f"the list of {kind}s ended without its end")


def holder_from(kind: HolderKind, answer: CredentialHolderAnswer) -> CredentialHolder:
    """Read a holder from Graph's answer. Raises ValueError when it lacks what every one has."""
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


def _patiently(request: RequestInformation) -> RequestInformation:
    """Let Graph serve others first when the tenant is near its limit (Microsoft Learn, "Throttling limits")."""
    request.headers.add("x-ms-throttle-priority", "low")
    return request
