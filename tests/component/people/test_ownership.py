"""Who a person is: an object of the directory, whatever is written in a form, and what follows for their apps."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.core.errors import ThrottledError, UnavailableError
from shared.model.application import ApplicationRecord
from tests.component.approving import codes
from tests.fakes.faults import Moment, WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.people import ADA, BOSS, GRACE, MALLORY
from tests.fakes.world import World, administered, example

APP = "adt-client-dev"
SECRET = "adt-client-dev--client-secret"
NAMES = {ADA: "ada@contoso.example", GRACE: "grace@contoso.example", MALLORY: "mallory@contoso.example"}
BOSS_NAME = "boss@contoso.example"


def asked(request_id: str, who: str, owner: str | None = None, title: str | None = None) -> dict[str, Any]:
    """A request for the app, by somebody, perhaps for somebody else."""
    request = example(requestId=request_id, requestedBy=who)
    if owner is not None:
        request["owner"] = owner
    if title is not None:
        request["application"] |= {"displayName": title}
    return request


def record(world: World) -> ApplicationRecord:
    """What is kept of the app."""
    text, _ = world.applications.rows[APP]
    return ApplicationRecord.model_validate_json(text)


def forget_ids(world: World) -> None:
    """Have record and vault be as version 1 left them: with an address for the owner."""
    _, etag = world.applications.rows[APP]
    old = record(world).model_copy(update={"owner": NAMES[ADA], "owner_id": None, "founded_by": None})
    world.applications.rows[APP] = (old.model_dump_json(exclude={"owner_id", "founded_by"}), etag)
    for version in world.vault.secrets[SECRET]:
        version.entry.tags["owner"] = NAMES[ADA]


def title(world: World) -> str:
    return world.directory.applications[APP].state.display_name


async def adas(world: World | None = None, **changes: Any) -> World:
    """A world in which Ada has the app."""
    world = world or World()
    answer = await world.run(asked("FIRST", NAMES[ADA]) | changes)
    assert answer["data"]["status"] == "completed"
    world.clock.advance(timedelta(hours=1))
    return world


async def test_a_new_app_belongs_to_whom_it_is_for_and_is_theirs_by_id() -> None:
    world = World()
    answer = await world.run(asked("FIRST", NAMES[GRACE], owner=NAMES[ADA]))
    data = answer["data"]
    assert (data["requestedByObjectId"], data["ownerObjectId"], data.get("notes")) == (GRACE, ADA, None)
    assert (record(world).owner, record(world).owner_id) == (NAMES[ADA], ADA)
    assert world.vault.secrets[SECRET][-1].entry.tags["owner"] == ADA
    assert (await world.run(asked("SECOND", NAMES[ADA], title="Hers")))["data"]["status"] == "completed"
    assert codes(await world.run(asked("THIRD", NAMES[GRACE], title="Not hers"))) == ["not_owner"]
    assert breaches(world) == []


async def test_whoever_orders_for_somebody_does_not_take_their_app_over() -> None:
    world = await adas()
    answer = await world.run(asked("TAKE", NAMES[MALLORY], owner=NAMES[ADA], title="Mallory's"))
    assert codes(answer) == ["not_owner"]
    assert title(world) == "ADT client (dev)"


async def test_another_owner_of_an_app_that_exists_is_ignored_and_named_in_the_answer() -> None:
    world = await adas()
    answer = await world.run(asked("GIVE", NAMES[ADA], owner=NAMES[MALLORY], title="Given"))
    assert (answer["data"]["status"], title(world)) == ("completed", "Given")
    (note,) = answer["data"]["notes"]
    assert (note["field"], note["code"]) == ("owner", "owner_not_changed")
    assert NAMES[MALLORY] in note["message"]
    assert (record(world).owner_id, answer["data"]["ownerObjectId"]) == (ADA, ADA)
    assert world.vault.secrets[SECRET][-1].entry.tags["owner"] == ADA
    assert await world.run(asked("GIVE", NAMES[ADA], owner=NAMES[MALLORY], title="Given")) == answer


async def test_the_owner_by_the_same_name_is_no_other_owner() -> None:
    world = await adas()
    answer = await world.run(asked("SAME", NAMES[ADA], owner="ADA@Contoso.Example", title="Same"))
    assert (answer["data"]["status"], answer["data"].get("notes")) == ("completed", None)


@pytest.mark.parametrize("owner", [None, BOSS_NAME])
async def test_an_administrators_ticket_leaves_the_app_to_its_owner(owner: str | None) -> None:
    world = await adas(administered())
    answer = await world.run(asked("HELP", BOSS_NAME, owner=owner, title="Helped"))
    assert (answer["data"]["status"], title(world)) == ("completed", "Helped")
    assert [note["code"] for note in answer["data"].get("notes", ())] == (["owner_not_changed"] if owner else [])
    assert record(world).owner_id == ADA
    assert (await world.run(asked("MINE", NAMES[ADA], title="Still hers")))["data"]["status"] == "completed"


async def test_an_administrator_names_another_owner_and_nobody_else_does() -> None:
    world = await adas(administered(BOSS))
    answer = await world.run(asked("MOVE", BOSS_NAME, owner=NAMES[GRACE]))
    assert (answer["data"]["ownerObjectId"], answer["data"].get("notes")) == (GRACE, None)
    assert (record(world).owner, record(world).owner_id) == (NAMES[GRACE], GRACE)
    assert world.vault.secrets[SECRET][-1].entry.tags["owner"] == GRACE
    assert codes(await world.run(asked("AFTER", NAMES[ADA]))) == ["not_owner"]
    assert breaches(world) == []


async def test_an_administrator_who_goes_by_another_address_is_one() -> None:
    world = await adas(administered("the.boss@contoso.example"))
    world.people.add(BOSS, BOSS_NAME, mail="the.boss@contoso.example")
    assert (await world.run(asked("HELP", BOSS_NAME, title="Helped")))["data"]["status"] == "completed"


async def test_an_administrators_old_address_makes_nobody_one() -> None:
    world = await adas(administered(BOSS, BOSS_NAME))
    world.people.add(BOSS, "boss.married@contoso.example")
    assert codes(await world.run(asked("OLD", BOSS_NAME))) == ["person_unknown"]
    assert (await world.run(asked("NEW", "boss.married@contoso.example")))["data"]["status"] == "completed"


async def test_an_app_whose_owner_nobody_knows_stays_nobodys_until_an_administrator_names_one() -> None:
    world = await adas(administered())
    world.applications.rows.clear()
    for version in world.vault.secrets[SECRET]:
        version.entry.tags["owner"] = ""
    answer = await world.run(asked("HELP", BOSS_NAME, title="Helped"))
    assert [note["code"] for note in answer["data"]["notes"]] == ["owner_unknown"]
    assert (record(world).owner, record(world).owner_id) == (None, None)
    assert codes(await world.run(asked("HERS", NAMES[ADA]))) == ["not_owner"]
    await world.run(asked("NAMED", BOSS_NAME, owner=NAMES[ADA]))
    assert (await world.run(asked("AGAIN", NAMES[ADA], title="Hers")))["data"]["status"] == "completed"


async def test_whoever_inherits_an_address_inherits_no_app() -> None:
    world = await adas()
    world.people.add(ADA, "ada.married@contoso.example")
    heir = str(uuid4())
    world.people.add(heir, NAMES[ADA], created=world.clock.now())
    assert codes(await world.run(asked("HEIR", NAMES[ADA], title="Taken"))) == ["not_owner"]
    assert (await world.run(asked("ADA", "ada.married@contoso.example", title="Hers")))["data"]["status"] == "completed"
    assert title(world) == "Hers"


async def test_an_owner_of_version_1_who_is_younger_than_the_app_is_not_whom_it_means() -> None:
    world = await adas()
    forget_ids(world)
    world.people.sees_accounts = True
    world.people.there.clear()
    world.people.add(str(uuid4()), NAMES[ADA], created=world.clock.now())
    assert codes(await world.run(asked("HEIR", NAMES[ADA]))) == ["not_owner"]
    assert record(world).owner_id is None


async def test_an_owner_of_version_1_is_known_by_id_from_their_next_request_on() -> None:
    world = await adas()
    forget_ids(world)
    answer = await world.run(asked("NEXT", NAMES[ADA], title="Hers"))
    assert (answer["data"]["ownerObjectId"], record(world).owner_id) == (ADA, ADA)
    assert world.vault.secrets[SECRET][-1].entry.tags["owner"] == ADA


async def test_the_owner_is_known_by_id_from_the_vault_when_the_tables_were_lost() -> None:
    world = await adas()
    world.applications.rows.clear()
    world.people.add(ADA, "ada.married@contoso.example")
    world.people.add(str(uuid4()), NAMES[ADA])
    assert codes(await world.run(asked("HEIR", NAMES[ADA]))) == ["not_owner"]
    assert (await world.run(asked("HERS", "ada.married@contoso.example")))["data"]["status"] == "completed"
    assert record(world).owner_id == ADA


async def test_who_is_nobody_or_two_or_disabled_is_told_so_and_nothing_is_made() -> None:
    world = World()
    world.people.sees_accounts = True
    for object_id in (str(uuid4()), str(uuid4())):
        world.people.add(object_id, f"{object_id}@contoso.example", mail="both@contoso.example")
    world.people.disable(GRACE)
    assert codes(await world.run(asked("R1", "nobody@contoso.example"))) == ["person_unknown"]
    assert codes(await world.run(asked("R2", "both@contoso.example"))) == ["person_ambiguous"]
    assert codes(await world.run(asked("R3", NAMES[GRACE]))) == ["person_disabled"]
    answer = await world.run(asked("R4", NAMES[ADA], owner=NAMES[GRACE]))
    assert [(each["field"], each["code"]) for each in answer["data"]["errors"]] == [("owner", "person_disabled")]
    assert not world.directory.applications
    assert breaches(world) == []


async def test_an_owner_who_left_does_not_stand_in_the_way_of_a_request_that_does_not_make_them_one() -> None:
    world = await adas()
    answer = await world.run(asked("SECOND", NAMES[ADA], owner="gone@contoso.example", title="Second"))
    assert (answer["data"]["status"], title(world)) == ("completed", "Second")
    assert [note["code"] for note in answer["data"]["notes"]] == ["owner_not_changed"]


@pytest.mark.parametrize("error", [ThrottledError("patience", timedelta(seconds=30)), UnavailableError("away")])
async def test_a_lookup_that_failed_makes_nobody_unknown(error: Exception) -> None:
    world = World()
    world.faults.next("graph people", "before", error)
    await world.send(asked("FIRST", NAMES[ADA]))
    assert world.queues.answers == []
    await world.settle()
    assert world.queues.answers[-1]["data"]["ownerObjectId"] == ADA
    assert breaches(world) == []


async def test_each_person_is_looked_up_once_and_all_of_them_in_one_go() -> None:
    world = World()
    world.faults.next("entra token", "before", UnavailableError("away"))
    await world.run(asked("FIRST", NAMES[ADA], owner=NAMES[GRACE]))
    assert world.people.looked_up == sorted([NAMES[ADA], NAMES[GRACE]])
    assert world.faults.calls.count("graph people") == 1


async def test_without_the_permission_an_address_counts_as_before_and_an_id_that_is_known_alone() -> None:
    world = World()
    world.people.allowed = False
    await adas(world)
    assert (record(world).owner, record(world).owner_id) == (NAMES[ADA], None)
    assert codes(await world.run(asked("EVE", NAMES[MALLORY]))) == ["not_owner"]
    assert (await world.run(asked("HERS", "Ada@contoso.example", title="Hers")))["data"]["status"] == "completed"
    world.people.allowed = True
    await world.run(asked("KNOWN", NAMES[ADA], title="Known"))
    assert record(world).owner_id == ADA
    world.people.allowed = False
    assert codes(await world.run(asked("LATER", NAMES[ADA]))) == ["not_owner"]


async def test_an_object_id_in_a_message_on_the_public_queue_is_nobodys() -> None:
    world = World()
    world.people.allowed = False
    answer = await world.run(asked("FIRST", NAMES[ADA]) | {"requestedByObjectId": MALLORY})
    assert answer["data"].get("requestedByObjectId") is None
    assert record(world).owner_id is None


async def test_what_the_registrar_does_by_itself_depends_on_nobody_being_found() -> None:
    world = await adas()
    before = world.faults.calls.count("graph people")
    world.people.there.clear()
    await world.go_on(timedelta(days=170))
    assert world.directory.passwords_ever_issued > 1
    assert world.faults.calls.count("graph people") == before
    assert breaches(world) == []


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_worker_that_dies_at_any_call_leaves_a_new_app_to_whom_it_is_for(moment: Moment) -> None:
    whole = World()
    await whole.run(asked("FIRST", NAMES[GRACE], owner=NAMES[ADA]))
    for index, call in enumerate(whole.faults.calls):
        world = World()
        world.faults.at(index, moment, WorkerDied())
        answer = await world.run(asked("FIRST", NAMES[GRACE], owner=NAMES[ADA]))
        what = f"died {moment} call {index}, {call}"
        assert (answer["data"]["status"], answer["data"].get("notes")) == ("completed", None), what
        assert (record(world).owner_id, answer["data"]["ownerObjectId"]) == (ADA, ADA), what
