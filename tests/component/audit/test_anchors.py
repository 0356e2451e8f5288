"""Once a day the chain's end is written down for good; and nobody plants an anchor without being noticed."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from doctor.audit.codes import Code
from doctor.finding import Finding
from doctor.patience import Patience
from shared.audit.anchoring import anchor_chain
from shared.audit.writing import extend_chain
from shared.model.audit_anchor import Anchor, Named, digest
from shared.model.audit_chain import Head, links_after
from shared.model.audit_entry import read_entry
from tests.fakes.audit import FakeBlob
from tests.fakes.auditing import unrecorded
from tests.fakes.faults import WorkerDied
from tests.fakes.world import World, example

DAY = timedelta(days=1)


async def recording(world: World, request_id: str) -> None:
    """Have a request recorded."""
    await world.run(example(requestId=request_id))
    await extend_chain(world.audit)


async def next_day(world: World) -> None:
    """Let a day begin, and the timer come."""
    world.clock.advance(DAY)
    await anchor_chain(world.audit, world.anchors, world.services.runtime)


async def anchored() -> World:
    """A world with a request in its chain, and an anchor of today that knows it."""
    world = World()
    await recording(world, "FIRST")
    await anchor_chain(world.audit, world.anchors, world.services.runtime)
    return world


def day_of(world: World, ahead: int = 0) -> str:
    return f"{world.clock.now() + ahead * DAY:%Y-%m-%d}"


def found(world: World, moved_at: date | None = None) -> list[Finding[Code]]:
    """What verification finds, with its patience for days without an anchor."""
    return unrecorded(world, Patience(), moved_at)


def codes(world: World, moved_at: date | None = None) -> set[Code]:
    return {each.kind for each in found(world, moved_at)}


def told(world: World) -> list[tuple[str, str]]:
    """Anchors of somebody else's that the audit record tells of, and why."""
    entries = [entry for text in world.audit.texts() if (entry := json.loads(text))["kind"] == "anchor_foreign"]
    return [(entry["what"]["anchor"], entry["what"]["reason"]) for entry in entries]


def rewrite_without(world: World, request_id: str) -> None:
    """Remove a request, and make chain, index and head fit again: the work of somebody who may write to tables."""
    (operation_id,) = {each.id for each in world.operations.all() if each.request.request_id == request_id}
    entries = [read_entry(world.audit.links[number].text) for number in sorted(world.audit.links)]
    links = links_after(Head(), [each for each in entries if each.what.get("operationId") != operation_id])
    audit = world.audit
    audit.links = {link.number: link for link in links}
    audit.index = {link.entry_id: link.number for link in links}
    audit.end = links[-1].head
    world.operations.lose(operation_id)


async def test_the_first_anchor_of_a_day_stays_and_the_next_names_it() -> None:
    world = World()
    assert await anchor_chain(world.audit, world.anchors, world.services.runtime)
    await recording(world, "FIRST")
    assert not await anchor_chain(world.audit, world.anchors, world.services.runtime)
    await next_day(world)
    first, second = (world.anchors.kept(f"{day_of(world, ahead)}.json") for ahead in (-1, 0))
    assert (first.head.count, first.previous, second.head) == (0, None, world.audit.end)
    assert json.loads(second.to_json()) == {
        "count": 2,
        "head": second.head.hash,
        "at": f"{world.clock.now():%Y-%m-%dT%H:%M:%SZ}",
        "previous": {"day": first.day, "sha256": digest(first.to_json())},
    }
    assert (found(world), told(world)) == ([], [])


async def test_planted_anchors_hide_no_removal() -> None:
    """Somebody who may create blobs and write tables plants anchors on days to come, waits, and removes a request."""
    world = World()
    await anchor_chain(world.audit, world.anchors, world.services.runtime)
    for ahead in range(1, 6):
        made = world.clock.now() + ahead * DAY
        world.anchors.plant(f"{day_of(world, ahead)}.json", Anchor(Head(), made, is_first_form=True).to_json())
    await recording(world, "KEPT")
    await recording(world, "REMOVED")
    for _ in range(4):
        await next_day(world)
    assert Code.ANCHOR_FOREIGN in codes(world)
    own = [name for name in world.anchors.blobs if len(name) > len("2026-11-23.json")]
    assert len(own) == 4
    rewrite_without(world, "REMOVED")
    assert Code.CHAIN_REWRITTEN in codes(world) or Code.END_MISSING in codes(world)


async def test_an_anchor_of_a_day_to_come_is_told_of_at_once_and_once() -> None:
    world = await anchored()
    name = f"{day_of(world, 7)}.json"
    world.anchors.plant(name, Anchor(Head(), world.clock.now() + 7 * DAY).to_json())
    for _ in range(3):
        await anchor_chain(world.audit, world.anchors, world.services.runtime)
        await extend_chain(world.audit)
    assert told(world) == [(name, "its day is in the future")]
    assert codes(world) == {Code.ANCHOR_FOREIGN}


