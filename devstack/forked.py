"""Processes that a template forks, handled as if they had been started here."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SETTING = "DEVSTACK_TEMPLATE"
"""Where a host finds the template's socket; without it, it starts its workers itself. Where a stack finds one that it
shares with others; without it, it starts its own."""
_LONGEST_PATH = 100
_POLL_SECONDS = 0.02


def is_possible(path: Path) -> bool:
    """Return whether this machine has what a template needs, and its socket can have this path."""
    return hasattr(os, "pidfd_open") and hasattr(socket, "recv_fds") and len(str(path)) < _LONGEST_PATH


def shared_template(checkout: Path) -> Path | None:
    """The template of DEVSTACK_TEMPLATE, if it is one of this checkout: another has imported another's code."""
    named = os.environ.get(SETTING)
    return Path(named) if named is not None and Path(named).is_relative_to(checkout) else None


@dataclass(frozen=True)
class Start:
    """What to run, reading nothing, with which descriptors: the numbers are those that the new process knows."""

    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    descriptors: Mapping[int, int]
    """By number there, the descriptor here."""
    new_session: bool = False
    ends_with: int = 0
    """A process of the same template: when that ends, however it does, this one is killed."""


class Forked:
    """A running process; like `subprocess.Popen`, as far as the stack needs it."""

    def __init__(self, template: Path, start: Start) -> None:
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.connect(str(template))
        message = {
            "module": start.module,
            "arguments": list(start.arguments),
            "environment": dict(start.environment),
            "descriptors": [0, *start.descriptors],
            "newSession": start.new_session,
            "endsWith": start.ends_with,
        }
        with Path(os.devnull).open("rb") as nothing:
            descriptors = [nothing.fileno(), *start.descriptors.values()]
            socket.send_fds(self._connection, [json.dumps(message).encode()], descriptors)
        self.pid: int = json.loads(self._line())["pid"]
        self._connection.setblocking(False)
        self.returncode: int | None = None

    def _line(self) -> bytes:
        """The first line of news; a second one may come only after the process has begun."""
        line = b""
        while not line.endswith(b"\n"):
            part = self._connection.recv(1)
            if not part:
                raise OSError("the template is gone")
            line += part
        return line

    def fileno(self) -> int:
        """Descriptor that can be read once the process has ended."""
        return self._connection.fileno()

    def poll(self) -> int | None:
        """The return code, negative for a signal; None while it runs."""
        if self.returncode is None:
            with suppress(BlockingIOError):
                news = self._connection.recv(1024)
                # Without news the template is gone, and everything of it with it.
                self.returncode = json.loads(news)["returncode"] if news else -signal.SIGKILL
                self._connection.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end. Raises subprocess.TimeoutExpired."""
        deadline = time.monotonic() + timeout if timeout is not None else None
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a forked process", timeout or 0)
            time.sleep(_POLL_SECONDS)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once. Raises ProcessLookupError when it has ended."""
        if self.poll() is not None:
            raise ProcessLookupError
        self._signal(signal.SIGKILL)

    def _signal(self, kind: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, kind)


class ForkedChild:
    """The same for an event loop; like `asyncio.subprocess.Process`, as far as the host needs it."""

    def __init__(self, process: Forked) -> None:
        self._process = process
        self.pid = process.pid
        self._ended = asyncio.Event()
        self.descriptor = process.fileno()
        asyncio.get_running_loop().add_reader(self.descriptor, self._notice_end)

    @classmethod
    async def start(cls, template: Path, start: Start) -> "ForkedChild":
        """Have it forked."""
        return cls(await asyncio.to_thread(Forked, template, start))

    def kill(self) -> None:
        """End it at once. Raises ProcessLookupError when it has ended."""
        try:
            self._process.kill()
        finally:
            self._notice_end()  # it may just have been found to have ended, and nothing else reports that

    async def wait(self) -> int:
        """Wait for the end; may be called by several at once."""
        await self._ended.wait()
        return self._process.wait()

    def _notice_end(self) -> None:
        """Record the end, before another wait: the descriptor is closed, and may be reused soon."""
        if not self._ended.is_set() and self._process.poll() is not None:
            asyncio.get_running_loop().remove_reader(self.descriptor)
            self._ended.set()
