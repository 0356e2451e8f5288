"""Fair turns: how many concurrent attempts this worker makes for one requester, and when their next one may come back.

A host takes few messages at once. If all of them were from one person, all others would have to wait. So a requester
with the maximum number of attempts under way is given staggered times to come back at, and the host is free for the
next message. The waiting itself is a record and a delayed message, as for any other reason; only the counts here are in
memory, and may be lost: they concern only this worker's capacity.
"""

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta

OTHERS_TURN = "others_turn"
"""Reason of an operation that waits only for its turn."""
_USUAL = timedelta(seconds=3)
"""Initial estimate of an attempt's duration."""
_SHORTEST = timedelta(seconds=0.2)
_LONGEST = timedelta(minutes=10)
"""Maximum wait, regardless of the line's length, which is only an estimate: attempts may be much faster."""


class Turns:
    """Attempts of one worker, by requester. Not shared between workers, as each has its own capacity."""

    def __init__(self, now: Callable[[], datetime], at_once: int) -> None:
        self._now = now
        self._at_once = at_once
        self._under_way = Counter[str]()
        self._ends_of_lines: dict[str, datetime] = {}
        self._usual = _USUAL

    def may_begin(self, who: str, *, alone: bool = False) -> bool:
        """Return whether an attempt of this requester may begin; `alone` requires a spare turn, and no line."""
        if alone and self._line_of(who) is not None:
            return False
        return self._under_way[who] < (max(1, self._at_once - 1) if alone else self._at_once)

    @contextmanager
    def attempt(self, who: str) -> Generator[None]:
        """Count an attempt while it runs, however it ends."""
        self._under_way[who] += 1
        begun = self._now()
        try:
            yield
        finally:
            self._usual += (min(self._now() - begun, _LONGEST) - self._usual) / 5
            self._under_way[who] -= 1
            if self._under_way[who] <= 0:
                del self._under_way[who]

    def line_up(self, who: str, *, first: bool = False) -> datetime:
        """Return when to come back: behind this requester's other waiting operations, or `first` of them."""
        now = self._now()
        apart = max(self._usual / self._at_once, _SHORTEST)  # about the rate at which theirs complete
        if first:
            return now + apart
        moment = min((self._line_of(who) or now) + apart, now + _LONGEST)
        self._ends_of_lines[who] = moment
        return moment

    def _line_of(self, who: str) -> datetime | None:
        """Return when the last in line comes back; None if there is no line. Drops lines that have ended."""
        now = self._now()
        for each in [each for each, end in self._ends_of_lines.items() if end <= now]:
            del self._ends_of_lines[each]
        return self._ends_of_lines.get(who)
