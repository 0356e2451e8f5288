"""Puts the whole worker process under the stack clock."""

import threading
from pathlib import Path

import time_machine

from devstack.clock import StackClock

POLL_SECONDS = 0.05


class WorkerClock:
    """Makes `time.time`, `datetime.now` and the like follow the clock file.

    time.monotonic, and with it asyncio's timers and all socket timeouts, stays real.
    """

    def __init__(self, file: Path) -> None:
        self._clock = StackClock(file)
        self._lock = threading.Lock()
        self._offset = self._clock.offset
        self._traveller = time_machine.travel(self._clock.time(), tick=True).start()
        self._traveller.time_ns()  # starts its ticking now, not at the first read

    def follow(self) -> None:
        """Take over a move of the clock. Called before every invocation, so that each one sees it."""
        with self._lock:
            offset = self._clock.offset
            if offset != self._offset:
                self._traveller.shift(offset - self._offset)
                self._offset = offset

    def follow_forever(self) -> None:
        """Follow from a thread, so that an invocation sees the clock move while it runs."""
        threading.Thread(target=self._poll, name="stack-clock", daemon=True).start()

    def _poll(self) -> None:
        never = threading.Event()
        while not never.wait(POLL_SECONDS):
            self.follow()
