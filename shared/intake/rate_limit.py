"""Limits how often a source may send: a token bucket for each, in one worker's memory."""

from datetime import datetime, timedelta


class TooManyError(Exception):
    """A source exceeds its rate; `after` is when the next message is accepted."""

    def __init__(self, after: timedelta) -> None:
        self.after = after
        super().__init__("the source exceeds its rate")


class Rate:
    """A token bucket: so many a minute, a whole minute's in a burst. Each instance of the app counts separately."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._left = float(per_minute)
        self._seen: datetime | None = None

    def take(self, now: datetime) -> None:
        """Count one message. Raises TooManyError."""
        passed = (now - self._seen).total_seconds() if self._seen is not None else 0.0
        self._seen = now
        self._left = min(float(self._per_minute), self._left + max(0.0, passed) * self._per_minute / 60)
        if self._left < 1:
            raise TooManyError(timedelta(seconds=(1 - self._left) * 60 / self._per_minute))
        self._left -= 1
