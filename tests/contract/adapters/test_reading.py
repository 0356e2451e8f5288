"""The tenant's credentials, callers' tokens and the stored report, as the doubles and Azurite have them."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import ClientSecretCredential, DefaultAzureCredential

from devstack.azurite import Azurite
from devstack.config import Client
from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.seed.additions import Additions, add
from shared.adapters.entra.tokens import EntraTokens
from shared.adapters.graph import holders as graph_holders
from shared.adapters.graph.client import graph_service_client
from shared.adapters.graph.holders import GraphCredentialHolders
from shared.adapters.storage.reports import ReportBlobs
from shared.core.callers import APPROVER, READER, NotAllowedError, NotAuthenticatedError
from shared.core.errors import (
    DeferredError,
    ForbiddenError,
    NotYetVisibleError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from shared.model.directory import CredentialHolder
from shared.ports import Reports
from shared.ports.reports import FORMATS, StoredReport
from tests.contract.adapters.stores import storage_account
from tests.contract.graph_sdk import close
from tests.devstack.doubles.local import Local
from tests.fakes.faults import Faults
from tests.fakes.reporting import FakeReports


@pytest.fixture
async def holders(registrar: Local) -> AsyncGenerator[GraphCredentialHolders]:
    """The adapter, as the registrar's identity; what other tests have read counts against no quota any more."""
    registrar.world.clock.advance(timedelta(seconds=150))
    async with DefaultAzureCredential() as credential:
        client = graph_service_client(credential)
        yield GraphCredentialHolders(client)
        await close(client)


def plant_holders(local: Local, number: int) -> list[dict[str, Any]]:
    """So many applications, each with a service principal; both with a secret and a certificate."""
    made: list[dict[str, Any]] = []
    for _ in range(number):
        app = {
            "id": str(uuid4()),
            "appId": str(uuid4()),
            "displayName": "=<script>\u202e",
            "passwordCredentials": [{"keyId": str(uuid4()), "displayName": "of the app"}],
            "keyCredentials": [key_credential()],
        }
        principal = {
            "id": str(uuid4()),
            "appId": app["appId"],
            "passwordCredentials": [{"keyId": str(uuid4()), "displayName": "of the principal"}],
            "keyCredentials": [key_credential()],
        }
        add(local.world, Additions.model_validate({"applications": [app], "servicePrincipals": [principal]}))
        made += [app, principal]
    return made


def key_credential() -> dict[str, Any]:
    return {
        "keyId": str(uuid4()),
        "displayName": "CN=exam",
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "startDateTime": "2026-01-01T00:00:00Z",
        "endDateTime": "2028-01-01T00:00:00Z",
    }


async def listed(holders: GraphCredentialHolders) -> dict[str, CredentialHolder]:
    return {holder.object_id: holder async for holder in holders.all()}


async def test_every_credential_of_the_tenant_is_listed_over_pages(
    holders: GraphCredentialHolders, registrar: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = plant_holders(registrar, 3)
    monkeypatch.setattr(graph_holders, "_PAGE", 2)
    # So small pages of all that other tests made are more reads of certificates than a tenant may have in a minute.
    monkeypatch.setattr(registrar.world.weather, "quotas", False)
    found = await listed(holders)
    for each in planted:
        holder = found[each["id"]]
        wanted = {
            ("secret", each["passwordCredentials"][0]["keyId"]),
            ("certificate", each["keyCredentials"][0]["keyId"]),
        }
        assert {(credential.type, credential.key_id) for credential in holder.credentials} == wanted
        assert holder.app_id == each["appId"]
        certificate = next(each for each in holder.credentials if each.type == "certificate")
        assert (certificate.start, certificate.end) == (
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2028, 1, 1, tzinfo=UTC),
        )
    assert found[planted[0]["id"]].kind == "application"
    assert found[planted[0]["id"]].display_name == "=<script>\u202e"
    assert found[planted[1]["id"]].kind == "servicePrincipal"
    assert all(holder.credentials for holder in found.values())


