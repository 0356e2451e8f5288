"""The tenant's app management policies as the registrar's identity sees them, and what Entra then refuses."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from azure.identity.aio import DefaultAzureCredential

from devstack.doubles.graph.rules.restrictions import COLLECTION, POLICY_ID, tenant_policy
from devstack.doubles.graph.store import Directory
from devstack.doubles.seed.additions import Additions, add
from devstack.doubles.seed.completion import app_role_assignment
from shared.adapters.graph.client import graph_service_client
from shared.adapters.graph.policies import GraphPolicies
from shared.core.errors import RejectedError
from shared.core.naming import APPLICATION_TAG
from shared.model.directory import ApplicationState
from tests.contract.adapters.sides import DoubledSide
from tests.contract.graph_sdk import close
from tests.devstack.doubles.local import Local

_GRAPH, _RIGHT = "00000003-0000-0000-c000-000000000000", "Policy.Read.All"
NO_SECRETS = {"restrictionType": "passwordAddition", "state": "enabled"}
STATE = ApplicationState(display_name="x", sign_in_audience="AzureADMyOrg", tags=frozenset({APPLICATION_TAG}))


def restrict(local: Local, *passwords: dict[str, Any]) -> None:
    """Have the tenant restrict secrets."""
    section = {"passwordCredentials": list(passwords), "keyCredentials": [], "identifierUris": None}
    policy = tenant_policy(Directory(local.world)) | {"isEnabled": True, "applicationRestrictions": section}
    local.world.documents.put(COLLECTION, POLICY_ID, policy)


def take(local: Local, right: str) -> None:
    """Take a permission from the registrar's identity; tokens that it has live on."""
    view = local.world.primary()
    (graph,) = view.find("servicePrincipals", "appId", _GRAPH)
    (role,) = [each["id"] for each in graph["appRoles"] if each["value"] == right]
    for each in list(view.find("appRoleAssignments", "principalId", local.config.app.object_id)):
        if each["appRoleId"] == role:
            local.world.documents.delete("appRoleAssignments", each["id"])


def give(local: Local, right: str) -> None:
    """Give it back."""
    view = local.world.primary()
    (graph,) = view.find("servicePrincipals", "appId", _GRAPH)
    (registrar,) = view.find("servicePrincipals", "appId", local.config.app.client_id)
    (role,) = [each["id"] for each in graph["appRoles"] if each["value"] == right]
    made = app_role_assignment(local.world, registrar, graph, role)
    local.world.documents.put("appRoleAssignments", made["id"], made)


@asynccontextmanager
async def reading(local: Local) -> AsyncGenerator[GraphPolicies]:
    """The adapter, as the registrar's identity."""
    async with DefaultAzureCredential() as credential:
        client = graph_service_client(credential)
        try:
            yield GraphPolicies(client, local.world.clock.now)
        finally:
            await close(client)


@pytest.fixture
async def policies(registrar: Local) -> AsyncGenerator[GraphPolicies]:
    """The adapter, and a tenant without restrictions afterwards."""
    async with reading(registrar) as adapter:
        yield adapter
    registrar.world.documents.delete(COLLECTION, POLICY_ID)


async def test_the_tenants_policy_is_read_and_then_enforced(
    policies: GraphPolicies, registrar: Local, doubled: DoubledSide, name: str
) -> None:
    assert (await policies.of(None)).restrictions == {}
    restrict(registrar, NO_SECRETS)
    assert [*(await policies.of(None, ask=True)).restrictions] == ["passwordAddition"]
    made = await doubled.directory.upsert_application(name, STATE)
    assert made is not None
    seen = await doubled.directory.application(name)
    assert seen is not None
    assert seen.created is not None
    assert abs(seen.created - doubled.now()) < timedelta(minutes=1)
    with pytest.raises(RejectedError) as rejected:
        await doubled.directory.add_password(made.object_id, "x", doubled.now() + timedelta(days=9))
    assert [each.code for each in rejected.value.problems] == ["CredentialTypeNotAllowedAsPerAppPolicy"]


async def test_an_apps_own_policy_is_read(
    policies: GraphPolicies, registrar: Local, doubled: DoubledSide, name: str
) -> None:
    made = await doubled.directory.upsert_application(name, STATE)
    assert made is not None
    restrict(registrar, NO_SECRETS)
    assert [*(await policies.of(made.object_id)).restrictions] == ["passwordAddition"]
    restrictions = {"passwordCredentials": [NO_SECRETS | {"state": "disabled"}]}
    own = {"isEnabled": True, "restrictions": restrictions, "_appliesTo": [made.object_id]}
    registrar.world.documents.put(COLLECTION, f"own-{name}", {"id": f"own-{name}"} | own)
    assert (await policies.of(made.object_id, ask=True)).restrictions == {}
    await doubled.directory.add_password(made.object_id, "x", doubled.now() + timedelta(days=9))


async def test_whoever_bears_the_attribute_is_exempt(
    policies: GraphPolicies, registrar: Local, doubled: DoubledSide, name: str
) -> None:
    exemption = {"id": "PolicyExemptions_AppManagementExemption", "operator": "equals", "value": "Registrar"}
    restrict(registrar, NO_SECRETS | {"excludeActors": {"customSecurityAttributes": [exemption]}})
    assert (await policies.of(None, ask=True)).restrictions["passwordAddition"].has_exemptions
    made = await doubled.directory.upsert_application(name, STATE)
    assert made is not None
    end = doubled.now() + timedelta(days=9)
    with pytest.raises(RejectedError):
        await doubled.directory.add_password(made.object_id, "x", end)
    attributes = {"PolicyExemptions": {"AppManagementExemption": "Registrar"}}
    given = {"principalId": registrar.config.app.object_id, "attributes": attributes}
    add(registrar.world, Additions.model_validate({"customSecurityAttributes": [given]}))
    await doubled.directory.add_password(made.object_id, "x", end)


async def test_without_the_permission_nothing_is_known(registrar: Local) -> None:
    restrict(registrar, NO_SECRETS)
    take(registrar, _RIGHT)
    try:
        async with reading(registrar) as adapter:
            assert (await adapter.of(None)).restrictions == {}
    finally:
        give(registrar, _RIGHT)
        registrar.world.documents.delete(COLLECTION, POLICY_ID)
