"""One process of the stack: started in a session of its own, waited for, stopped with all its children."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from devstack import watchdog
from devstack.forked import Forked, Start

_STOP_SECONDS = 10.0
_PROBE_SECONDS = 0.05
_TAIL_LINES = 15


class StackError(Exception):
    """The stack, or one of its processes, cannot run; the first line of the text says why."""


@dataclass(frozen=True)
class Service:
    """What to run, and how to see that it is ready.

    `ready` is asked until it is true, for at most `patience` seconds.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    patience: float = 60.0
    template: Path | None = None
    """Socket of the template that forks it, instead of a new interpreter; `command` is then `python -m …`."""


class Watchdog:
    """The handle on `devstack.watchdog`: it knows all process groups that must not outlive this process.

    Several threads may use it. `lock` is a descriptor that it holds for as long as any of them may be there.
    """

    def __init__(self, lock: int | None = None) -> None:
        self._writing = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            pass_fds=() if lock is None else (lock,),
        )

    def guard(self, group: int) -> None:
        """Stop this process group if the supervisor dies."""
        self._tell(f"+{group}\n")

    def release(self, group: int) -> None:
        """Forget a process group that is gone."""
        self._tell(f"-{group}\n")

    def dismiss(self) -> None:
        """End the watchdog; it stops whatever it still guards."""
        pipe = self._process.stdin
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        pipe = self._process.stdin
        if pipe is not None:
            with self._writing, suppress(BrokenPipeError):
                pipe.write(line)
                pipe.flush()


class Process:
    """A running service. Output goes to its log, which is appended to."""

    def __init__(self, service: Service, log: Path, guard: Watchdog) -> None:
        self.service = service
        self._log = log
        self._guard = guard
        with log.open("ab") as output:
            self._popen = _start(service, output)
        guard.guard(self._popen.pid)

    @property
    def pid(self) -> int:
        """The process, which is also its group's and session's id."""
        return self._popen.pid

    def check(self) -> None:
        """Raise StackError, with the end of the log, if the process has ended by itself."""
        code = self._popen.poll()
        if code is not None:
            raise StackError(f"{self.service.name} ended {_in_words(code)}; {self._end_of_log()}")

    def wait_until_ready(self) -> None:
        """Return once the probe succeeds. Raises StackError if the process ends first or takes too long."""
        deadline = time.monotonic() + self.service.patience
        while not self.service.ready():
            self.check()
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self.service.name} is not ready after {self.service.patience:g} s; {self._end_of_log()}"
                )
            time.sleep(_PROBE_SECONDS)
        self.check()  # the probe may have been answered by a stranger on the same port

    def wait(self, seconds: float) -> bool:
        """Return whether it has ended by itself within so many seconds."""
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """Ask the process to end, give it some seconds, then end it and all that it started."""
        if self._popen.poll() is None:
            self._popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the process and all that it started at once, without a chance to tidy up."""
        # EPERM is how macOS answers for a group of which only a zombie is left.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        self._guard.release(self.pid)

    def _end_of_log(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return "\n  ".join([f"the end of {self._log}:", *lines])


def _start(service: Service, output: BinaryIO) -> subprocess.Popen[bytes] | Forked:
    if service.template is not None:
        _, _, module, *arguments = service.command
        descriptors = {1: output.fileno(), 2: output.fileno()}
        start = Start(module, arguments, service.environment, descriptors, new_session=True)
        return Forked(service.template, start)
    return subprocess.Popen(
        service.command,
        env=dict(service.environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _in_words(code: int) -> str:
    return f"by signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