type Plant = Callable[[World], tuple[str, bytes | str]]


def _today(world: World, anchor: Anchor) -> tuple[str, str]:
    return f"{day_of(world)}.json", anchor.to_json()


def _true(world: World, **changes: object) -> Anchor:
    """The anchor that the registrar would write just now, but for what a forger changes."""
    before = world.anchors.kept(f"{day_of(world, -1)}.json")
    made = {"head": world.audit.end, "at": world.clock.now(), "previous": before.named} | changes
    return Anchor(**made)  # pyright: ignore[reportArgumentType]


PLANTED: dict[str, Plant] = {
    "an older count": lambda world: _today(world, _true(world, head=Head())),
    "another hash": lambda world: _today(world, _true(world, head=Head(2, "a" * 64))),
    "more than there is": lambda world: _today(world, _true(world, head=Head(99, "a" * 64))),
    "none before it": lambda world: _today(world, _true(world, previous=None)),
    "another before it": lambda world: _today(world, _true(world, previous=Named(day_of(world, -1), "a" * 64))),
    "the form of old": lambda world: _today(world, _true(world, previous=None, is_first_form=True)),
    "another time": lambda world: _today(world, _true(world, at=world.clock.now() + timedelta(hours=2))),
    "another day": lambda world: _today(world, _true(world, at=world.clock.now() - DAY)),
    "an end of hours ago": lambda world: _today(world, _true(world, head=world.audit.links[2].head)),
    "no JSON": lambda world: (f"{day_of(world)}.json", b"\xff\x00"),
    "no anchor": lambda world: (f"{day_of(world)}.json", "[]"),
    "too deep": lambda world: (f"{day_of(world)}.json", "[" * 4000),
    "huge": lambda world: (f"{day_of(world)}.json", b"0" * 10_000_000),
    "nothing": lambda world: (f"{day_of(world)}.json", b""),
    "a name of its own": lambda world: ("0000-notes.json", _true(world).to_json()),
    "no day": lambda world: ("2026-02-31.json", _true(world).to_json()),
    "the day once more": lambda world: (f"{day_of(world)}-0123456789ab.json", _true(world).to_json()),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
async def test_what_somebody_plants_before_the_timer_is_told_of_and_the_day_is_anchored_all_the_same(
    plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    world = await anchored()
    await recording(world, "SECOND")
    world.clock.advance(DAY)
    name, content = plant(world)
    world.anchors.plant(name, content)
    before = set(world.anchors.blobs)
    assert await anchor_chain(world.audit, world.anchors, world.services.runtime)
    errors = [json.loads(each.message) for each in caplog.records if each.levelname == "ERROR"]
    assert [(each["event"], each["anchor"]) for each in errors] == [("audit.anchor_foreign", name)]
    (own,) = set(world.anchors.blobs) - before
    assert world.anchors.kept(own).head == world.audit.end
    assert not await anchor_chain(world.audit, world.anchors, world.services.runtime)
    await extend_chain(world.audit)
    assert [each for each, _ in told(world)] == [name]
    assert Code.ANCHOR_FOREIGN in codes(world)
    await next_day(world)
    assert world.anchors.kept(f"{day_of(world)}.json").previous == world.anchors.kept(own).named
    # What one of two says that contradict each other is looked at all the same, and may be of another chain.
    assert codes(world) <= {Code.ANCHOR_FOREIGN, Code.ANCHOR_REMOVED, Code.END_MISSING, Code.CHAIN_REWRITTEN}


async def test_a_count_that_falls_is_told_of_though_somebody_made_the_rows_look_young() -> None:
    world = await anchored()
    world.clock.advance(DAY)
    world.audit.written = dict.fromkeys(world.audit.written, world.clock.now())
    name, content = _today(world, _true(world, head=world.audit.links[1].head))
    world.anchors.plant(name, content)
    assert await anchor_chain(world.audit, world.anchors, world.services.runtime)
    assert told(world) == [(name, "it counts 1 entries, but the one before it 2")]


async def test_an_anchor_planted_for_a_day_gone_by_is_no_anchor_of_that_day() -> None:
    world = await anchored()
    before = world.anchors.kept(f"{day_of(world)}.json")
    world.clock.advance(2 * DAY)
    gone = world.clock.now() - DAY
    world.anchors.plant(f"{day_of(world, -1)}.json", Anchor(before.head, gone, before.named).to_json())
    await anchor_chain(world.audit, world.anchors, world.services.runtime)
    assert world.anchors.kept(f"{day_of(world)}.json").previous == before.named
    assert codes(world) == {Code.ANCHOR_FOREIGN}


async def test_an_anchor_planted_for_a_day_gone_by_makes_nobody_doubt_those_written_before_it() -> None:
    world = await anchored()
    world.clock.advance(timedelta(hours=1))
    for ahead in (-1, -2):
        world.anchors.plant(f"{day_of(world, ahead)}.json", Anchor(Head(), world.clock.now() + ahead * DAY).to_json())
    assert not await anchor_chain(world.audit, world.anchors, world.services.runtime)
    assert told(world) == []
    assert {each.about.split()[0] for each in found(world)} == {"2"}


async def test_what_another_instance_or_an_earlier_hour_wrote_is_ours() -> None:
    world = await anchored()
    await next_day(world)
    await recording(world, "SECOND")
    for _ in range(3):
        world.clock.advance(timedelta(hours=1))
        assert not await anchor_chain(world.audit, world.anchors, world.services.runtime)
    assert (told(world), found(world)) == ([], [])


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", ["blob list anchors", "blob read anchor", "table read link", "blob keep anchor"])
async def test_a_crash_at_any_call_leaves_one_anchor_that_is_ours(call: str, moment: str) -> None:
    world = await anchored()
    world.clock.advance(DAY)
    world.faults.next(call, moment, WorkerDied())  # pyright: ignore[reportArgumentType]
    with pytest.raises(WorkerDied):
        await anchor_chain(world.audit, world.anchors, world.services.runtime)
    world.clock.advance(timedelta(hours=1))
    await anchor_chain(world.audit, world.anchors, world.services.runtime)
    assert len(world.anchors.blobs) == 2
    assert (told(world), found(world)) == ([], [])


async def test_days_on_which_nothing_ran_are_a_warning_once_the_next_anchor_bridges_them() -> None:
    world = await anchored()
    world.clock.advance(2 * DAY)
    assert [(each.kind, each.is_warning) for each in found(world)] == [(Code.ANCHOR_MISSING, False)]
    await next_day(world)
    (warning,) = found(world)
    assert (warning.kind, warning.is_warning) == (Code.ANCHOR_MISSING, True)
    assert warning.about == f"{day_of(world, -2)} to {day_of(world, -1)}"


async def test_an_anchor_that_was_taken_away_is_missed_by_name() -> None:
    world = await anchored()
    await next_day(world)
    await next_day(world)
    del world.anchors.blobs[f"{day_of(world, -1)}.json"]
    assert codes(world) == {Code.ANCHOR_REMOVED, Code.ANCHOR_MISSING}
    assert not any(each.is_warning for each in found(world))


async def test_anchors_from_before_they_named_each_other_are_read_for_ever() -> None:
    world = World()
    for count in range(3):
        end = world.audit.end or Head()
        world.anchors.plant(*_today(world, Anchor(end, world.clock.now(), is_first_form=True)))
        assert not await anchor_chain(world.audit, world.anchors, world.services.runtime)
        await recording(world, f"R{count}")
        world.clock.advance(DAY)
    await anchor_chain(world.audit, world.anchors, world.services.runtime)
    last = world.anchors.kept(f"{day_of(world, -1)}.json")
    assert world.anchors.kept(f"{day_of(world)}.json").previous == last.named
    assert json.loads(last.to_json()).keys() == {"count", "head", "at"}
    assert (told(world), found(world)) == ([], [])


async def test_a_move_of_the_account_is_accepted_on_its_day_and_on_no_other() -> None:
    world = await anchored()
    await next_day(world)
    await next_day(world)
    world.clock.advance(DAY)
    moved(world, world.clock.now())
    moved_at = world.clock.now().date()
    for _ in range(2):
        await anchor_chain(world.audit, world.anchors, world.services.runtime)
        world.clock.advance(DAY)
        await recording(world, f"R{day_of(world)}")
    await anchor_chain(world.audit, world.anchors, world.services.runtime)
    assert told(world) == []
    (misfits,) = found(world)
    assert (misfits.kind, misfits.about.startswith("3 anchors of ")) == (Code.ANCHOR_FOREIGN, True)
    assert found(world, moved_at) == []
    for other in (moved_at - DAY, moved_at + DAY):
        assert Code.ANCHOR_FOREIGN in codes(world, other)


async def test_what_was_planted_after_a_move_is_found_all_the_same() -> None:
    world = await anchored()
    world.clock.advance(DAY)
    moved(world, world.clock.now())
    moved_at = world.clock.now().date()
    await anchor_chain(world.audit, world.anchors, world.services.runtime)
    await next_day(world)
    world.anchors.plant("2026-11-22.json", Anchor(Head(), world.clock.now() - 3 * DAY).to_json())
    assert codes(world, moved_at) == {Code.ANCHOR_FOREIGN}


def moved(world: World, at: datetime) -> None:
    """Copy the account: every row and blob is written anew."""
    blobs = world.anchors.blobs
    world.anchors.blobs = {name: FakeBlob(blob.content, at) for name, blob in blobs.items()}
    world.audit.written = dict.fromkeys(world.audit.written, at)


async def test_a_removal_after_an_anchor_is_found_by_it() -> None:
    world = await anchored()
    await recording(world, "REMOVED")
    await next_day(world)
    assert found(world) == []
    rewrite_without(world, "REMOVED")
    assert Code.END_MISSING in codes(world)
