"""Who may do what on the Graph double: owners, OwnedBy against All, tokens."""

from datetime import timedelta

import httpx
import pytest

from devstack.doubles.graph.routes import ROUTES
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World
from tests.devstack.doubles.graph_tenant import NOWHERE, ROOT, Caller, GraphTenant, error

NOUNS = ("applications", "servicePrincipals")
DENIED = (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


async def test_the_creator_owns_what_it_made(graph: GraphTenant) -> None:
    caller = graph.owned_by()
    application = await caller.create_application()
    principal = await caller.create_principal(application["appId"])
    owners = (await caller.get(f"/applications/{application['id']}/owners")).json()["value"]
    assert [(item["@odata.type"], item["id"]) for item in owners] == [
        ("#microsoft.graph.servicePrincipal", caller.object_id)
    ]
    owned = (await caller.get(f"/servicePrincipals/{caller.object_id}/ownedObjects")).json()["value"]
    assert [item["id"] for item in owned] == [application["id"], principal["id"]]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"notes": "x"}),
        ("DELETE", "", None),
        ("POST", "/addPassword", {}),
        ("POST", "/removePassword", {"keyId": NOWHERE}),
        ("GET", "/owners", None),
        ("POST", "/owners/$ref", {"@odata.id": f"{ROOT}/directoryObjects/{NOWHERE}"}),
        ("GET", "/federatedIdentityCredentials", None),
        ("POST", "/federatedIdentityCredentials", {"name": "x"}),
    ],
)
async def test_owned_by_does_not_reach_what_others_own(
    graph: GraphTenant, admin: Caller, method: str, path: str, body: object
) -> None:
    application = await admin.create_application()
    answer = await graph.owned_by().call(method, f"/applications/{application['id']}{path}", body)
    assert error(answer) == DENIED


async def test_owned_by_is_no_permission_to_list(graph: GraphTenant) -> None:
    caller = graph.owned_by()
    assert error(await caller.get("/applications")) == DENIED
    assert error(await caller.get("/servicePrincipals?$filter=displayName eq 'x'")) == DENIED


async def test_reading_all_is_not_writing_all(graph: GraphTenant, admin: Caller) -> None:
    application = await admin.create_application()
    reader = graph.caller("Application.Read.All", "Application.ReadWrite.OwnedBy")
    assert (await reader.get(f"/applications/{application['id']}")).status_code == 200
    assert error(await reader.patch(f"/applications/{application['id']}", {"notes": "x"})) == DENIED


async def test_an_added_owner_may_write_until_removed(graph: GraphTenant, admin: Caller) -> None:
    application = await admin.create_application()
    caller = graph.owned_by()
    path = f"/applications/{application['id']}"
    reference = {"@odata.id": f"{ROOT}/directoryObjects/{caller.object_id}"}
    assert (await admin.post(f"{path}/owners/$ref", reference)).status_code == 204
    assert (await caller.patch(path, {"notes": "x"})).status_code == 204
    twice = await admin.post(f"{path}/owners/$ref", reference)
    assert error(twice)[2] == (
        "One or more added object references already exist for the following modified properties: 'owners'."
    )
    assert (await admin.delete(f"{path}/owners/{caller.object_id}/$ref")).status_code == 204
    assert error(await caller.patch(path, {"notes": "y"})) == DENIED
    assert (await admin.delete(f"{path}/owners/{caller.object_id}/$ref")).status_code == 404


async def test_owners_can_be_bound_at_creation(graph: GraphTenant, admin: Caller) -> None:
    caller = graph.owned_by()
    bound = {"owners@odata.bind": [f"{ROOT}/directoryObjects('{caller.object_id}')"]}
    application = await admin.create_application(**bound)
    expanded = (await admin.get(f"/applications/{application['id']}?$expand=owners($select=id)")).json()["owners"]
    assert [item["id"] for item in expanded] == [admin.object_id, caller.object_id]
    nobody = {"displayName": "x", "owners@odata.bind": [f"{ROOT}/directoryObjects/{NOWHERE}"]}
    assert error(await admin.post("/applications", nobody))[:2] == (400, "Request_BadRequest")


async def test_owned_by_makes_principals_of_its_own_applications_only(graph: GraphTenant, admin: Caller) -> None:
    caller = graph.owned_by()
    foreign = await admin.create_application()
    assert error(await caller.post("/servicePrincipals", {"appId": foreign["appId"]})) == DENIED
    nowhere = await caller.post("/servicePrincipals", {"appId": NOWHERE})
    assert error(nowhere) == (
        403,
        "Authorization_RequestDenied",
        "When using this permission, the backing application of the service principal being created must in the "
        "local tenant",
    )


async def test_every_operation_names_its_permission(graph: GraphTenant) -> None:
    nobody = graph.caller()
    looked_at_by_handler = {
        ("GET", "servicePrincipals/{}"),
        ("GET", "servicePrincipals/{}/ownedObjects"),
        ("GET", "servicePrincipals/{}/createdObjects"),
        ("GET", "servicePrincipals/{}/createdObjects/$count"),
        *(("POST", f"{noun}/{{}}/{action}") for noun in NOUNS for action in ("addKey", "removeKey")),
    }
    for route in ROUTES:
        path = "/" + route.pattern.replace("{}", NOWHERE)
        answer = await nobody.call(route.method, path, {} if route.method in ("POST", "PATCH") else None)
        is_exempt = (route.method, route.pattern) in looked_at_by_handler
        assert answer.status_code == (404 if is_exempt else 403), path


REFUSED = {
    "no token": (None, "Access token is empty."),
    "no bearer": ("Basic x", "Access token is empty."),
    "no token at all in it": ("Bearer x", "CompactToken parsing failed with error code: 80049217"),
}


@pytest.mark.parametrize(("authorization", "message"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_call_is_unauthenticated_with(graph: GraphTenant, authorization: str | None, message: str) -> None:
    answer = await _ask(graph, authorization)
    assert error(answer) == (401, "InvalidAuthenticationToken", message)
    assert answer.headers["www-authenticate"].startswith("Bearer ")


async def test_tokens_expire_and_are_for_one_audience(graph: GraphTenant, tokens: Tokens, world: World) -> None:
    vault = tokens.mint(audience="https://vault.azure.net", app_id=NOWHERE, object_id=NOWHERE).text
    assert error(await _ask(graph, f"Bearer {vault}"))[2] == "Access token validation failure. Invalid audience."
    mine = tokens.mint(audience=graph_app_id(), app_id=NOWHERE, object_id=NOWHERE).text
    assert (await _ask(graph, f"Bearer {mine}")).status_code == 403
    world.clock.advance(timedelta(hours=2))
    expired = await _ask(graph, f"Bearer {mine}")
    assert error(expired)[2] == "Lifetime validation failed, the token is expired."


def graph_app_id() -> str:
    return "00000003-0000-0000-c000-000000000000"


async def _ask(graph: GraphTenant, authorization: str | None) -> httpx.Response:
    headers = {"authorization": authorization} if authorization else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(graph.app), headers=headers) as client:
        return await client.get(f"{ROOT}/applications")
