"""Whose turn it is: no ticketing system that is away, or slow, keeps the others' updates waiting.

In the memory of one worker, as the host gives it some messages at once: one source has at most two of them under way,
and one that gave no answer to several in a row has only one, after a pause that grows.
"""

from collections import Counter, defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta

from shared.core.errors import ThrottledError, UnavailableError

AT_ONCE = 2
"""Of the three that host.json lets a worker take."""
_AWAY_AFTER = 3
"""Updates without an answer in a row: one ticket that cannot be told says nothing about the others."""
_KEPT = 20
_SHORTEST, _LONGEST = timedelta(seconds=30), timedelta(minutes=10)
_NEXT_TURN = timedelta(seconds=5)


class Turns:
    """Counts what is under way, and which sources give no answer."""

    def __init__(self) -> None:
        self._under_way = Counter[str]()
        self._missed = defaultdict[str, list[str]](list)
        """Updates that got no answer since the last one that did, by source."""
        self._away_until: dict[str, datetime] = {}

    def wait(self, source: str, now: datetime) -> timedelta | None:
        """Say how long an update of this source has to wait for its turn; None when it may begin."""
        until = self._away_until.get(source)
        if until is not None and now < until:
            return until - now
        at_once = 1 if self._is_away(source) else AT_ONCE
        return _NEXT_TURN if self._under_way[source] >= at_once else None

    @contextmanager
    def taken(self, source: str) -> Generator[None]:
        """Count an attempt while it is under way."""
        self._under_way[source] += 1
        try:
            yield
        finally:
            self._under_way[source] -= 1

    def note(self, source: str, update_id: str, error: Exception | None, now: datetime) -> None:
        """Note how an attempt ended: any answer of the system, a refusal too, says that it is there."""
        if isinstance(error, ThrottledError) and error.after is not None:
            self._away_until[source] = now + min(error.after, _LONGEST)
            return
        if not isinstance(error, UnavailableError):
            self._missed.pop(source, None)
            self._away_until.pop(source, None)
            return
        missed = self._missed[source]
        missed.append(update_id)
        del missed[:-_KEPT]
        if self._is_away(source):
            pause = _SHORTEST * 2 ** min(len(missed) - _AWAY_AFTER, 10)
            self._away_until[source] = now + min(pause, _LONGEST)

    def _is_away(self, source: str) -> bool:
        return len(set(self._missed.get(source, ()))) >= _AWAY_AFTER
