"""One worker child process: its start, its answers, its end."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from devstack.forked import SETTING, ForkedChild, Start
from devstack.host import wire
from devstack.host.errors import HostError

_WORKER = "devstack.host.worker"
_REPOSITORY = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 2.0
_MARK = {"AZURE_HTTP_USER_AGENT": "devstack-worker"}
"""Added to the User-Agent of the SDKs' calls: on the wire, those of host and worker look alike."""


class WorkerGoneError(Exception):
    """The child that ran the invocation was killed or crashed; whether the function finished is unknown."""


class Child:
    """A started and indexed worker. `functions` is the metadata of its app (shape: `worker.library`)."""

    def __init__(
        self,
        process: asyncio.subprocess.Process | ForkedChild,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        log: Callable[[wire.Message], None],
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._log = log
        self._answers: dict[str, asyncio.Future[wire.Message]] = {}
        self._listening: asyncio.Task[None] | None = None
        self.functions: list[dict[str, Any]] = []
        self.gone = asyncio.Event()

    @classmethod
    async def start(
        cls,
        app: Path,
        clock_file: Path,
        log: Callable[[wire.Message], None],
        environment: Mapping[str, str] | None = None,
    ) -> "Child":
        """Start a child for the app and wait until it has indexed it. Raises HostError when it could not.

        `environment` None: this process's own.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = ["--socket", str(theirs.fileno()), "--app", str(app), "--clock-file", str(clock_file)]
            process = await _start(arguments, theirs.fileno(), os.environ if environment is None else environment)
        child = cls(process, *await asyncio.open_connection(sock=ours), log)
        try:
            await child._read_index()
        except BaseException:
            await child.kill()
            raise
        child._listening = asyncio.create_task(child._listen())
        return child

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def invoke(self, message: wire.Message) -> wire.Message:
        """Send an `invoke` message and return its answer. Raises WorkerGoneError when the child ended before."""
        if self.gone.is_set():
            raise WorkerGoneError("the worker process is gone")
        answer = asyncio.get_running_loop().create_future()
        self._answers[message["invocationId"]] = answer
        try:
            self._writer.write(wire.encode(message))
            return await answer
        finally:
            self._answers.pop(message["invocationId"], None)

    async def stop(self) -> None:
        """Ask the child to end, and kill it if it does not."""
        self._writer.write(wire.encode({"type": "stop"}))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        await self.kill()

    async def kill(self) -> None:
        """End the child at once; everything it was running fails."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        if self._listening:
            await self._listening
        self._writer.close()

    async def _read_index(self) -> None:
        while message := await wire.receive(self._reader):
            match message["type"]:
                case "indexed":
                    self.functions = message["functions"]
                    return
                case "failed":
                    raise HostError(f"The app failed to index: {message['message']}")
                case _:
                    self._log(message)
        code = await self._process.wait()
        raise HostError(f"The worker process ended while it indexed the app ({describe_exit(code)}).")

    async def _listen(self) -> None:
        while message := await wire.receive(self._reader):
            if message["type"] == "log":
                self._log(message)
                continue
            answer = self._answers.get(message["invocationId"])
            if answer and not answer.done():
                answer.set_result(message)
        self.gone.set()
        code = await self._process.wait()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(WorkerGoneError(f"the worker process ended ({describe_exit(code)})"))


async def _start(
    arguments: Sequence[str], connection: int, environment: Mapping[str, str]
) -> asyncio.subprocess.Process | ForkedChild:
    """Start the worker, or have it forked. Of all descriptors it gets `connection` alone, beside the standard ones:
    no listening socket outlives the host in it.
    """
    marked = {**environment, **_MARK}
    if template := environment.get(SETTING):
        start = Start(_WORKER, arguments, marked, {1: 1, 2: 2, connection: connection}, ends_with=os.getpid())
        return await ForkedChild.start(Path(template), start)
    return await asyncio.create_subprocess_exec(
        *[sys.executable, "-u", "-m", _WORKER, *arguments],
        cwd=_REPOSITORY,
        env=marked,
        stdin=asyncio.subprocess.DEVNULL,
        pass_fds=(connection,),
    )


def describe_exit(code: int) -> str:
    """A process's return code in words."""
    if code >= 0:
        return f"exit code {code}"
    return f"killed by {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"signal {-code}"
