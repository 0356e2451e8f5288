"""One deterministic event loop: coroutines that stop only to let time pass, in the order of their moments."""

import heapq
from collections.abc import Callable, Coroutine, Generator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.fakes.clock import FakeClock


class Pause:
    """Awaited by a coroutine that goes on after `delay`; others run meanwhile."""

    __slots__ = ("delay",)

    def __init__(self, delay: timedelta) -> None:
        self.delay = delay

    def __await__(self) -> Generator["Pause"]:
        yield self


type Ended = Callable[[Exception | None], None]


class Task:
    """One running coroutine; `ended` is told how it ended, unless it was killed."""

    def __init__(self, loop: "Loop", work: Coroutine[Any, Any, object], name: str, ended: Ended) -> None:
        self._loop = loop
        self._work = work
        self.name = name
        self._ended = ended
        self.alive = True

    def go_on(self) -> None:
        """Run until the next pause."""
        if not self.alive:
            return
        self._loop.running = self.name
        try:
            pause: Pause = self._work.send(None)
        except StopIteration:
            self._end(None)
        except Exception as error:
            self._end(error)
        else:
            self._loop.after(pause.delay, self.go_on)

    def kill(self) -> None:
        """Nothing behind the line it stands at happens."""
        self.alive = False
        self._work.close()

    def _end(self, error: Exception | None) -> None:
        self.alive = False
        self._ended(error)


class Loop:
    """Events by their moments; two at one moment come in the order they were announced."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.running = ""
        """Name of the task that ran last: who makes the call that is being traced."""
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()

    def at(self, moment: datetime, event: Callable[[], None]) -> None:
        """Announce an event; one that is overdue comes next."""
        heapq.heappush(self._events, (moment, next(self._order), event))

    def after(self, delay: timedelta, event: Callable[[], None]) -> None:
        """Announce an event after a delay."""
        heapq.heappush(self._events, (self.clock.time + delay, next(self._order), event))

    def run_until(self, end: datetime, done: Callable[[], bool] | None = None) -> None:
        """Let events happen, each at its moment or, after a jump of the clock, late: until one is behind `end`."""
        events, clock = self._events, self.clock
        while clock.time <= end and (done is None or not done()):
            moment, _, event = heapq.heappop(events)
            if moment > clock.time:
                clock.time = moment
            event()
