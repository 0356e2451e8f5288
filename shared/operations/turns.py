"""Turns: how many attempts of one requester this worker makes at a time, and when the next of theirs may come back.

A host takes few messages at once. If all of them were one person's, everybody else would wait until that person's are
done. So whoever has as many attempts under way as they may gets a moment to come back at, one behind the other, and the
host's hands are free for the next message, whoever sent it. That waiting is a record and a delayed message like any
other; what is kept here is a worker's memory, which can be lost: it is about the hands of this very worker.
"""

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta

OTHERS_TURN = "others_turn"
"""Why an operation waits that nothing stands in the way of."""
_USUAL = timedelta(seconds=3)
"""How long an attempt takes, until some were made."""
_SHORTEST = timedelta(seconds=0.2)
_LONGEST = timedelta(minutes=10)
"""However long a line is, nobody comes back later: a line is a guess, and attempts may be much faster."""


class Turns:
    """The attempts that this worker makes, by requester. Not shared between workers: each has hands of its own."""

    def __init__(self, now: Callable[[], datetime], at_once: int) -> None:
        self._now = now
        self._at_once = at_once
        self._under_way = Counter[str]()
        self._ends_of_lines: dict[str, datetime] = {}
        self._usual = _USUAL

    def may_begin(self, who: str, *, alone: bool = False) -> bool:
        """Return whether an attempt of this requester may begin; `alone`: with one turn to spare, and no line."""
        if alone and self._line_of(who) is not None:
            return False
        return self._under_way[who] < (max(1, self._at_once - 1) if alone else self._at_once)

    @contextmanager
    def attempt(self, who: str) -> Generator[None]:
        """Count an attempt for as long as it takes, however it ends."""
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
        """Return when to come back: behind whoever else of this requester has to, or as the `first` of them."""
        now = self._now()
        apart = max(self._usual / self._at_once, _SHORTEST)  # about as often as one of theirs is done
        if first:
            return now + apart
        moment = min((self._line_of(who) or now) + apart, now + _LONGEST)
        self._ends_of_lines[who] = moment
        return moment

    def _line_of(self, who: str) -> datetime | None:
        """Return when the last in line comes back; None when there is no line, and of all who have none any more."""
        now = self._now()
        for each in [each for each, end in self._ends_of_lines.items() if end <= now]:
            del self._ends_of_lines[each]
        return self._ends_of_lines.get(who)
