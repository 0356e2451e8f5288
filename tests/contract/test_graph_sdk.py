"""Microsoft's Graph SDK for Python with azure-identity, with nothing but a credential: one registration and its end."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.identity.aio import ClientSecretCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.applications.item.add_password.add_password_post_request_body import AddPasswordPostRequestBody
from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
    RemovePasswordPostRequestBody,
)
from msgraph.generated.models.application import Application
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_credential import PasswordCredential
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.graph_service_client import GraphServiceClient

from tests.contract.graph_http import GraphHttp
from tests.contract.graph_sdk import close
from tests.contract.subject import Subject

ENDS = datetime(2027, 7, 1, tzinfo=UTC)


@pytest.fixture
async def sdk(subject: Subject) -> AsyncGenerator[GraphServiceClient]:
    credential = ClientSecretCredential(subject.tenant_id, subject.client_id, subject.client_secret)
    async with credential:
        client = GraphServiceClient(credential)
        yield client
        await close(client)


def upsert() -> RequestConfiguration[Any]:
    configuration = RequestConfiguration[Any]()
    configuration.headers.add("Prefer", "create-if-missing")
    return configuration


async def test_an_upsert_answers_the_application_once(
    sdk: GraphServiceClient, graph: GraphHttp, subject: Subject
) -> None:
    name = subject.unique()
    builder = sdk.applications_with_unique_name(name)
    made = await builder.patch(Application(display_name="by SDK"), upsert())
    assert made is not None
    assert made.app_id is not None
    graph.remember(str(made.id))
    assert made.unique_name == name
    principals = sdk.service_principals_with_app_id(made.app_id)
    principal = await principals.patch(ServicePrincipal(display_name="by SDK"), upsert())
    assert principal is not None
    graph.remember(str(principal.id))
    assert await builder.patch(Application(display_name="again"), upsert()) is None
    assert await principals.patch(ServicePrincipal(display_name="again"), upsert()) is None


async def test_a_secret_comes_and_goes(sdk: GraphServiceClient, graph: GraphHttp, subject: Subject) -> None:
    made = graph.create_application()
    graph.get(f"/applications/{made['id']}")  # waits until it is visible
    builder = sdk.applications.by_application_id(made["id"])
    wanted = AddPasswordPostRequestBody(password_credential=PasswordCredential(display_name="x", end_date_time=ENDS))
    added = await builder.add_password.post(wanted)
    assert added is not None
    assert added.secret_text
    assert (added.display_name, added.end_date_time) == ("x", ENDS)

    def visible() -> None:
        assert len(graph.get(f"/applications/{made['id']}")["passwordCredentials"]) == 1

    subject.eventually(visible)
    remove = RemovePasswordPostRequestBody(key_id=added.key_id)
    assert await builder.remove_password.post(remove) is None


async def test_a_refusal_is_an_odata_error(sdk: GraphServiceClient, subject: Subject) -> None:
    with pytest.raises(ODataError) as refused:
        await sdk.applications_with_unique_name(subject.unique()).get()
    assert refused.value.response_status_code == 404
    assert refused.value.error is not None
    assert refused.value.error.code == "Request_ResourceNotFound"
