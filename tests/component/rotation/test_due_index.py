"""The index of what is due can be lost: the nightly check finds out, and puts back what the vault says."""

import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.ports import ChangedApplications
from shared.rotation.check import SLICES
from shared.rotation.messages import CheckOn
from tests.component.rotating_secrets import days
from tests.fakes.faults import Moment, WorkerDied
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
    assert await world.registrar.index_check.run(EVERYTHING) == 0
    assert world.due.rows == before
    assert world.queues.rotations == []


async def test_an_index_that_was_lost_is_rebuilt_within_a_month_of_nights() -> None:
    world = await eight_apps()
    before = dict(world.due.rows)
    world.due.rows.clear()
    for _ in range(SLICES):
        await world.registrar.index_check.run()
        await days(world, 1)
        await world.settle()
    assert world.due.rows == before


async def test_the_first_slice_that_misses_its_rows_has_all_of_them_rebuilt() -> None:
    world = await eight_apps()
    before = dict(world.due.rows)
    world.due.rows.clear()
    for part in range(SLICES):
        if await world.registrar.index_check.run(CheckOn(part, SLICES)):
            break
    await world.settle()
    assert world.due.rows == before


async def test_a_row_under_the_wrong_day_is_put_right() -> None:
    world = await eight_apps()
    key, entry = next(iter(world.due.rows.items()))
    del world.due.rows[key]
    wrong = replace(entry, at=entry.at + timedelta(days=100))
    await world.due.put(wrong)
    assert await world.registrar.index_check.run(EVERYTHING) == 1
    assert world.due.rows[key] == entry


async def test_what_the_directory_has_lost_is_replaced() -> None:
    world = await eight_apps()
    (key_id,) = world.directory.applications["app-3"].passwords
    world.directory.remove_by_hand("app-3", key_id)
    await world.registrar.index_check.run(EVERYTHING)
    await world.settle()
    assert len(world.directory.applications["app-3"].passwords) == 1
    assert world.directory.passwords_ever_issued == len(NAMES) + 1
    assert breaches(world) == []


TONIGHT = CheckOn(part=1, parts=SLICES)
"""A slice like any other, with which not everything is read."""


async def checked() -> World:
    """A world with eight apps, in which the directory has been read as a whole once."""
    world = await eight_apps()
    await world.registrar.index_check.run(TONIGHT)
    assert world.due.link is not None
    return world


def reads(world: World, monkeypatch: pytest.MonkeyPatch) -> list[ChangedApplications]:
    """What the directory shows from here on to whoever asks for its changes."""
    shown, original = list[ChangedApplications](), world.directory.changed_applications

    async def changed_applications(link: str | None) -> ChangedApplications:
        shown.append(await original(link))
        return shown[-1]

    monkeypatch.setattr(world.directory, "changed_applications", changed_applications)
    return shown


async def replaced(world: World, name: str) -> bool:
    """Let the messages lead to what they lead to; whether the app has got a secret, and nobody else."""
    before = world.directory.passwords_ever_issued
    await world.settle()
    assert breaches(world) == []
    assert world.directory.passwords_ever_issued <= before + 1
    return len(world.directory.applications[name].passwords) == 1


async def test_the_first_check_reads_everything_and_the_next_ones_what_has_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await eight_apps()
    shown = reads(world, monkeypatch)
    await world.registrar.index_check.run(TONIGHT)
    world.clock.advance(timedelta(hours=1))
    world.directory.edit_in_portal("app-3", "mark")
    for _ in range(3):
        await world.registrar.index_check.run(TONIGHT)
        world.clock.advance(timedelta(days=1))
    assert [sorted(each.seen) for each in shown] == [NAMES, ["app-3"], [], []]


async def test_what_was_taken_out_of_the_directory_is_found_the_same_night_whatever_the_slice() -> None:
    world = await checked()
    (key_id,) = world.directory.applications["app-3"].passwords
    world.directory.remove_by_hand("app-3", key_id)
    await world.registrar.index_check.run(TONIGHT)
    assert await replaced(world, "app-3")
    await world.registrar.index_check.run(TONIGHT)
    assert await replaced(world, "app-3")


async def test_a_change_that_the_directory_shows_late_is_found_a_night_later() -> None:
    world = await checked()
    world.directory.lag = timedelta(minutes=3)
    (key_id,) = world.directory.applications["app-3"].passwords
    world.directory.remove_by_hand("app-3", key_id)
    await world.registrar.index_check.run(TONIGHT)
    assert world.queues.rotations == []
    await days(world, 1)
    await world.registrar.index_check.run(TONIGHT)
    assert await replaced(world, "app-3")


async def test_what_is_taken_away_right_after_it_was_stored_is_found_once_lag_cannot_explain_it() -> None:
    world = await checked()
    await world.send(example(requestId="late", application=example()["application"] | {"uniqueName": "late"}))
    (key_id,) = world.directory.applications["late"].passwords
    world.directory.remove_by_hand("late", key_id)
    await world.registrar.index_check.run(TONIGHT)
    world.clock.advance(timedelta(days=1))
    await world.registrar.index_check.run(TONIGHT)
    assert await replaced(world, "late")


