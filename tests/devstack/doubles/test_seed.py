"""The first state of a stack, and what can be added to it."""

import fnmatch
from typing import Any

import pytest
from pydantic import ValidationError

from devstack.config import StackConfig
from devstack.doubles.seed import Additions, add, plant
from devstack.doubles.world import World
from tests.unit.policy.permission_lists import listed

GRAPH = "00000003-0000-0000-c000-000000000000"
NEVER = (
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "RoleManagement.ReadWrite.*",
    "Directory.ReadWrite.All",
    "PrivilegedAccess.ReadWrite.*",
    "Policy.ReadWrite.*",
    "Domain.ReadWrite.All",
    "UserAuthenticationMethod.ReadWrite.All",
)


def test_microsofts_resources_have_their_real_ids(planted: World) -> None:
    twins = planted.primary().find("servicePrincipals", "displayName", "Azure Digital Twins")[0]
    assert twins["appId"] == "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
    assert set(twins["servicePrincipalNames"]) == {twins["appId"], "https://digitaltwins.azure.net"}
    assert twins["createdDateTime"] is None
    assert twins["appOwnerOrganizationId"] == "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
    scope = twins["oauth2PermissionScopes"][0]
    assert (scope["value"], scope["id"]) == ("Read.Write", "4589bd03-58cb-4e6c-b17f-b580e39652f8")


@pytest.mark.parametrize(
    ("app_id", "first"),
    [
        (GRAPH, "https://canary.graph.microsoft.com/"),
        ("00000002-0000-0ff1-ce00-000000000000", "https://autodiscover.contoso.example/"),
    ],
)
def test_the_first_of_an_apis_names_is_not_its_own(planted: World, app_id: str, first: str) -> None:
    """As tenants show them: canary hosts, other clouds', and for a hybrid Exchange the organisation's own."""
    (api,) = planted.primary().find("servicePrincipals", "appId", app_id)
    assert api["servicePrincipalNames"][0] == first
    assert app_id in api["servicePrincipalNames"]


@pytest.mark.parametrize("kind", ["appRoles", "oauth2PermissionScopes"])
def test_what_must_never_be_granted_is_there_to_be_refused(planted: World, kind: str) -> None:
    graph = planted.primary().find("servicePrincipals", "appId", GRAPH)[0]
    values = [entry["value"] for entry in graph[kind]]
    assert [pattern for pattern in NEVER if not fnmatch.filter(values, pattern)] == []
    ids = [entry["id"] for entry in graph[kind]]
    assert len(set(ids)) == len(ids)


def test_permissions_of_microsoft_graph_have_their_real_ids(planted: World) -> None:
    graph = planted.primary().find("servicePrincipals", "appId", GRAPH)[0]
    known = {each.name: each for each in listed()}
    roles = {entry["value"]: entry["id"] for entry in graph["appRoles"]}
    scopes = {entry["value"]: entry["id"] for entry in graph["oauth2PermissionScopes"]}
    assert [name for name, role in roles.items() if role not in known[name].role] == []
    assert [name for name, scope in scopes.items() if scope not in known[name].scope] == []
    assert [name for name, each in known.items() if each.tier0 and name not in roles] == []


def test_a_world_is_planted_once(planted: World, config: StackConfig) -> None:
    planted.documents.delete("users", next(planted.primary().all("users"))["id"])
    left = len(list(planted.primary().all("users")))
    assert plant(planted, config) is False
    assert len(list(planted.primary().all("users"))) == left


def test_an_application_is_completed_as_graph_would(planted: World) -> None:
    given = {"displayName": "orders", "uniqueName": "orders", "web": {"redirectUris": ["https://a.example"]}}
    secret = {"displayName": "s", "secretText": "abcdef"}
    keys = add(planted, Additions.model_validate({"applications": [given | {"passwordCredentials": [secret]}]}))
    application = planted.primary().get("applications", keys["applications"][0])
    assert application is not None
    assert application["signInAudience"] == "AzureADMyOrg"
    assert application["web"]["redirectUris"] == ["https://a.example"]
    assert application["web"]["implicitGrantSettings"]["enableIdTokenIssuance"] is False
    credential = application["passwordCredentials"][0]
    assert (credential["hint"], credential["secretText"]) == ("abc", None)
    assert "abcdef" not in str(application)


def test_a_service_principal_takes_after_its_application(planted: World) -> None:
    app_id = "11111111-1111-4111-8111-111111111111"
    given = {
        "applications": [{"displayName": "orders", "appId": app_id, "identifierUris": ["api://orders"]}],
        "servicePrincipals": [{"appId": app_id}],
    }
    add(planted, Additions.model_validate(given))
    principal = planted.primary().find("servicePrincipals", "appId", app_id)[0]
    assert principal["displayName"] == principal["appDisplayName"] == "orders"
    assert principal["servicePrincipalNames"] == [app_id, "api://orders"]
    assert principal["appOwnerOrganizationId"] == planted.tenant.id


def test_every_mistake_is_named() -> None:
    given: dict[str, Any] = {
        "applications": [{"displayName": "a", "redirectUris": []}, {}],
        "servicePrincipals": [{"appId": "no-guid"}],
        "vaults": [{"name": "ok-vault", "roleAssignments": [{"principalId": "x", "roleDefinitionName": "Owner"}]}],
        "groups": [],
    }
    with pytest.raises(ValidationError) as invalid:
        Additions.model_validate(given)
    places = {".".join(str(part) for part in error["loc"]) for error in invalid.value.errors()}
    assert places == {
        "applications.0",
        "applications.1.displayName",
        "servicePrincipals.0.appId",
        "vaults.0.roleAssignments.0.principalId",
        "vaults.0.roleAssignments.0.roleDefinitionName",
        "groups",
    }
