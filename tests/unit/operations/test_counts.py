"""Something is counted once, within its day's room, whoever counts beside."""

from collections.abc import Sequence

import pytest

from shared.core.errors import BusyError
from shared.operations.counts import count_once
from tests.fakes.faults import Faults
from tests.fakes.storage import FakeRequestCounts


def raced(times: int) -> FakeRequestCounts:
    """Counts that somebody else writes right before each of the next writes."""
    counts, others = FakeRequestCounts(Faults()), list(range(times))
    write = counts.save

    async def save(person: str, day: str, requests: tuple[str, ...], etag: str) -> None:
        if others:
            there = (await counts.of(person)).get(day)
            value, at = (there.value, there.etag) if there is not None else ((), "")
            await write(person, day, (*value, f"other-{others.pop()}"), at)
        await write(person, day, requests, etag)

    counts.save = save
    return counts


async def count(counts: FakeRequestCounts, mark: str, day: str = "20261130", most: int = 2) -> bool:
    def has_room(marks: Sequence[str]) -> bool:
        return len(marks) < most

    return await count_once(counts, "ada", day, mark, has_room, races=3, busy="too many at once")


async def test_a_mark_takes_room_once() -> None:
    counts = FakeRequestCounts(Faults())
    assert [await count(counts, mark) for mark in ("a", "a", "b", "c", "b")] == [True, True, True, False, True]
    assert {day: each.value for day, each in (await counts.of("ada")).items()} == {"20261130": ("a", "b")}


async def test_a_new_day_has_room_and_the_day_before_is_forgotten() -> None:
    counts = FakeRequestCounts(Faults())
    assert await count(counts, "a", most=1)
    assert not await count(counts, "b", most=1)
    assert await count(counts, "b", day="20261201", most=1)
    assert set(await counts.of("ada")) == {"20261201"}


async def test_what_others_count_meanwhile_stays_counted() -> None:
    counts = raced(times=2)
    assert await count(counts, "a", most=9)
    assert set((await counts.of("ada"))["20261130"].value) == {"other-0", "other-1", "a"}


async def test_whoever_loses_every_race_counts_nothing_and_says_so() -> None:
    counts = raced(times=3)
    with pytest.raises(BusyError, match="too many at once"):
        await count(counts, "a", most=9)
    assert "a" not in (await counts.of("ada"))["20261130"].value
