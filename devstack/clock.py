"""The one stack clock, shared by every process of the local stack through a small file.

The file holds the offset to the wall clock in seconds, as text. The control plane replaces it (atomically),
and everybody reads it: the doubles and the host's timers through `StackClock`, the worker child through
time-machine, Azurite through a script preloaded into its Node.
"""

import datetime as dates
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path


class StackClock:
    """Wall clock plus the offset in `file`; a missing file means no offset.

    Only ever moved forward by `advance`: the services it drives assume time that does not run backwards.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, int] | None = None
        self._offset = 0.0

    @property
    def offset(self) -> float:
        """Seconds between the wall clock and the stack clock, read again whenever the file was replaced."""
        try:
            status = self._file.stat()
        except FileNotFoundError:
            self._seen, self._offset = None, 0.0
            return 0.0
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._seen:
            self._offset = float(self._file.read_text() or "0")
            self._seen = stamp
        return self._offset

    def time(self) -> float:
        """Seconds since the epoch on the stack clock."""
        return time.time() + self.offset

    def now(self) -> datetime:
        """The stack clock as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, by: timedelta) -> datetime:
        """Move the clock forward and return the new time. Raises ValueError for a negative step."""
        if by < timedelta(0):
            raise ValueError("the stack clock only moves forward")
        offset = self.offset + by.total_seconds()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(f".{os.getpid()}")
        draft.write_text(f"{offset:.6f}")
        draft.replace(self._file)
        return self.now()


def time_until(now: datetime, time_of_day: dates.time) -> timedelta:
    """Return the time from `now` until the clock next shows `time_of_day`, in `now`'s zone; zero if it does now."""
    today = datetime.combine(now.date(), time_of_day, now.tzinfo)
    return today - now if today >= now else today + timedelta(days=1) - now
