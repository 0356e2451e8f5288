"""Owners of version 1 are pinned to who they are, once, by a timer; and the vault's tags follow."""

from datetime import timedelta
from uuid import uuid4

import pytest

from shared.core.errors import ThrottledError, UnavailableError
from shared.credentials.owners import MOST_PINNED, pin_owners
from shared.credentials.tags import TAG_NAMES
from shared.rotation.messages import CheckOn
from tests.component.approving import codes
from tests.component.people.test_ownership import NAMES, SECRET, adas, asked, forget_ids, record, title
from tests.fakes.faults import Moment, WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.people import ADA, GRACE
from tests.fakes.world import World, administered


async def pin(world: World) -> int:
    """Let the timer fire that pins owners."""
    runtime = world.services.runtime
    return await pin_owners(world.applications, world.people, world.leases, world.backoff, runtime)


async def version_1(world: World | None = None) -> World:
    """A world in which Ada's app was registered before anybody was looked up."""
    world = await adas(world)
    forget_ids(world)
    return world


async def test_an_owner_of_version_1_is_pinned_once() -> None:
    world = await version_1()
    assert await pin(world) == 1
    assert (record(world).owner, record(world).owner_id) == (NAMES[ADA], ADA)
    heir = str(uuid4())
    world.people.add(ADA, "ada.married@contoso.example")
    world.people.add(heir, NAMES[ADA])
    before = world.faults.calls.count("graph people")
    assert await pin(world) == 0
    assert (record(world).owner_id, world.faults.calls.count("graph people")) == (ADA, before)
    assert codes(await world.run(asked("HEIR", NAMES[ADA]))) == ["not_owner"]
    assert (await world.run(asked("ADA", "ada.married@contoso.example", title="Hers")))["data"]["status"] == "completed"
    assert breaches(world) == []


async def test_who_is_nobody_or_two_or_younger_than_the_app_is_not_pinned() -> None:
    world = await version_1(administered())
    world.people.sees_accounts = True
    world.people.there.pop(ADA)
    assert await pin(world) == 0
    for created in (world.clock.now(), world.clock.now()):
        world.people.add(str(uuid4()), f"{uuid4().hex}@contoso.example", mail=NAMES[ADA], created=created)
    assert await pin(world) == 0
    world.people.there.pop(next(reversed(world.people.there)))
    assert await pin(world) == 0
    assert record(world).owner_id is None
    await world.run(asked("NAMED", "boss@contoso.example", owner=NAMES[GRACE]))
    assert record(world).owner_id == GRACE


async def test_without_the_permission_nobody_is_pinned_and_nothing_is_said_of_them() -> None:
    world = await version_1()
    world.people.allowed = False
    assert await pin(world) == 0
    assert record(world).owner_id is None


@pytest.mark.parametrize("error", [ThrottledError("patience", timedelta(seconds=90)), UnavailableError("away")])
async def test_a_directory_that_is_away_pins_nobody_and_is_asked_again(error: Exception) -> None:
    world = await version_1()
    world.faults.next("graph people", "before", error)
    assert await pin(world) == 0
    assert record(world).owner_id is None
    world.clock.advance(timedelta(minutes=5))
    assert await pin(world) == 1


async def test_an_owner_who_changes_while_they_are_looked_up_is_not_pinned_to_whom_they_were() -> None:
    world = await version_1(administered())
    save = world.applications.read
    reads = 0

    async def meanwhile(unique_name: str):  # noqa: ANN202  what the fake returns
        nonlocal reads
        reads += 1
        found = await save(unique_name)
        if reads == 2:
            changed = found.value.model_copy(update={"owner": NAMES[GRACE]})
            await world.applications.save(changed, found.etag)
            return await save(unique_name)
        return found

    world.applications.read = meanwhile
    assert await pin(world) == 0
    assert (record(world).owner, record(world).owner_id) == (NAMES[GRACE], None)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_worker_that_dies_at_any_call_pins_nobody_twice(moment: Moment) -> None:
    whole = await version_1()
    first = len(whole.faults.calls)
    await pin(whole)
    for index in range(first, len(whole.faults.calls)):
        world = await version_1()
        world.faults.at(index, moment, WorkerDied())
        with pytest.raises(WorkerDied):
            await pin(world)
        world.clock.advance(timedelta(days=1))
        await pin(world)
        assert record(world).owner_id == ADA, whole.faults.calls[index]


async def test_each_night_others_get_their_turn() -> None:
    world = await version_1()
    old = record(world)
    for number in range(MOST_PINNED + 20):
        gone = old.model_copy(update={"unique_name": f"app-{number}", "owner": f"gone-{number}@contoso.example"})
        world.applications.rows[gone.unique_name] = (gone.model_dump_json(), "1")
    world.applications.rows[old.unique_name] = world.applications.rows.pop(old.unique_name)
    pinned = 0
    for _ in range(3):
        before = len(world.people.looked_up)
        pinned += await pin(world)
        assert len(world.people.looked_up) - before <= MOST_PINNED
        world.clock.advance(timedelta(days=1))
    assert (pinned, record(world).owner_id) == (1, ADA)


async def test_the_vaults_tag_names_the_owner_by_id_in_time_and_loses_nothing() -> None:
    world = await version_1()
    await pin(world)
    before = dict(world.vault.secrets[SECRET][-1].entry.tags)
    assert before["owner"] == NAMES[ADA]
    await world.registrar.index_check.run(CheckOn(part=0, parts=1))
    tags = world.vault.secrets[SECRET][-1].entry.tags
    assert tags == before | {"owner": ADA}
    assert set(tags) == set(TAG_NAMES)
    assert breaches(world) == []


async def test_a_rotation_of_the_registrars_own_keeps_the_owner_by_id() -> None:
    world = await version_1()
    await pin(world)
    await world.go_on(timedelta(days=170))
    assert len(world.vault.secrets[SECRET]) > 1
    assert world.vault.secrets[SECRET][-1].entry.tags["owner"] == ADA
    assert title(world) == "ADT client (dev)"