@pytest.mark.parametrize("path", ["/applications", "/servicePrincipals"])
async def test_a_listing_that_breaks_off_is_no_listing(
    holders: GraphCredentialHolders, registrar: Local, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    plant_holders(registrar, 3)
    monkeypatch.setattr(graph_holders, "_PAGE", 2)
    registrar.world.faults.add(Fault(service="graph", kind=FaultKind.THROTTLE, method="GET", path=path, after=1))
    with pytest.raises(ThrottledError):
        await listed(holders)


async def test_owners_are_named_and_nobody_is_not_gone(holders: GraphCredentialHolders, registrar: Local) -> None:
    planted = plant_holders(registrar, 1)
    user = {"id": str(uuid4()), "displayName": "Grace Hopper", "userPrincipalName": "grace@exam.example"}
    add(registrar.world, Additions.model_validate({"users": [user]}))
    application, principal = [(await listed(holders))[each["id"]] for each in planted]
    gone = CredentialHolder("application", str(uuid4()), str(uuid4()), "gone", None, ())
    asked = [application, gone, principal]
    assert await holders.owners(asked) == {application.object_id: (), principal.object_id: ()}
    own(registrar, application, [user["id"]])
    assert await holders.owners(asked) == {application.object_id: ("grace@exam.example",), principal.object_id: ()}
    assert registrar.world.calls["graph", "POST /$batch"] == 2


def own(local: Local, application: CredentialHolder, owners: list[str]) -> None:
    document = local.world.primary().get("applications", application.object_id)
    assert document is not None
    local.world.documents.put("applications", application.object_id, document | {"_owners": owners})


async def test_owners_are_read_page_by_page(holders: GraphCredentialHolders, registrar: Local) -> None:
    planted = plant_holders(registrar, 1)
    names = [f"owner{number}@exam.example" for number in range(101)]
    users = [{"id": str(uuid4()), "displayName": name, "userPrincipalName": name} for name in names]
    add(registrar.world, Additions.model_validate({"users": users}))
    application = (await listed(holders))[planted[0]["id"]]
    own(registrar, application, [user["id"] for user in users])
    found = await holders.owners([application])
    assert sorted(found[application.object_id]) == sorted(names)


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        (FaultKind.THROTTLE, None, ThrottledError),
        (FaultKind.ERROR, 503, UnavailableError),
        (FaultKind.LOST_ANSWER, None, UnavailableError),
    ],
)
async def test_one_question_of_a_batch_that_failed_is_not_nobody(
    holders: GraphCredentialHolders, registrar: Local, kind: FaultKind, status: int | None, error: type[DeferredError]
) -> None:
    plant_holders(registrar, 3)
    found = list((await listed(holders)).values())[:3]
    path = f"/v1.0/applications/{found[1].object_id}/owners"
    fault = Fault(service="graph", kind=kind, status=status, method="GET", path=path, retry_after=17)
    registrar.world.faults.add(fault)
    with pytest.raises(error) as failed:
        await holders.owners(found)
    assert failed.value.after == (timedelta(seconds=17) if kind is FaultKind.THROTTLE else None)


async def test_reading_the_tenant_takes_a_right(registrar: Local) -> None:
    requester = registrar.config.clients["requester"]
    async with credential_of(registrar, requester) as credential:
        client = graph_service_client(credential)
        with pytest.raises(ForbiddenError):
            await listed(GraphCredentialHolders(client))
        await close(client)


def credential_of(local: Local, client: Client) -> ClientSecretCredential:
    return ClientSecretCredential(local.config.tenant_id, client.client_id, client.client_secret)


def callers(local: Local, audience: str | None = None) -> EntraTokens:
    return EntraTokens(
        authority="https://login.microsoftonline.com",
        tenant_id=local.config.tenant_id,
        audience=audience or local.config.api.client_id,
        now=local.world.clock.now,
    )


