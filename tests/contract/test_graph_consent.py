"""Service principals, and consent given to them (Microsoft Learn, serviceprincipal-*, oauth2permissiongrant-*)."""

from uuid import uuid4

import pytest

from tests.contract.graph_http import MICROSOFT_GRAPH, UPSERT, USER_READ_ALL_ROLE, GraphHttp, Json
from tests.contract.subject import Subject


@pytest.fixture
def client(graph: GraphHttp) -> Json:
    """A service principal without any consent."""
    return graph.create_principal(graph.create_application()["appId"])


@pytest.fixture
def resource(graph: GraphHttp) -> str:
    """Object id of Microsoft Graph's service principal."""
    return graph.get(f"/servicePrincipals(appId='{MICROSOFT_GRAPH}')?$select=id")["id"]


def test_a_service_principal_is_upserted_by_app_id(graph: GraphHttp) -> None:
    made = graph.create_application(displayName="upserted")
    path = f"/servicePrincipals(appId='{made['appId']}')"
    principal = graph.call(201, "PATCH", path, {"displayName": "upserted"}, UPSERT).json()
    assert (principal["appId"], principal["displayName"]) == (made["appId"], "upserted")
    assert graph.call(204, "PATCH", path, {"displayName": "upserted"}, UPSERT).content == b""


def test_an_application_has_one_service_principal(graph: GraphHttp, client: Json) -> None:
    code, message = graph.error(409, "POST", "/servicePrincipals", {"appId": client["appId"]})
    assert code == "Request_MultipleObjectsWithSameKeyValue"
    assert message.endswith(f"the service principal name {client['appId']} is already in use.")


def test_no_service_principal_without_an_application(graph: GraphHttp) -> None:
    """As an application that is not replicated yet is answered (hashicorp/go-azure-sdk, sdk/odata/errors.go)."""
    nobody = str(uuid4())
    code, message = graph.error(400, "POST", "/servicePrincipals", {"appId": nobody})
    assert code == "Request_BadRequest"
    assert message == f"The appId '{nobody}' of the service principal does not reference a valid application object."


def test_a_service_principal_goes_with_its_application(graph: GraphHttp, client: Json) -> None:
    graph.delete(f"/applications(appId='{client['appId']}')")
    graph.get(f"/servicePrincipals/{client['id']}", expected=404)


def test_an_api_is_found_by_name_with_what_it_offers(graph: GraphHttp) -> None:
    fields = "appId,appOwnerOrganizationId,servicePrincipalNames,oauth2PermissionScopes,appRoles"
    page = graph.get(f"/servicePrincipals?$filter=displayName eq 'Microsoft Graph'&$select={fields}")
    (found,) = [each for each in page["value"] if each["appId"] == MICROSOFT_GRAPH]
    assert found["appOwnerOrganizationId"] == "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
    assert "https://graph.microsoft.com" in found["servicePrincipalNames"]
    assert "User.Read" in {scope["value"] for scope in found["oauth2PermissionScopes"] if scope["isEnabled"]}
    (role,) = [role for role in found["appRoles"] if role["id"] == USER_READ_ALL_ROLE]
    assert (role["value"], "Application" in role["allowedMemberTypes"]) == ("User.Read.All", True)


def grant(graph: GraphHttp, client: Json, resource: str, scope: str, expected: int = 201) -> Json:
    body = {"clientId": client["id"], "consentType": "AllPrincipals", "resourceId": resource, "scope": scope}
    return graph.post("/oauth2PermissionGrants", body, expected)


def test_a_grant_is_made_replaced_and_deleted(graph: GraphHttp, client: Json, resource: str, subject: Subject) -> None:
    made = grant(graph, client, resource, "openid profile")
    assert (made["scope"], made["consentType"], made["principalId"]) == ("openid profile", "AllPrincipals", None)
    path, listing = f"/oauth2PermissionGrants/{made['id']}", f"/servicePrincipals/{client['id']}/oauth2PermissionGrants"
    graph.patch(path, {"scope": "User.Read"})

    def replaced() -> None:
        assert [(each["id"], each["scope"]) for each in graph.get(listing)["value"]] == [(made["id"], "User.Read")]

    subject.eventually(replaced)
    graph.delete(path)
    graph.get(path, expected=404)


def test_a_client_has_one_tenant_wide_grant_per_resource(graph: GraphHttp, client: Json, resource: str) -> None:
    grant(graph, client, resource, "openid")
    error = grant(graph, client, resource, "profile", expected=409)["error"]
    assert (error["code"], error["message"]) == (
        "Request_MultipleObjectsWithSameKeyValue",
        "Permission entry already exists.",
    )


def test_a_grant_to_nobody_is_refused(graph: GraphHttp, resource: str) -> None:
    grant(graph, {"id": str(uuid4())}, resource, "openid", expected=404)


def test_an_app_role_is_assigned_once_and_taken_back(
    graph: GraphHttp, client: Json, resource: str, subject: Subject
) -> None:
    body = {"principalId": client["id"], "resourceId": resource, "appRoleId": USER_READ_ALL_ROLE}
    path = f"/servicePrincipals/{resource}/appRoleAssignedTo"
    made = graph.post(path, body)
    assert (made["principalId"], made["appRoleId"], made["principalType"]) == (
        client["id"],
        USER_READ_ALL_ROLE,
        "ServicePrincipal",
    )
    code, message = graph.error(400, "POST", path, body)
    assert (code, message) == ("Request_BadRequest", "Permission being assigned already exists on the object")
    listing = f"/servicePrincipals/{client['id']}/appRoleAssignments"

    def given() -> None:
        assert [each["id"] for each in graph.get(listing)["value"]] == [made["id"]]

    subject.eventually(given)
    graph.delete(f"{listing}/{made['id']}")

    def taken_back() -> None:
        assert graph.get(listing)["value"] == []

    subject.eventually(taken_back)


def test_a_role_that_the_resource_does_not_have_is_refused(graph: GraphHttp, client: Json, resource: str) -> None:
    body = {"principalId": client["id"], "resourceId": resource, "appRoleId": str(uuid4())}
    code, _ = graph.error(400, "POST", f"/servicePrincipals/{resource}/appRoleAssignedTo", body)
    assert code == "Request_BadRequest"