async def test_nothing_is_done_to_what_the_directory_does_not_show_yet() -> None:
    world = await checked()
    world.directory.lag = timedelta(minutes=3)
    await world.run(example(requestId="late", application=example()["application"] | {"uniqueName": "late"}))
    issued = world.directory.passwords_ever_issued
    await world.registrar.index_check.run(TONIGHT)
    await world.settle()
    await world.go_on(timedelta(hours=1))
    assert world.directory.passwords_ever_issued == issued


@pytest.mark.parametrize("lost", ["no link", "too old", "somebody else's"])
async def test_a_link_that_is_lost_or_not_honoured_costs_one_full_read(
    lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await checked()
    (key_id,) = world.directory.applications["app-3"].passwords
    world.directory.remove_by_hand("app-3", key_id)
    if lost == "no link":
        world.due.link = None
    elif lost == "too old":
        world.clock.advance(timedelta(days=8))
    else:
        world.due.link = "https://graph.example/v1.0/applications/delta?$deltatoken=0"
    shown = reads(world, monkeypatch)
    await world.registrar.index_check.run(TONIGHT)
    assert [sorted(each.seen) for each in shown] == [NAMES]
    assert await replaced(world, "app-3")
    world.clock.advance(timedelta(hours=1))
    await world.registrar.index_check.run(TONIGHT)
    assert list(shown[1].seen) == ["app-3"]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_worker_that_dies_at_any_call_of_a_check_leaves_nothing_unseen(moment: Moment) -> None:
    async def changed() -> World:
        world = await checked()
        (key_id,) = world.directory.applications["app-3"].passwords
        world.directory.remove_by_hand("app-3", key_id)
        world.clock.advance(timedelta(hours=1))
        return world

    world = await changed()
    first = len(world.faults.calls)
    await world.registrar.index_check.run(TONIGHT)
    calls = world.faults.calls[first:]
    assert {"graph changed applications", "queue rotation", "table keep directory link"} <= set(calls)
    for index, call in enumerate(calls, first):
        world = await changed()
        world.faults.at(index, moment, WorkerDied())
        with pytest.raises(WorkerDied):
            await world.registrar.index_check.run(TONIGHT)
        await days(world, 1)
        await world.registrar.index_check.run(TONIGHT)
        assert await replaced(world, "app-3"), f"died {moment} {call}"


async def test_an_application_that_is_gone_is_noticed_and_nothing_is_deleted(caplog: pytest.LogCaptureFixture) -> None:
    world = await checked()
    gone = world.directory.applications["app-3"].object_id
    secrets, rows = set(world.vault.secrets), dict(world.due.rows)
    world.directory.delete("app-3")
    with caplog.at_level(logging.INFO, "registrar"):
        await world.registrar.index_check.run(TONIGHT)
    events = [json.loads(record.message) for record in caplog.records]
    noticed = [event["ids"] for event in events if event["event"] == "directory.applications_removed"]
    assert noticed == [[gone]]
    assert (set(world.vault.secrets), world.due.rows) == (secrets, rows)
    assert world.queues.rotations == []


async def test_one_slice_of_a_month_reads_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await checked()
    shown = reads(world, monkeypatch)
    for _ in range(SLICES):
        await world.registrar.index_check.run()
        world.clock.advance(timedelta(days=1))
    assert sorted(len(each.seen) for each in shown) == [0] * (SLICES - 1) + [len(NAMES)]


@pytest.mark.parametrize("bound", ["pages", "time"])
async def test_what_changes_while_a_check_goes_on_is_found_the_next_time(
    bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await checked()
    if bound == "pages":
        monkeypatch.setattr("shared.rotation.check._PAGES", 1)
    else:
        monkeypatch.setattr("shared.rotation.check._LONGEST", timedelta(0))
    await world.registrar.index_check.run(TONIGHT)
    assert len(world.queues.rotations) == 1
    # The listing has passed it.
    (key_id,) = world.directory.applications["app-0"].passwords
    world.directory.remove_by_hand("app-0", key_id)
    await world.settle()
    await world.registrar.index_check.run(TONIGHT)
    assert await replaced(world, "app-0")


async def test_a_check_goes_on_by_message_where_it_met_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.rotation.check._PAGES", 1)
    world = await eight_apps()
    world.due.rows.clear()
    await world.registrar.index_check.run(EVERYTHING)
    assert 0 < len(world.due.rows) < len(NAMES)
    await world.settle()
    assert len(world.due.rows) == len(NAMES)


async def test_a_rotation_that_is_under_way_is_no_difference() -> None:
    world = await eight_apps()
    await days(world, 149)
    await world.settle()
    assert await world.registrar.index_check.run(EVERYTHING) == 0
    assert breaches(world) == []
