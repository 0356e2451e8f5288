"""What an identity has created on the Graph double, and where its quota ends."""

from datetime import timedelta

import pytest

from devstack.doubles.world import Weather, World
from tests.devstack.doubles.graph_tenant import CREATE_IF_MISSING, EVENTUAL, Caller, GraphTenant, error


async def created(caller: Caller) -> list[str]:
    answer = await caller.get(f"/servicePrincipals/{caller.object_id}/createdObjects?$select=id")
    assert answer.status_code == 200, answer.text
    return [each["@odata.type"] for each in answer.json()["value"]]


async def test_applications_and_principals_are_listed_and_counted(admin: Caller, graph: GraphTenant) -> None:
    application = await admin.create_application()
    await admin.create_principal(application["appId"])
    await graph.administrator().create_application()
    assert sorted(await created(admin)) == ["#microsoft.graph.application", "#microsoft.graph.servicePrincipal"]
    path = f"/servicePrincipals/{admin.object_id}/createdObjects/$count"
    assert (await admin.get(path, **EVENTUAL)).text == "2"
    assert (await admin.get(path)).status_code == 400


async def test_whoever_creates_something_shows_in_none_of_its_answers(admin: Caller) -> None:
    answer = await admin.patch("/applications(uniqueName='orders')", {"displayName": "Orders"}, **CREATE_IF_MISSING)
    assert not [name for name in answer.json() if name.startswith("_")]


async def test_a_stranger_may_look_with_a_right_only(admin: Caller, graph: GraphTenant) -> None:
    path = f"/servicePrincipals/{admin.object_id}/createdObjects"
    assert (await graph.owned_by().get(path)).status_code == 403
    assert (await graph.caller("Application.Read.All").get(path)).status_code == 200


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_at_its_quota_an_identity_creates_nothing_more(admin: Caller, world: World, is_deleted: bool) -> None:
    world.change_weather(Weather(created_objects_quota=2))
    first = await admin.create_application()
    await admin.create_principal(first["appId"])
    if is_deleted:
        assert (await admin.delete(f"/applications/{first['id']}")).status_code == 204
        assert await created(admin) == []
    refused = await admin.patch("/applications(uniqueName='second')", {"displayName": "2"}, **CREATE_IF_MISSING)
    assert error(refused)[:2] == (403, "Directory_QuotaExceeded")
    assert world.primary().find("applications", "uniqueName", "second") == []
    # A change creates nothing, and what was deleted counts for 30 days.
    if not is_deleted:
        assert (await admin.patch(f"/applications/{first['id']}", {"notes": "x"})).status_code == 204
    else:
        world.clock.advance(timedelta(days=31))
        assert (await admin.post("/applications", {"displayName": "2"})).status_code == 201


async def test_what_is_purged_counts_no_more(admin: Caller, world: World) -> None:
    world.change_weather(Weather(created_objects_quota=1))
    first = await admin.create_application()
    await admin.delete(f"/applications/{first['id']}")
    assert (await admin.post("/applications", {"displayName": "2"})).status_code == 403
    assert (await admin.delete(f"/directory/deletedItems/{first['id']}")).status_code == 204
    assert (await admin.post("/applications", {"displayName": "2"})).status_code == 201


async def test_the_principal_is_refused_when_its_application_was_the_last(graph: GraphTenant, world: World) -> None:
    caller = graph.owned_by()
    world.change_weather(Weather(created_objects_quota=1))
    application = await caller.create_application()
    refused = await caller.post("/servicePrincipals", {"appId": application["appId"]})
    assert error(refused)[:2] == (403, "Directory_QuotaExceeded")


async def test_who_creates_by_a_role_is_not_counted_and_owns_nothing(graph: GraphTenant, world: World) -> None:
    caller = graph.owned_by()
    principal = world.primary().get("servicePrincipals", caller.object_id)
    assert principal is not None
    role = {"_directoryRoles": ["Cloud Application Administrator"]}
    world.documents.put("servicePrincipals", caller.object_id, principal | role)
    world.change_weather(Weather(created_objects_quota=1))
    made = [await caller.create_application() for _ in range(3)]
    assert await created(caller) == []
    assert error(await caller.patch(f"/applications/{made[0]['id']}", {"notes": "x"}))[:2] == (
        403,
        "Authorization_RequestDenied",
    )


async def test_a_quota_is_one_identitys(admin: Caller, graph: GraphTenant, world: World) -> None:
    world.change_weather(Weather(created_objects_quota=1))
    await admin.create_application()
    await graph.administrator().create_application()
