"""Timer schedules: NCRONTAB expressions and constant intervals.

Microsoft Learn, "Timer trigger for Azure Functions", NCRONTAB expressions. All in UTC, as on Azure.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from cronsim import CronSim, CronSimError

from devstack.host.errors import BindingError
from devstack.host.timespan import parse_timespan

# cronsim also takes L, W, # and 7 for Sunday, which NCRONTAB does not have.
_ITEM = r"(\*|\d+|[A-Za-z]{3})(-(\d+|[A-Za-z]{3}))?(/\d+)?"
_FIELD = re.compile(rf"{_ITEM}(,{_ITEM})*")
_SEVENTH_DAY = re.compile(r"(?<!/)\b7\b")


class Schedule(Protocol):
    """When a timer is due."""

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence later than `moment`."""
        ...


class Ncrontab:
    """Six fields, the first for seconds, or five without seconds."""

    def __init__(self, expression: str) -> None:
        self._expression = expression

    def next_after(self, moment: datetime) -> datetime:
        """The first matching second after `moment`. Raises BindingError when there is none."""
        occurrences = CronSim(self._expression, moment)
        # NCRONTAB wants both the day of month and the day of week to match, where cron is content with one.
        occurrences.day_and = True
        try:
            return next(occurrences)
        except StopIteration:
            raise BindingError(f"the schedule '{self._expression}' never comes due") from None


class Interval:
    """The same time again and again, counted from the last run."""

    def __init__(self, every: timedelta) -> None:
        self._every = every

    def next_after(self, moment: datetime) -> datetime:
        """`moment` plus the interval."""
        return moment + self._every


def parse_schedule(text: str, now: datetime) -> Schedule:
    """Read a schedule: a TimeSpan has colons, NCRONTAB has fields. Raises BindingError for neither."""
    try:
        if ":" in text:
            every = parse_timespan(text)
            if every <= timedelta(0):
                raise BindingError(f"the schedule '{text}' must be longer than nothing")
            return Interval(every)
        fields = text.split()
        if not all(map(_FIELD.fullmatch, fields)) or _SEVENTH_DAY.search(fields[-1]):
            raise BindingError(f"the schedule '{text}' is not NCRONTAB, which has no L, W, # or ?; Sunday is 0")
        schedule = Ncrontab(text)
        schedule.next_after(now)
        return schedule
    except (ValueError, CronSimError) as error:
        raise BindingError(f"the schedule '{text}' is neither NCRONTAB nor a time span: {error}") from error


def fires_within_a_minute(schedule: Schedule, now: datetime) -> bool:
    """Return whether any of the next occurrences lie less than a minute apart; such a timer is never monitored."""
    return any(later - earlier < timedelta(minutes=1) for earlier, later in pairwise(_occurrences(schedule, now)))


def _occurrences(schedule: Schedule, now: datetime, count: int = 5) -> Iterator[datetime]:
    for _ in range(count):
        now = schedule.next_after(now)
        yield now
