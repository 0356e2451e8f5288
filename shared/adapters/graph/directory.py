"""Microsoft Graph as the registrar's directory."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

from kiota_abstractions.request_information import RequestInformation
from msgraph.graph_service_client import GraphServiceClient

from shared.adapters.graph.changes import GraphChanges
from shared.adapters.graph.client import GraphSender
from shared.adapters.graph.consents import GraphConsents
from shared.adapters.graph.mapping import (
    API_FIELDS,
    APPLICATION_FIELDS,
    CREDENTIAL_FIELDS,
    PRINCIPAL_FIELDS,
    api_from,
    application_body,
    application_from,
    credentials_from,
    keys_body,
    keys_from,
    principal_from,
)
from shared.adapters.graph.models import (
    ApplicationAnswer,
    ApplicationPage,
    GraphBody,
    PasswordCredentialAnswer,
    ServicePrincipalAnswer,
    ServicePrincipalPage,
)
from shared.adapters.graph.paging import pages
from shared.adapters.graph.refusals.refusal import Doing
from shared.adapters.graph.requests import body, builders, create_if_missing, filtered, selected
from shared.core.errors import NotYetVisibleError, RefusedError
from shared.core.naming import APPLICATION_TAG
from shared.core.secret import Secret
from shared.model.directory import (
    Api,
    ApplicationState,
    Consent,
    KeyCredential,
    PermissionType,
    PublicCertificate,
    SeenApplication,
    SeenConsents,
    SeenCredentials,
    SeenPrincipal,
)
from shared.ports import ChangedApplications, CreatedApplication, IssuedPassword

_PAGE = 999
_UNKNOWN_KEY = "Request_BadRequest"


class GraphDirectory:
    """Implements the port `Directory` with the Graph SDK's client."""

    def __init__(self, client: GraphServiceClient) -> None:
        self._client = client
        self._sender = GraphSender(client)
        self._consents = GraphConsents(client, self._sender)
        self._changes = GraphChanges(client, self._sender)

    async def find_apis(self, name: str) -> list[Api]:
        """List the service principals with this displayName, of any owner."""
        quoted = name.replace("'", "''")
        builder = self._client.service_principals
        request = filtered(builder.to_get_request_information(), f"displayName eq '{quoted}'", API_FIELDS)
        return [api_from(answer) async for answer in self._service_principals(request)]

    async def api(self, app_id: str) -> Api | None:
        """Find the service principal of an API by its appId."""
        builder = builders(self._client).service_principals_with_app_id(app_id)
        request = selected(builder.to_get_request_information(), API_FIELDS)
        answer = await self._sender.get(request, ServicePrincipalAnswer)
        return api_from(answer) if answer is not None else None

    async def api_of(self, service_principal_id: str) -> Api | None:
        """Find an API by the object id of its service principal, as consents name it."""
        builder = self._client.service_principals.by_service_principal_id(service_principal_id)
        request = selected(builder.to_get_request_information(), API_FIELDS)
        answer = await self._sender.get(request, ServicePrincipalAnswer)
        return api_from(answer) if answer is not None else None

    async def application(self, unique_name: str) -> SeenApplication | None:
        """Read an application by its uniqueName."""
        builder = builders(self._client).applications_with_unique_name(unique_name)
        request = selected(builder.to_get_request_information(), APPLICATION_FIELDS)
        answer = await self._sender.get(request, ApplicationAnswer)
        return application_from(answer) if answer is not None else None

    async def _our_applications(self) -> AsyncIterator[tuple[str, SeenCredentials]]:
        """List the applications that bear our tag, by uniqueName, with their credentials.

        All of the tenant's are read, 999 a page (Graph's maximum), and ours selected here: a filter on tags needs the
        index of advanced queries, which lags behind what it indexes (Microsoft Learn, "Advanced query capabilities").
        """
        builder = self._client.applications
        request = selected(builder.to_get_request_information(), CREDENTIAL_FIELDS)
        request.query_parameters["%24top"] = _PAGE
        async for page in pages(self._sender, builder, ApplicationPage, request):
            for answer in page.list("value", ApplicationAnswer):
                unique_name = answer.string("uniqueName")
                if unique_name is not None and APPLICATION_TAG in answer.strings_of("tags"):
                    yield unique_name, credentials_from(answer)

    async def changed_applications(self, link: str | None) -> ChangedApplications:
        """Read which of our applications have changed since `link` was given; without one, read all of them.

        A first round of the delta query would list all of them as well, but in pages of Graph's own size: it takes
        no `$top`. Raises RefusedError when the link is not honoured.
        """
        if link is not None:
            return await self._changes.since(link)
        # The link comes first: what changes while the list is read is in both, never in neither.
        following = await self._changes.from_now_on()
        seen = {unique_name: credentials async for unique_name, credentials in self._our_applications()}
        return ChangedApplications(seen, (), following)

    async def is_name_held_by_deleted(self, unique_name: str) -> bool:
        """Return whether a soft-deleted application still holds this uniqueName.

        Deleted items have no alternate key and no filter by uniqueName, so all of them are read.
        """
        builder = self._client.directory.deleted_items.graph_application
        request = selected(builder.to_get_request_information(), ["id", "uniqueName"])
        async for page in pages(self._sender, builder, ApplicationPage, request):
            if any(app.string("uniqueName") == unique_name for app in page.list("value", ApplicationAnswer)):
                return True
        return False

    async def upsert_application(self, unique_name: str, state: ApplicationState) -> CreatedApplication | None:
        """Create the application or update it; None when it existed (Microsoft Learn, application-upsert).

        Raises RejectedError for what Entra does not accept, and NotReplicatedError when an object not shown yet may
        hold the name.
        """
        builder = builders(self._client).applications_with_unique_name(unique_name)
        request = create_if_missing(builder.to_patch_request_information(body(application_body(state))))
        answer = await self._sender.write(request, ApplicationAnswer, Doing.WRITE_APPLICATION, state)
        return CreatedApplication(answer.required("id"), answer.required("appId")) if answer is not None else None

    async def service_principal(self, client_id: str) -> SeenPrincipal | None:
        """Find the application's service principal in this tenant."""
        builder = builders(self._client).service_principals_with_app_id(client_id)
        request = selected(builder.to_get_request_information(), PRINCIPAL_FIELDS)
        answer = await self._sender.get(request, ServicePrincipalAnswer)
        return principal_from(answer) if answer is not None else None

    async def upsert_service_principal(self, client_id: str, display_name: str) -> str | None:
        """Create the service principal; None when it existed (Microsoft Learn, serviceprincipal-upsert).

        Raises NotReplicatedError when the directory does not know the application: while that is new, Graph answers
        400, 403 or 404.
        """
        builder = builders(self._client).service_principals_with_app_id(client_id)
        request = create_if_missing(builder.to_patch_request_information(body({"displayName": display_name})))
        answer = await self._sender.write(request, ServicePrincipalAnswer, Doing.CREATE_PRINCIPAL)
        return answer.required("id") if answer is not None else None

    async def consents(self, service_principal_id: str, types: frozenset[PermissionType]) -> SeenConsents:
        """Read a client's consents of these types: tenant-wide delegated grants, and app role assignments."""
        return await self._consents.read(service_principal_id, types)

    async def write_consents(
        self, service_principal_id: str, seen: SeenConsents, add: frozenset[Consent], remove: frozenset[Consent]
    ) -> None:
        """Add and remove consents; those already there, or already gone, are a success."""
        await self._consents.write(service_principal_id, seen, add, remove)

    async def add_password(self, object_id: str, display_name: str, end: datetime) -> IssuedPassword:
        """Issue a client secret. Not idempotent: after UnavailableError it is unknown whether one was made."""
        builder = self._client.applications.by_application_id(object_id).add_password
        wanted = {"displayName": display_name, "endDateTime": end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        request = builder.to_post_request_information(body({"passwordCredential": GraphBody(wanted)}))
        answer = await self._sender.write(request, PasswordCredentialAnswer, Doing.ISSUE_CREDENTIAL)
        if answer is None:
            raise RefusedError("Microsoft Graph answered addPassword without a body")
        return IssuedPassword(answer.required("keyId"), Secret(answer.values.pop("secretText")))

    async def remove_password(self, object_id: str, key_id: str) -> bool:
        """Remove a client secret; False when the directory does not know it: gone, or too recent."""
        builder = self._client.applications.by_application_id(object_id).remove_password
        request = builder.to_post_request_information(body({"keyId": str(UUID(key_id))}))
        try:
            await self._sender.command(request, Doing.REMOVE_CREDENTIAL)
        except RefusedError as refused:
            if refused.code == _UNKNOWN_KEY:
                return False
            raise
        return True

    async def keys(self, object_id: str) -> tuple[KeyCredential, ...]:
        """Read an application's certificates, in the form to send back.

        Raises NotYetVisibleError when there is no application.
        """
        builder = self._client.applications.by_application_id(object_id)
        request = selected(builder.to_get_request_information(), ["keyCredentials"])
        answer = await self._sender.get(request, ApplicationAnswer)
        if answer is None:
            raise NotYetVisibleError(f"the directory does not show the application with the object id {object_id}")
        return keys_from(answer)

    async def write_keys(
        self, object_id: str, keys: tuple[KeyCredential, ...], add: tuple[PublicCertificate, str] | None = None
    ) -> None:
        """Replace an application's certificates: `keys` as they were read, and a new one with its displayName."""
        builder = self._client.applications.by_application_id(object_id)
        wanted = body({"keyCredentials": keys_body(keys, add)})
        await self._sender.command(builder.to_patch_request_information(wanted), Doing.WRITE_CERTIFICATES)

    async def _service_principals(self, request: RequestInformation) -> AsyncIterator[ServicePrincipalAnswer]:
        async for page in pages(self._sender, self._client.service_principals, ServicePrincipalPage, request):
            for answer in page.list("value", ServicePrincipalAnswer):
                yield answer
