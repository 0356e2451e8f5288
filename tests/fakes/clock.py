"""A clock that only the test moves, and ids and chance that repeat."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from shared.core.runtime import Runtime

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class FakeClock:
    def __init__(self, start: datetime = START) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def advance(self, by: timedelta) -> None:
        assert by >= timedelta(0)
        self.time += by


class Past[T]:
    """A value with its history, so that a reader can be shown an older one."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._history: list[tuple[datetime, T | None]] = []

    def set(self, value: T | None) -> None:
        self._history.append((self._clock.now(), value))

    def now(self) -> T | None:
        return self._history[-1][1] if self._history else None

    def seen(self, lag: timedelta) -> T | None:
        """The value a reader sees who is served `lag` late."""
        limit = self._clock.now() - lag
        for at, value in reversed(self._history):
            if at <= limit:
                return value
        return None


def fake_runtime(clock: FakeClock, seed: int = 1) -> Runtime:
    ids = count(1)
    new_id: Callable[[], str] = lambda: f"{next(ids):032x}"  # noqa: E731
    return Runtime(now=clock.now, new_id=new_id, draw=random.Random(seed).random)
