"""The lock of a state folder, held while a stack runs in it: it says which process, and whether it is ready."""

import fcntl
import os
import time
from pathlib import Path
from typing import Literal, NamedTuple

from devstack.config import StateFolder
from devstack.process import StackError

type Phase = Literal["starting", "ready"]

_TAKEOVER_SECONDS = 10.0
"""How long the processes of a supervisor that was killed may take to be cleaned up."""


class Holder(NamedTuple):
    """The supervisor that holds a state folder."""

    pid: int
    phase: str


class StateLock:
    """An exclusive lock on a state folder.

    Released by `release`, or at the end of the process and of the watchdog, which inherits it.
    """

    def __init__(self, state: Path) -> None:
        """Take the lock. Raises StackError when a stack runs there."""
        state.mkdir(parents=True, exist_ok=True)
        self.descriptor = os.open(StateFolder(state).lock, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _TAKEOVER_SECONDS
        while not _try(self.descriptor):
            holder = read_holder(state)
            if (holder and _is_alive(holder.pid)) or time.monotonic() > deadline:
                os.close(self.descriptor)
                pid = f" (process {holder.pid})" if holder else ""
                raise StackError(f"a stack is already running in {state}{pid}: use it, or stop it with `make down`")
            time.sleep(0.1)

    def announce(self, phase: Phase) -> None:
        """Write down who holds the lock and how far the start is."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{os.getpid()} {phase}".encode(), 0)

    def release(self) -> None:
        """Give the folder free."""
        os.close(self.descriptor)


def find_holder(state: Path) -> Holder | None:
    """The supervisor whose stack runs in the folder, if one does."""
    file = StateFolder(state).lock
    if not file.exists():
        return None
    descriptor = os.open(file, os.O_RDWR)
    try:
        return None if _try(descriptor) else read_holder(state)
    finally:
        os.close(descriptor)


def read_holder(state: Path) -> Holder | None:
    """What the lock's file says, whether or not anybody still holds it."""
    pid, _, phase = StateFolder(state).lock.read_text().partition(" ")
    return Holder(int(pid), phase) if pid.isdigit() else None


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
