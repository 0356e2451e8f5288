"""Microsoft's own SDK for Python against the Graph double, in process: request builders, models, errors, retries."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator
from kiota_abstractions.authentication.base_bearer_token_authentication_provider import (
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.applications.applications_request_builder import ApplicationsRequestBuilder
from msgraph.generated.applications.item.add_password.add_password_post_request_body import (
    AddPasswordPostRequestBody,
)
from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
    RemovePasswordPostRequestBody,
)
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.application import Application
from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_credential import PasswordCredential
from msgraph.generated.models.public_client_application import PublicClientApplication
from msgraph.generated.models.required_resource_access import RequiredResourceAccess
from msgraph.generated.models.resource_access import ResourceAccess
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.world import World
from tests.devstack.doubles.graph_tenant import ROOT, Caller, GraphTenant

TWINS = "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
READ_WRITE = UUID("4589bd03-58cb-4e6c-b17f-b580e39652f8")


class _Bearer(AccessTokenProvider):
    """Hands out the caller's token, as azure-identity would."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: dict[str, Any] | None = None
    ) -> str:
        return self._caller.token()

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator([])


@pytest.fixture
async def sdk(admin: Caller) -> AsyncIterator[GraphServiceClient]:
    transport = httpx.AsyncClient(transport=httpx.ASGITransport(admin.app), base_url=ROOT)
    async with GraphClientFactory.create_with_default_middleware(client=transport) as client:
        provider = BaseBearerTokenAuthenticationProvider(_Bearer(admin))
        yield GraphServiceClient(request_adapter=GraphRequestAdapter(provider, client))


def upsert() -> RequestConfiguration[Any]:
    configuration = RequestConfiguration[Any]()
    configuration.headers.add("Prefer", "create-if-missing")
    return configuration


async def test_a_registration_from_upsert_to_consent(sdk: GraphServiceClient, graph: GraphTenant) -> None:
    wanted = Application(
        display_name="ADT client (dev)",
        sign_in_audience="AzureADMyOrg",
        is_fallback_public_client=False,
        public_client=PublicClientApplication(redirect_uris=["http://localhost"]),
        required_resource_access=[
            RequiredResourceAccess(resource_app_id=TWINS, resource_access=[ResourceAccess(id=READ_WRITE, type="Scope")])
        ],
        tags=["registrar"],
    )
    builder = sdk.applications_with_unique_name("adt-client-dev")
    application = await builder.patch(wanted, upsert())
    assert application is not None
    assert application.app_id is not None
    assert application.unique_name == "adt-client-dev"
    assert await builder.patch(wanted, upsert()) is None

    principal = await sdk.service_principals_with_app_id(application.app_id).patch(ServicePrincipal(), upsert())
    assert principal is not None
    assert principal.id is not None

    resource = graph.resource()
    grant = OAuth2PermissionGrant(
        client_id=principal.id, consent_type="AllPrincipals", resource_id=resource["id"], scope="Read.Write"
    )
    made = await sdk.oauth2_permission_grants.post(grant)
    assert made is not None
    assignment = AppRoleAssignment(
        principal_id=UUID(principal.id),
        resource_id=UUID(resource["id"]),
        app_role_id=UUID(resource["appRoles"][0]["id"]),
    )
    assigned = await sdk.service_principals.by_service_principal_id(resource["id"]).app_role_assigned_to.post(
        assignment
    )
    assert assigned is not None
    assert assigned.principal_display_name == "ADT client (dev)"

    read = await builder.get()
    assert read is not None
    assert read.required_resource_access is not None
    (access,) = read.required_resource_access[0].resource_access or []
    assert (access.id, access.type) == (READ_WRITE, "Scope")


async def test_a_secret_is_added_and_removed(sdk: GraphServiceClient, admin: Caller) -> None:
    builder = sdk.applications.by_application_id((await admin.create_application())["id"])
    end = datetime(2027, 7, 1, tzinfo=UTC)
    body = AddPasswordPostRequestBody(password_credential=PasswordCredential(display_name="reg:1", end_date_time=end))
    added = await builder.add_password.post(body)
    assert added is not None
    assert added.secret_text is not None
    assert (added.display_name, added.end_date_time, len(added.secret_text)) == ("reg:1", end, 40)
    await builder.remove_password.post(RemovePasswordPostRequestBody(key_id=added.key_id))
    read = await builder.get()
    assert read is not None
    assert read.password_credentials == []


async def test_lists_are_filtered_selected_and_paged(sdk: GraphServiceClient, admin: Caller) -> None:
    for number in range(3):
        await admin.create_application(displayName=f"demo {number}", tags=["registrar"])
    parameters = ApplicationsRequestBuilder.ApplicationsRequestBuilderGetQueryParameters(
        filter="tags/any(t:t eq 'registrar')", select=["id", "displayName"], top=2
    )
    page = await sdk.applications.get(RequestConfiguration(query_parameters=parameters))
    assert page is not None
    assert page.odata_next_link is not None
    rest = await sdk.applications.with_url(page.odata_next_link).get()
    assert rest is not None
    names = [item.display_name for item in [*(page.value or []), *(rest.value or [])]]
    assert names == ["demo 0", "demo 1", "demo 2"]


async def test_a_deleted_application_is_found_and_purged(sdk: GraphServiceClient, admin: Caller) -> None:
    created = await admin.create_application(uniqueName="orders")
    await sdk.applications.by_application_id(created["id"]).delete()
    page = await sdk.directory.deleted_items.graph_application.get()
    assert page is not None
    assert [item.unique_name for item in page.value or []] == ["orders"]
    await sdk.directory.deleted_items.by_directory_object_id(created["id"]).delete()
    assert (await admin.get("/directory/deletedItems/microsoft.graph.application")).json()["value"] == []


async def test_errors_become_odata_errors(sdk: GraphServiceClient) -> None:
    with pytest.raises(ODataError) as refused:
        await sdk.applications_with_unique_name("nobody").get()
    assert refused.value.response_status_code == 404
    assert refused.value.error is not None
    assert refused.value.error.code == "Request_ResourceNotFound"
    assert refused.value.error.inner_error is not None
    assert refused.value.error.inner_error.request_id is not None


async def test_the_sdk_waits_out_a_throttled_answer(sdk: GraphServiceClient, world: World) -> None:
    world.faults.add(Fault(service="graph", kind=FaultKind.THROTTLE, retry_after=1))
    made = await sdk.applications.post(Application(display_name="demo"))
    assert made is not None
    assert world.calls["graph", "POST /applications"] == 2
