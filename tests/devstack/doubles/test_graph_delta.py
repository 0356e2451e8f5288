"""Delta queries on the Graph double."""

from datetime import timedelta

from devstack.doubles.documents import Document
from devstack.doubles.graph.templates import new_application
from devstack.doubles.world import World
from tests.devstack.doubles.graph_tenant import Caller, GraphTenant

START = "/applications/delta?$select=displayName"


async def follow(admin: Caller, world: World, link: str) -> tuple[list[Document], str]:
    """All items from a link on, and the next delta link; time passes meanwhile."""
    items: list[Document] = []
    while True:
        body = (await admin.get(link.partition("/v1.0")[2] or link)).json()
        items += body["value"]
        world.clock.advance(timedelta(seconds=1))
        if "@odata.deltaLink" in body:
            return items, body["@odata.deltaLink"]
        link = body["@odata.nextLink"]


async def test_the_first_round_has_everything_and_the_next_what_changed(admin: Caller, world: World) -> None:
    kept = await admin.create_application(displayName="kept")
    renamed = await admin.create_application(displayName="old")
    deleted = await admin.create_application(displayName="deleted")
    purged = await admin.create_application(displayName="purged")
    first, link = await follow(admin, world, START)
    assert first[0] == {"id": kept["id"], "displayName": "kept"}
    assert len(first) == 4
    assert (await follow(admin, world, link))[0] == []
    await admin.patch(f"/applications/{renamed['id']}", {"displayName": "new"})
    await admin.patch(f"/applications/{kept['id']}", {"notes": "nobody selected this"})
    added = await admin.create_application(displayName="added")
    for gone in (deleted, purged):
        await admin.delete(f"/applications/{gone['id']}")
    await admin.delete(f"/directory/deletedItems/{purged['id']}")
    changes, link = await follow(admin, world, link)
    assert changes == [
        {"id": renamed["id"], "displayName": "new"},
        {"id": added["id"], "displayName": "added"},
        {"id": deleted["id"], "@removed": {"reason": "changed"}},
        {"id": purged["id"], "@removed": {"reason": "deleted"}},
    ]
    await admin.post(f"/directory/deletedItems/{deleted['id']}/restore")
    assert (await follow(admin, world, link))[0] == [{"id": deleted["id"], "displayName": "deleted"}]


async def test_many_objects_come_in_pages(admin: Caller, world: World) -> None:
    for number in range(150):
        application = new_application(world.tenant, world.clock.now(), f"{number}")
        world.documents.put("applications", application["id"], application)
    items, _ = await follow(admin, world, "/applications/delta")
    assert [item["displayName"] for item in items] == [str(number) for number in range(150)]


async def test_from_now_on_skips_what_is_there(admin: Caller, world: World) -> None:
    await admin.create_application(displayName="before")
    world.clock.advance(timedelta(seconds=1))
    nothing, link = await follow(admin, world, "/applications/delta?$deltatoken=latest")
    assert nothing == []
    after = await admin.create_application(displayName="after")
    changes, _ = await follow(admin, world, link)
    assert [item["id"] for item in changes] == [after["id"]]


async def test_a_link_lives_for_seven_days(admin: Caller, world: World) -> None:
    _, link = await follow(admin, world, START)
    world.clock.advance(timedelta(days=6))
    _, newer = await follow(admin, world, link)
    world.clock.advance(timedelta(days=6))
    assert (await admin.get(link.partition("/v1.0")[2])).status_code == 410
    assert (await follow(admin, world, newer))[0] == []


async def test_a_caller_confined_to_its_own_sees_its_own(graph: GraphTenant, admin: Caller, world: World) -> None:
    await admin.create_application()
    caller = graph.owned_by()
    mine = await caller.create_application()
    assert [item["id"] for item in (await follow(caller, world, START))[0]] == [mine["id"]]


async def test_only_ids_can_be_filtered(admin: Caller, world: World) -> None:
    wanted = await admin.create_application()
    await admin.create_application()
    items, _ = await follow(admin, world, f"{START}&$filter=id eq '{wanted['id']}'")
    assert [item["id"] for item in items] == [wanted["id"]]
    for query in ("$filter=displayName eq 'x'", "$top=1", "$deltatoken=x"):
        assert (await admin.get(f"/applications/delta?{query}")).status_code == 400
