"""Consent on the Graph double: delegated grants and app role assignments."""

import base64
from uuid import UUID

import pytest

from devstack.doubles.documents import Document
from devstack.doubles.graph.operations.grants import grant_id
from tests.devstack.doubles.graph_tenant import NOWHERE, Caller, GraphTenant, error

GRANTS = "/oauth2PermissionGrants"


@pytest.fixture
def resource(graph: GraphTenant) -> Document:
    return graph.resource()


@pytest.fixture
async def client(admin: Caller) -> Document:
    return await admin.create_principal((await admin.create_application())["appId"])


def grant(client: Document, resource: Document, scope: str = "Read.Write") -> Document:
    return {
        "clientId": client["id"],
        "consentType": "AllPrincipals",
        "resourceId": resource["id"],
        "scope": scope,
    }


def assignment(client: Document, resource: Document) -> Document:
    return {
        "principalId": client["id"],
        "resourceId": resource["id"],
        "appRoleId": resource["appRoles"][0]["id"],
    }


def test_the_id_of_a_grant_is_the_recorded_one() -> None:
    computed = grant_id("11111111-2222-4333-8444-555555555555", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")
    assert computed == "ERERESIiM0OERFVVVVVVVaqqqqq7u8xMjd3u7u7u7u4"


async def test_a_grant_is_made_changed_and_revoked(admin: Caller, client: Document, resource: Document) -> None:
    made = await admin.post(GRANTS, grant(client, resource))
    assert made.status_code == 201
    body = made.json()
    assert body["id"] == grant_id(client["id"], resource["id"])
    assert body["principalId"] is None
    assert made.headers["location"].endswith(f"/oauth2PermissionGrants/{body['id']}")
    path = f"/oAuth2PermissionGrants/{body['id']}"
    assert (await admin.patch(path, {"scope": "openid Read.Write"})).status_code == 204
    assert (await admin.get(path)).json()["scope"] == "openid Read.Write"
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


async def test_a_second_grant_between_the_same_two_is_a_conflict(
    admin: Caller, client: Document, resource: Document
) -> None:
    await admin.post(GRANTS, grant(client, resource))
    answer = await admin.post(GRANTS, grant(client, resource, "other"))
    assert error(answer) == (
        409,
        "Request_MultipleObjectsWithSameKeyValue",
        "Permission entry already exists.",
    )


async def test_grants_are_found_by_client_and_by_resource(admin: Caller, client: Document, resource: Document) -> None:
    await admin.post(GRANTS, grant(client, resource))
    by_client = f"$filter=clientId eq '{client['id']}' and consentType eq 'AllPrincipals'"
    for path in (
        f"{GRANTS}?{by_client}",
        f"{GRANTS}?$filter=resourceId eq '{resource['id']}'",
        f"/servicePrincipals/{client['id']}/oauth2PermissionGrants",
    ):
        assert [item["scope"] for item in (await admin.get(path)).json()["value"]] == ["Read.Write"]
    nobody = await admin.get(f"{GRANTS}?$filter=clientId eq '{NOWHERE}'")
    assert (nobody.status_code, nobody.json()["value"]) == (200, [])


@pytest.mark.parametrize(
    "change",
    [{"consentType": "Everybody"}, {"consentType": "Principal"}, {"principalId": NOWHERE}, {"scope": "x" * 3851}],
)
async def test_a_grant_is_refused_for(admin: Caller, client: Document, resource: Document, change: Document) -> None:
    answer = await admin.post(GRANTS, grant(client, resource) | change)
    assert error(answer)[:2] == (400, "Request_BadRequest")


async def test_a_grant_to_nobody_is_not_found(admin: Caller, resource: Document) -> None:
    answer = await admin.post(GRANTS, grant({"id": NOWHERE}, resource))
    assert error(answer)[:2] == (404, "Request_ResourceNotFound")


@pytest.mark.parametrize("side", ["appRoleAssignedTo", "appRoleAssignments"])
async def test_a_role_is_assigned_from_either_side(
    admin: Caller, client: Document, resource: Document, side: str
) -> None:
    anchor = resource if side == "appRoleAssignedTo" else client
    path = f"/servicePrincipals(appId='{anchor['appId']}')/{side}"
    made = await admin.post(path, assignment(client, resource))
    assert made.status_code == 201
    body = made.json()
    assert base64.urlsafe_b64decode(body["id"] + "==")[:16] == UUID(client["id"]).bytes_le
    assert (body["principalType"], body["resourceDisplayName"]) == ("ServicePrincipal", "Things")
    for other in (
        f"/servicePrincipals/{resource['id']}/appRoleAssignedTo",
        f"/servicePrincipals/{client['id']}/appRoleAssignments",
    ):
        listed = (await admin.get(other)).json()["value"]
        assert [item["id"] for item in listed] == [body["id"]]
    assert (await admin.get(f"{path}/{body['id']}")).json()["appRoleId"] == body["appRoleId"]
    assert (await admin.delete(f"{path}/{body['id']}")).status_code == 204
    assert (await admin.get(path)).json()["value"] == []


async def test_a_role_is_assigned_once(admin: Caller, client: Document, resource: Document) -> None:
    path = f"/servicePrincipals/{resource['id']}/appRoleAssignedTo"
    await admin.post(path, assignment(client, resource))
    answer = await admin.post(path, assignment(client, resource))
    assert error(answer) == (
        400,
        "Request_BadRequest",
        "Permission being assigned already exists on the object",
    )


async def test_a_role_must_be_one_of_the_resources(admin: Caller, client: Document, resource: Document) -> None:
    path = f"/servicePrincipals/{resource['id']}/appRoleAssignedTo"
    scope = {**assignment(client, resource), "appRoleId": resource["oauth2PermissionScopes"][0]["id"]}
    assert error(await admin.post(path, scope))[2].startswith("Permission being assigned was not found")
    default = {**assignment(client, resource), "appRoleId": "00000000-0000-0000-0000-000000000000"}
    assert (await admin.post(path, default)).status_code == 201


async def test_an_assignment_to_nobody_is_no_valid_reference(admin: Caller, resource: Document) -> None:
    path = f"/servicePrincipals/{resource['id']}/appRoleAssignedTo"
    answer = await admin.post(path, assignment({"id": NOWHERE}, resource))
    assert error(answer) == (400, "Request_BadRequest", "Not a valid reference update.")


async def test_consent_is_not_for_who_may_only_write_applications(
    graph: GraphTenant, admin: Caller, client: Document, resource: Document
) -> None:
    for roles in (("Application.ReadWrite.All",), ("AppRoleAssignment.ReadWrite.All",)):
        caller = graph.caller(*roles)
        assert (await caller.post(GRANTS, grant(client, resource))).status_code == 403
        path = f"/servicePrincipals/{resource['id']}/appRoleAssignedTo"
        assert (await caller.post(path, assignment(client, resource))).status_code == 403
    enough = graph.caller("AppRoleAssignment.ReadWrite.All", "Application.Read.All")
    assert (await enough.post(path, assignment(client, resource))).status_code == 201
