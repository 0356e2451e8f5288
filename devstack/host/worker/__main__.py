"""Entry point of the worker child: index the app, then answer invocations until the host says stop or is gone."""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path
from typing import NoReturn

from devstack.host import wire
from devstack.host.worker import library
from devstack.host.worker.channel import Channel, ChannelHandler
from devstack.host.worker.clock import WorkerClock


class Worker:
    """Runs every invocation in a task of its own, on one event loop, as the platform's worker does."""

    def __init__(self, channel: Channel, clock: WorkerClock) -> None:
        self._channel = channel
        self._clock = clock
        self._running: set[asyncio.Task[None]] = set()
        self._stopped = asyncio.Event()

    async def run(self, app: Path) -> int:
        """Serve the app in `app`; returns the exit code."""
        try:
            functions = await library.index(app)
        except library.IndexingError as error:
            self._channel.send({"type": "failed", "message": str(error)})
            return 1
        self._channel.send({"type": "indexed", "functions": functions})
        # Without the host nobody reads the answers: leave at once, whatever is running.
        self._channel.listen(
            partial(asyncio.get_running_loop().call_soon_threadsafe, self._receive), partial(os._exit, 1)
        )
        await self._stopped.wait()
        library.stop()
        return 0

    def _receive(self, message: wire.Message) -> None:
        if message["type"] == "stop":
            self._stopped.set()
            return
        task = asyncio.create_task(self._invoke(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _invoke(self, message: wire.Message) -> None:
        self._clock.follow()
        self._channel.send(await library.invoke(message))


def main() -> NoReturn:
    """Parse the arguments that `devstack.host.child` gives, serve, and end the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=int, required=True, help="inherited file descriptor of the connection")
    parser.add_argument("--app", type=Path, required=True)
    parser.add_argument("--clock-file", type=Path, required=True)
    arguments = parser.parse_args()
    # A Ctrl-C in the terminal reaches the whole process group; the host alone decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=arguments.socket)
    os.set_inheritable(arguments.socket, False)
    channel = Channel(connection)
    _configure_logging(channel)
    clock = WorkerClock(arguments.clock_file)
    clock.follow_forever()
    os.chdir(arguments.app)
    sys.path.pop(0)  # the folder that `python -m` put there; the app must not import from it
    code = asyncio.run(Worker(channel, clock).run(arguments.app))
    # The platform ends a worker by killing it: the app's clients are never closed, and are not told off for it.
    os._exit(code)


def _configure_logging(channel: Channel) -> None:
    debugging = os.environ.get("PYTHON_ENABLE_DEBUG_LOGGING") == "1"
    handler = ChannelHandler(channel, library.invocation_id)
    logging.basicConfig(level=logging.DEBUG if debugging else logging.INFO, handlers=[handler])
    if not debugging:  # the library tells of every invocation, which the host does already
        logging.getLogger("azure.functions").setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
