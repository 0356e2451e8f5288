"""Keeps a worker child alive: starts it, replaces it after a crash or a timeout, hands invocations to it."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devstack.host import wire
from devstack.host.child import Child, WorkerGoneError
from devstack.host.errors import HostError
from devstack.host.stack_time import StackTime

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_STABLE_SECONDS = 60.0

_log = logging.getLogger("Host.Worker")


class Keeper:
    """The one worker of this host. Invocations wait while it is being replaced."""

    def __init__(self, app: Path, clock_file: Path, clock: StackTime, log: Callable[[wire.Message], None]) -> None:
        self._app = app
        self._clock_file = clock_file
        self._clock = clock
        self._log = log
        self._child: Child | None = None
        self._ready = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._stopped = False

    async def start(self) -> list[dict[str, Any]]:
        """Start the first child and return its functions' metadata. Raises HostError when the app does not index."""
        self._child = await Child.start(self._app, self._clock_file, self._log)
        self._ready.set()
        self._watching = asyncio.create_task(self._replace_forever(self._child))
        return self._child.functions

    async def child(self) -> Child:
        """The living child, as soon as there is one. Raises WorkerGoneError when the host is stopping."""
        while not self._stopped:
            await self._ready.wait()
            if self._child and not self._child.gone.is_set():
                return self._child
            self._ready.clear()
        raise WorkerGoneError("the host is stopping")

    def pid(self) -> int | None:
        """The living child's process id."""
        return self._child.pid if self._child and not self._child.gone.is_set() else None

    async def stop(self, *, at_once: bool = False) -> None:
        """End the child for good: by asking it to, or `at_once`; whatever waits for a child fails."""
        self._stopped = True
        self._ready.set()
        if self._watching:
            self._watching.cancel()
        if self._child and not self._child.gone.is_set():
            await (self._child.kill() if at_once else self._child.stop())

    async def _replace_forever(self, child: Child) -> None:
        pause = 0.0
        while True:
            started = self._clock.time()
            await child.gone.wait()
            self._ready.clear()
            await child.kill()  # reaps it, and ends one that only closed its connection
            lasted = self._clock.time() - started
            pause = 0.0 if lasted > _STABLE_SECONDS else min(_LONGEST_PAUSE, max(_FIRST_PAUSE, pause * 2))
            child = await self._start_again(pause)
            self._child = child
            self._ready.set()

    async def _start_again(self, pause: float) -> Child:
        while True:
            _log.warning("The worker process is gone; a new one starts in %g s.", pause)
            await self._clock.sleep(pause)
            try:
                child = await Child.start(self._app, self._clock_file, self._log)
            except HostError as error:
                _log.error("%s", error)
                pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, pause * 2))
            else:
                _log.info("The new worker process is %d.", child.pid)
                return child
