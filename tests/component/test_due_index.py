"""The index of what is due can be lost: the nightly check finds out, and puts back what the vault says."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.rotation.check import SLICES, check_index
from shared.rotation.messages import CheckOn
from tests.component.test_rotation import days
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example

NAMES = [f"app-{number}" for number in range(8)]
EVERYTHING = CheckOn(part=0, parts=1)


async def eight_apps() -> World:
    """A world with eight registered apps, for an hour."""
    world = World()
    for name in NAMES:
        await world.send(example(requestId=name, application=example()["application"] | {"uniqueName": name}))
    await world.settle()
    await world.go_on(timedelta(hours=1))
    return world


async def test_an_index_that_is_right_stays_as_it_is() -> None:
    world = await eight_apps()
    before = dict(world.due.rows)
    assert len(before) == len(NAMES)
    assert await check_index(world.services, EVERYTHING) == 0
    assert world.due.rows == before
    assert world.queues.rotations == []


async def test_an_index_that_was_lost_is_rebuilt_within_a_month_of_nights() -> None:
    world = await eight_apps()
    before = dict(world.due.rows)
    world.due.rows.clear()
    for _ in range(SLICES):
        await check_index(world.services)
        await days(world, 1)
        await world.settle()
    assert world.due.rows == before


async def test_the_first_slice_that_misses_its_rows_has_all_of_them_rebuilt() -> None:
    world = await eight_apps()
    before = dict(world.due.rows)
    world.due.rows.clear()
    for part in range(SLICES):
        if await check_index(world.services, CheckOn(part, SLICES)):
            break
    await world.settle()
    assert world.due.rows == before


async def test_a_row_under_the_wrong_day_is_put_right() -> None:
    world = await eight_apps()
    key, entry = next(iter(world.due.rows.items()))
    del world.due.rows[key]
    wrong = replace(entry, at=entry.at + timedelta(days=100))
    await world.due.put(wrong)
    assert await check_index(world.services, EVERYTHING) == 1
    assert world.due.rows[key] == entry


async def test_what_the_directory_has_lost_is_replaced() -> None:
    world = await eight_apps()
    (key_id,) = world.directory.applications["app-3"].passwords
    world.directory.remove_by_hand("app-3", key_id)
    await check_index(world.services, EVERYTHING)
    await world.settle()
    assert len(world.directory.applications["app-3"].passwords) == 1
    assert world.directory.passwords_ever_issued == len(NAMES) + 1
    assert breaches(world) == []


async def test_a_check_goes_on_by_message_where_it_met_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.rotation.check._PAGES", 1)
    world = await eight_apps()
    world.due.rows.clear()
    await check_index(world.services, EVERYTHING)
    assert 0 < len(world.due.rows) < len(NAMES)
    await world.settle()
    assert len(world.due.rows) == len(NAMES)


async def test_a_rotation_that_is_under_way_is_no_difference() -> None:
    world = await eight_apps()
    await days(world, 149)
    await world.settle()
    assert await check_index(world.services, EVERYTHING) == 0
    assert breaches(world) == []
