"""Fair turns: a ticketing system that is down or slow does not delay the updates of others.

Kept in one worker's memory, as the host gives it several messages at once: a source has at most two attempts under way,
and one that did not respond to several in a row has only one, after a growing pause.
"""

from collections import Counter, defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta

from shared.core.errors import ThrottledError, UnavailableError

AT_ONCE = 2
"""Of the three messages that host.json lets a worker take."""
_AWAY_AFTER = 3
"""Different updates in a row without a response: a single failing ticket says nothing about the others."""
_KEPT = 20
_SHORTEST, _LONGEST = timedelta(seconds=30), timedelta(minutes=10)
_NEXT_TURN = timedelta(seconds=5)


class Turns:
    """Tracks attempts under way, and sources that do not respond."""

    def __init__(self) -> None:
        self._under_way = Counter[str]()
        self._missed = defaultdict[str, list[str]](list)
        """Updates without a response since the last response, by source."""
        self._away_until: dict[str, datetime] = {}

    def wait(self, source: str, now: datetime) -> timedelta | None:
        """Return how long an update of this source has to wait for its turn; None if it may begin."""
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
        """Record how an attempt ended: any response, even a refusal, shows that the system is up."""
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
