"""Waiting on the stack clock: a sleep of an hour ends at once when the clock is moved by an hour."""

import asyncio
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from devstack.clock import StackClock

POLL_SECONDS = 0.05


class StackTime:
    """The stack clock for asyncio. `watch` must be running for sleepers to notice a move of the clock."""

    def __init__(self, file: Path) -> None:
        self._clock = StackClock(file)
        self._moved = asyncio.Event()

    def time(self) -> float:
        """Seconds since the epoch on the stack clock."""
        return self._clock.time()

    def now(self) -> datetime:
        """The stack clock in UTC."""
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        """Return when the stack clock has advanced by so many seconds."""
        await self.sleep_until(self.time() + seconds)

    async def sleep_until(self, moment: float) -> None:
        """Return when the stack clock reads `moment` (seconds since the epoch) or later."""
        while (remaining := moment - self.time()) > 0:
            moved = self._moved
            with suppress(TimeoutError):
                await asyncio.wait_for(moved.wait(), remaining)

    async def sleep_or(self, event: asyncio.Event, seconds: float) -> None:
        """`sleep`, but return at once when the event is set."""
        waits = [asyncio.ensure_future(self.sleep(seconds)), asyncio.ensure_future(event.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def watch(self) -> None:
        """Look at the clock file a few times per second, for ever, and wake all sleepers when it moved."""
        offset = self._clock.offset
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._clock.offset != offset:
                offset = self._clock.offset
                moved, self._moved = self._moved, asyncio.Event()
                moved.set()