async def bearer(local: Local, client: Client, resource: str) -> str:
    async with credential_of(local, client) as credential:
        return f"Bearer {(await credential.get_token(f'{resource}/.default')).token}"


async def test_a_token_of_entra_says_who_the_reader_is(registrar: Local) -> None:
    reader = registrar.config.clients["reader"]
    for resource in (registrar.config.api.client_id, f"api://{registrar.config.api.client_id}"):
        caller = await callers(registrar).require(await bearer(registrar, reader, resource), READER)
        assert caller.object_id == reader.object_id
        assert caller.client_id == reader.client_id
    with pytest.raises(NotAllowedError):
        await callers(registrar).require(await bearer(registrar, reader, resource), APPROVER)


async def test_who_holds_no_role_gets_no_token_and_a_token_for_another_api_does_not_count(registrar: Local) -> None:
    api, requester = registrar.config.api.client_id, registrar.config.clients["requester"]
    with pytest.raises(ClientAuthenticationError):
        await bearer(registrar, requester, api)
    with pytest.raises(NotAuthenticatedError):
        await callers(registrar).require(await bearer(registrar, requester, "https://digitaltwins.azure.net"), READER)


async def test_while_entra_is_away_nobody_is_judged(registrar: Local) -> None:
    token = await bearer(registrar, registrar.config.clients["reader"], registrar.config.api.client_id)
    registrar.world.faults.add(Fault(service="entra", kind=FaultKind.ERROR, method="GET"))
    with pytest.raises(UnavailableError):
        await callers(registrar).require(token, READER)


@pytest.fixture(params=["fakes", "azurite"])
async def reports(request: pytest.FixtureRequest) -> AsyncGenerator[Reports]:
    if request.param == "fakes":
        yield FakeReports(Faults())
        return
    request.getfixturevalue("registrar")
    azurite: Azurite = request.getfixturevalue("azurite")
    async with storage_account(azurite) as storage:
        yield ReportBlobs(storage.blobs)
        container = storage.blobs.get_container_client("reports")
        for form in FORMATS:
            await container.delete_blob(f"credentials.{form}")


async def test_a_report_is_complete_with_its_json_and_each_format_has_its_moment(reports: Reports) -> None:
    first = datetime(2026, 11, 23, 4, 20, tzinfo=UTC)
    second = first + timedelta(days=1)
    assert [await reports.read(form) for form in FORMATS] == [None, None, None]
    assert await reports.as_of() is None
    for form in FORMATS:
        assert await reports.as_of() is None
        await reports.write(form, StoredReport(first, f"first {form}".encode()))
    assert await reports.as_of() == first
    await reports.write("html", StoredReport(second, b"second"))
    assert await reports.as_of() == first
    assert await reports.read("html") == StoredReport(second, b"second")
    assert await reports.read("csv") == StoredReport(first, b"first csv")


async def test_a_blob_that_somebody_else_wrote_is_no_report_and_is_replaced(registrar: Local, azurite: Azurite) -> None:
    async with storage_account(azurite) as storage:
        container, reports = storage.blobs.get_container_client("reports"), ReportBlobs(storage.blobs)
        await container.upload_blob("credentials.json", b"{}", overwrite=True, metadata={"asOf": "yesterday"})
        assert await reports.as_of() is None
        with pytest.raises(RefusedError):
            await reports.read("json")
        made = StoredReport(datetime(2026, 11, 23, 4, 20, tzinfo=UTC), b"[]")
        await reports.write("json", made)
        assert await reports.read("json") == made
        await container.delete_blob("credentials.json")


async def test_a_container_that_is_not_there_is_not_a_report_that_was_never_made(
    registrar: Local, azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.adapters.storage.reports.REPORTS_CONTAINER", "not-deployed")
    async with storage_account(azurite) as storage:
        reports = ReportBlobs(storage.blobs)
        with pytest.raises(NotYetVisibleError):
            await reports.read("html")
        with pytest.raises(NotYetVisibleError):
            await reports.as_of()
