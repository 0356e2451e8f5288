"""Delays grow, keep what a system asks for, and end after a day; turns keep one source from taking all of them."""

from datetime import timedelta
from itertools import pairwise

import pytest

from shared.core.errors import ForbiddenError, RefusedError, ThrottledError, UnavailableError
from shared.model.ticket_update import GIVEN_UP_AFTER
from shared.tickets.backoff import next_attempt
from shared.tickets.turns import AT_ONCE, Turns
from tests.fakes.clock import START

AWAY = UnavailableError("no answer")


def pauses(error: Exception, draw: float = 0.5) -> list[timedelta]:
    """All pauses of an update that always meets the same."""
    now, found = START, list[timedelta]()
    while (at := next_attempt(error, now=now, first_at=START, attempts=len(found) + 1, draw=draw)) is not None:
        found.append(at - now)
        now = at
    assert now == START + GIVEN_UP_AFTER
    return found


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.999])
def test_pauses_grow_from_half_a_minute_to_two_hours_for_a_day(draw: float) -> None:
    found = pauses(AWAY, draw)
    assert timedelta(seconds=20) < found[0] < timedelta(seconds=40)
    assert all(before <= after for before, after in pairwise(found[:-1]))
    assert timedelta(minutes=90) <= max(found) <= timedelta(minutes=150)
    assert 15 < len(found) < 25


@pytest.mark.parametrize("error", [ForbiddenError("403"), RefusedError("404"), RuntimeError("a defect")])
def test_what_somebody_has_to_mend_is_tried_less_often(error: Exception) -> None:
    found = pauses(error)
    assert found[0] == timedelta(minutes=5)
    assert len(found) < len(pauses(AWAY))


def test_a_pause_that_the_system_asks_for_is_kept() -> None:
    asked = ThrottledError("busy", timedelta(minutes=50))
    assert next_attempt(asked, now=START, first_at=START, attempts=1, draw=0.5) == START + timedelta(minutes=50)
    for_ever = ThrottledError("busy", timedelta(days=30))
    assert next_attempt(for_ever, now=START, first_at=START, attempts=1, draw=0.5) == START + GIVEN_UP_AFTER


def test_a_source_takes_two_turns_at_once_and_another_its_own() -> None:
    turns = Turns()
    with turns.taken("a"), turns.taken("a"):
        assert AT_ONCE == 2
        assert turns.wait("a", START) is not None
        assert turns.wait("b", START) is None
    assert turns.wait("a", START) is None


def test_a_source_that_gives_no_answer_waits_ever_longer_and_one_asks_for_all() -> None:
    turns = Turns()
    for _ in range(9):
        turns.note("a", "1", AWAY, START)
    assert turns.wait("a", START) is None, "one ticket that cannot be told says nothing about the others"
    turns.note("a", "1", None, START)
    turns.note("a", "1", AWAY, START)
    turns.note("a", "2", AWAY, START)
    assert turns.wait("a", START) is None
    turns.note("a", "3", AWAY, START)
    first = turns.wait("a", START)
    assert first == timedelta(seconds=30)
    later = START + timedelta(seconds=30)
    with turns.taken("a"):
        assert turns.wait("a", later) is not None
    for _ in range(10):
        turns.note("a", "4", AWAY, later)
    assert turns.wait("a", later) == timedelta(minutes=10)
    assert turns.wait("b", later) is None
    turns.note("a", "5", RefusedError("404"), later)
    assert turns.wait("a", later) is None, "any answer says that it is there"
    turns.note("a", "6", ThrottledError("busy", timedelta(seconds=40)), later)
    assert turns.wait("a", later) == timedelta(seconds=40)
