"""The stack clock, as far as it does not need a running stack."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from devstack.clock import StackClock, time_until

EIGHT = time(8, 11)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 11, 23, 8, 10, 30, tzinfo=UTC), timedelta(seconds=30)),
        (datetime(2026, 11, 23, 8, 11, tzinfo=UTC), timedelta(0)),
        (datetime(2026, 11, 23, 8, 12, tzinfo=UTC), timedelta(hours=23, minutes=59)),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), timedelta(hours=8, minutes=12)),
    ],
)
def test_the_next_occurrence_is_today_or_tomorrow(now: datetime, until: timedelta) -> None:
    assert time_until(now, EIGHT) == until


def test_advanced_by_that_the_clock_shows_the_time_of_day(tmp_path: Path) -> None:
    clock = StackClock(tmp_path / "clock")
    clock.advance(time_until(clock.now(), EIGHT))
    assert timedelta(0) <= clock.now() - datetime.combine(clock.now().date(), EIGHT, UTC) < timedelta(minutes=1)
