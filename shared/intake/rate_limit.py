"""How often a source may send: a bucket of tokens for each, in the memory of one worker."""

from datetime import datetime, timedelta


class TooManyError(Exception):
    """A source sends more than it may; `after` is when the next one is taken."""

    def __init__(self, after: timedelta) -> None:
        self.after = after
        super().__init__("the source exceeds its rate")


class Rate:
    """So many a minute, all of a minute's at once if need be. Each instance of the app counts for itself."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._left = float(per_minute)
        self._seen: datetime | None = None

    def take(self, now: datetime) -> None:
        """Count one. Raises TooManyError."""
        passed = (now - self._seen).total_seconds() if self._seen is not None else 0.0
        self._seen = now
        self._left = min(float(self._per_minute), self._left + max(0.0, passed) * self._per_minute / 60)
        if self._left < 1:
            raise TooManyError(timedelta(seconds=(1 - self._left) * 60 / self._per_minute))
        self._left -= 1
