"""Replication lag on the Graph double: old reads, and writes that meet a replica which knows too little."""

from datetime import timedelta

import pytest

from devstack.doubles.world import Weather, World
from tests.devstack.doubles.graph_tenant import CREATE_IF_MISSING, ROOT, Caller, GraphTenant, error


@pytest.fixture
def admin(graph: GraphTenant, world: World) -> Caller:
    """A caller that every replica knows, and then half a minute of lag."""
    caller = graph.administrator()
    world.clock.advance(timedelta(minutes=1))
    world.change_weather(Weather(lag_seconds=30))
    return caller


@pytest.fixture
def catch_up(world: World) -> timedelta:
    """As long as the replica needs."""
    return timedelta(seconds=31)


async def test_reads_do_not_see_new_objects_until_the_lag_is_over(
    admin: Caller, world: World, catch_up: timedelta
) -> None:
    created = await admin.create_application(uniqueName="orders")
    path = "/applications(uniqueName='orders')"
    assert error(await admin.get(path))[:2] == (404, "Request_ResourceNotFound")
    assert (await admin.get("/applications")).json()["value"] == []
    world.clock.advance(catch_up)
    assert (await admin.get(path)).json()["id"] == created["id"]


async def test_reads_see_old_values_until_the_lag_is_over(admin: Caller, world: World, catch_up: timedelta) -> None:
    path = f"/applications/{(await admin.create_application(notes='old'))['id']}"
    world.clock.advance(catch_up)
    assert (await admin.patch(path, {"notes": "new"})).status_code == 204
    assert (await admin.get(path)).json()["notes"] == "old"
    world.clock.advance(catch_up)
    assert (await admin.get(path)).json()["notes"] == "new"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"notes": "x"}),
        ("DELETE", "", None),
        ("POST", "/addPassword", {}),
        ("POST", "/federatedIdentityCredentials", {}),
    ],
)
async def test_writes_to_a_new_object_do_not_find_it(
    admin: Caller, world: World, catch_up: timedelta, method: str, path: str, body: object
) -> None:
    created = await admin.create_application()
    whole = f"/applications/{created['id']}{path}"
    assert error(await admin.call(method, whole, body))[:2] == (404, "Request_ResourceNotFound")
    world.clock.advance(catch_up)
    assert (await admin.call(method, whole, body)).status_code != 404


async def test_an_upsert_never_lags(admin: Caller) -> None:
    path = "/applications(uniqueName='orders')"
    statuses = [(await admin.patch(path, {"displayName": "x"}, **CREATE_IF_MISSING)).status_code for _ in range(2)]
    assert statuses == [201, 204]


async def test_a_principal_needs_an_application_that_the_replica_knows(
    admin: Caller, graph: GraphTenant, world: World, catch_up: timedelta
) -> None:
    owner = graph.owned_by()
    world.clock.advance(catch_up)
    application = await owner.create_application()
    body = {"appId": application["appId"]}
    refused = await admin.post("/servicePrincipals", body)
    assert refused.json()["error"]["details"][0]["code"] == "NoBackingApplicationObject"
    confined = await owner.post("/servicePrincipals", body)
    assert error(confined)[0] == 403
    assert "must in the local tenant" in error(confined)[2]
    upserted = await admin.patch(f"/servicePrincipals(appId='{application['appId']}')", {}, **CREATE_IF_MISSING)
    assert upserted.status_code == 400
    world.clock.advance(catch_up)
    assert (await owner.post("/servicePrincipals", body)).status_code == 201


async def test_consent_needs_principals_that_the_replica_knows(
    admin: Caller, graph: GraphTenant, world: World, catch_up: timedelta
) -> None:
    resource = graph.resource()
    application = await admin.create_application()
    world.clock.advance(catch_up)
    client = await admin.create_principal(application["appId"])
    grant = {"clientId": client["id"], "consentType": "AllPrincipals", "resourceId": resource["id"], "scope": "a"}
    assignment = {
        "principalId": client["id"],
        "resourceId": resource["id"],
        "appRoleId": resource["appRoles"][0]["id"],
    }
    assigned_to = f"/servicePrincipals/{resource['id']}/appRoleAssignedTo"
    assert error(await admin.post("/oauth2PermissionGrants", grant))[:2] == (404, "Request_ResourceNotFound")
    assert error(await admin.post(assigned_to, assignment)) == (
        400,
        "Request_BadRequest",
        "Not a valid reference update.",
    )
    from_client = await admin.post(f"/servicePrincipals/{client['id']}/appRoleAssignments", assignment)
    assert from_client.status_code == 404
    world.clock.advance(catch_up)
    assert (await admin.post("/oauth2PermissionGrants", grant)).status_code == 201
    assert (await admin.post(assigned_to, assignment)).status_code == 201


async def test_a_new_secret_cannot_be_removed_until_the_lag_is_over(
    admin: Caller, world: World, catch_up: timedelta
) -> None:
    path = f"/applications/{(await admin.create_application())['id']}"
    world.clock.advance(catch_up)
    key = {"keyId": (await admin.post(f"{path}/addPassword")).json()["keyId"]}
    assert error(await admin.post(f"{path}/removePassword", key))[2].startswith("No password credential found")
    world.clock.advance(catch_up)
    assert (await admin.post(f"{path}/removePassword", key)).status_code == 204
    assert len((await admin.get(path)).json()["passwordCredentials"]) == 1


async def test_two_writes_within_the_lag_do_not_undo_each_other(
    admin: Caller, world: World, catch_up: timedelta
) -> None:
    path = f"/applications/{(await admin.create_application())['id']}"
    world.clock.advance(catch_up)
    await admin.patch(path, {"notes": "x"})
    await admin.patch(path, {"description": "y"})
    await admin.post(f"{path}/addPassword")
    world.clock.advance(catch_up)
    read = (await admin.get(path)).json()
    assert (read["notes"], read["description"], len(read["passwordCredentials"])) == ("x", "y", 1)


async def test_a_new_owner_may_write_only_after_the_lag(
    admin: Caller, graph: GraphTenant, world: World, catch_up: timedelta
) -> None:
    path = f"/applications/{(await admin.create_application())['id']}"
    owner = graph.owned_by()
    world.clock.advance(catch_up)
    await admin.post(f"{path}/owners/$ref", {"@odata.id": f"{ROOT}/directoryObjects/{owner.object_id}"})
    assert (await owner.patch(path, {"notes": "x"})).status_code == 403
    world.clock.advance(catch_up)
    assert (await owner.patch(path, {"notes": "x"})).status_code == 204
