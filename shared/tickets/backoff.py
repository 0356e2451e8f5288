"""When a failed update is retried, and when it is given up. Pure."""

from datetime import datetime, timedelta

from shared.core.errors import DeferredError, NotShownError, ThrottledError, UnavailableError
from shared.model.ticket_update import GIVEN_UP_AFTER

_SHORTEST = timedelta(seconds=30)
_SHORTEST_WHEN_REFUSED = timedelta(minutes=5)
"""A refusal needs a person to act: a missing right, a wrong address, a deleted ticket."""
_LONGEST = timedelta(hours=2)


def next_attempt(error: Exception, *, now: datetime, first_at: datetime, attempts: int, draw: float) -> datetime | None:
    """Return when to retry after this many attempts; None to give up. `draw` adds jitter."""
    end = first_at + GIVEN_UP_AFTER
    if now >= end:
        return None
    asked_for = error.after if isinstance(error, DeferredError) and error.after is not None else timedelta(0)
    pause = max(_pause(error, attempts) * (0.75 + draw / 2), asked_for)
    return min(now + pause, end)


def _pause(error: Exception, attempts: int) -> timedelta:
    passes = isinstance(error, ThrottledError | UnavailableError | NotShownError)
    shortest = _SHORTEST if passes else _SHORTEST_WHEN_REFUSED
    return min(_LONGEST, shortest * 2 ** min(max(attempts - 1, 0), 10))
