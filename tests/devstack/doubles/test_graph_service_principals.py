"""Service principals on the Graph double: create, upsert, read, and what they copy from their application."""

from devstack.doubles.graph.templates import new_application
from devstack.doubles.world import World
from tests.devstack.doubles.graph_tenant import CREATE_IF_MISSING, NOWHERE, Caller, GraphTenant, error


async def test_a_principal_copies_its_application(admin: Caller) -> None:
    role = {"id": NOWHERE, "displayName": "R", "description": "R", "value": "r", "allowedMemberTypes": ["User"]}
    application = await admin.create_application(
        identifierUris=["api://contoso.onmicrosoft.com/orders"],
        appRoles=[role],
        tags=["registrar"],
        web={"redirectUris": ["https://a.example/cb"]},
    )
    answer = await admin.post("/servicePrincipals", {"appId": application["appId"], "tags": ["mine"]})
    assert answer.status_code == 201
    body = answer.json()
    assert body["displayName"] == body["appDisplayName"] == "demo"
    assert set(body["servicePrincipalNames"]) == {application["appId"], "api://contoso.onmicrosoft.com/orders"}
    assert body["replyUrls"] == ["https://a.example/cb"]
    assert body["appRoles"] == application["appRoles"]
    assert body["tags"] == ["mine", "registrar"]
    assert body["servicePrincipalType"] == "Application"
    assert not [name for name in body if name.startswith("_")]
    assert answer.headers["location"].endswith(f"{body['id']}/Microsoft.DirectoryServices.ServicePrincipal")


async def test_changes_of_the_application_show_on_its_principal(admin: Caller) -> None:
    application = await admin.create_application()
    principal = await admin.create_principal(application["appId"])
    await admin.patch(f"/applications/{application['id']}", {"displayName": "renamed", "tags": ["x"]})
    read = (await admin.get(f"/servicePrincipals/{principal['id']}")).json()
    assert (read["displayName"], read["tags"]) == ("renamed", ["x"])


async def test_a_second_principal_is_a_conflict(admin: Caller) -> None:
    application = await admin.create_application()
    await admin.create_principal(application["appId"])
    answer = await admin.post("/servicePrincipals", {"appId": application["appId"]})
    message = (
        "The service principal cannot be created, updated, or restored because the service principal name "
        f"{application['appId']} is already in use."
    )
    assert error(answer) == (409, "Request_MultipleObjectsWithSameKeyValue", message)
    assert answer.json()["error"]["details"] == [{"code": "ObjectConflict", "message": message, "target": "None"}]


async def test_an_upsert_by_app_id_creates_then_updates(admin: Caller) -> None:
    application = await admin.create_application()
    path = f"/servicePrincipals(appId='{application['appId']}')"
    first = await admin.patch(path, {"notes": "a"}, **CREATE_IF_MISSING)
    assert (first.status_code, first.json()["notes"]) == (201, "a")
    second = await admin.patch(path, {"notes": "b"}, **CREATE_IF_MISSING)
    assert (second.status_code, second.content) == (204, b"")
    assert (await admin.get(path)).json()["notes"] == "b"


async def test_without_an_application_there_is_no_principal(admin: Caller) -> None:
    answer = await admin.post("/servicePrincipals", {"appId": NOWHERE})
    message = f"The appId '{NOWHERE}' of the service principal does not reference a valid application object."
    assert error(answer) == (400, "Request_BadRequest", message)
    assert answer.json()["error"]["details"][0]["code"] == "NoBackingApplicationObject"


async def test_another_tenants_application_gets_a_principal_only_by_who_may_write_all(
    graph: GraphTenant, admin: Caller, world: World
) -> None:
    foreign = new_application(world.tenant, world.clock.now(), "Azure Digital Twins")
    foreign |= {"appId": NOWHERE, "_tenantId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a"}
    world.documents.put("foreignApplications", NOWHERE, foreign)
    confined = await graph.owned_by().post("/servicePrincipals", {"appId": NOWHERE})
    assert error(confined)[0] == 403
    created = await admin.create_principal(NOWHERE)
    assert created["appOwnerOrganizationId"] == "f8cdef31-a31e-4b4a-93e4-5f571e91255a"


async def test_deleting_a_principal_keeps_the_application_and_ends_its_grants(
    graph: GraphTenant, admin: Caller
) -> None:
    application = await admin.create_application()
    principal = await admin.create_principal(application["appId"])
    grant = {
        "clientId": principal["id"],
        "consentType": "AllPrincipals",
        "resourceId": graph.resource()["id"],
        "scope": "Read.Write",
    }
    await admin.post("/oauth2PermissionGrants", grant)
    assert (await admin.delete(f"/servicePrincipals/{principal['id']}")).status_code == 204
    assert (await admin.get(f"/applications/{application['id']}")).status_code == 200
    assert (await admin.get("/oauth2PermissionGrants")).json()["value"] == []
