"""Processes of the stack: waited for, explained when they fail, stopped with all that they started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devstack.lock import StateLock, find_holder
from devstack.process import Process, Service, StackError, Watchdog

# A service that starts a child, writes both ids down and waits; "deaf" ones ignore SIGTERM.
_FAMILY = """
import os, pathlib, signal, subprocess, sys, time
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
draft = pathlib.Path(sys.argv[1] + ".draft")
draft.write_text(f"{os.getpid()} {child.pid}")
draft.replace(sys.argv[1])
time.sleep(60)
"""

# A supervisor that starts such a service and is then killed from outside.
_SUPERVISOR = """
import sys, time, pathlib
from devstack.lock import StateLock
from devstack.process import Process, Service, Watchdog
state, family = map(pathlib.Path, sys.argv[1:3])
lock = StateLock(state)
lock.announce("ready")
service = Service("family", [sys.executable, "-c", sys.argv[3], str(family), "hearing"], {}, family.exists)
Process(service, state / "family.log", Watchdog(lock.descriptor)).wait_until_ready()
time.sleep(60)
"""


@pytest.fixture
def watchdog(tmp_path: Path) -> Iterator[Watchdog]:
    lock = StateLock(tmp_path / "state")
    guard = Watchdog(lock.descriptor)
    yield guard
    guard.dismiss()
    lock.release()


def _python(code: str, *arguments: str, ready: Callable[[], bool] = lambda: True) -> Service:
    return Service("service", [sys.executable, "-c", code, *arguments], {}, ready, patience=10)


def _family(file: Path, manners: str) -> Service:
    return _python(_FAMILY, str(file), manners, ready=file.exists)


def _members(file: Path) -> list[int]:
    return [int(pid) for pid in file.read_text().split()]


def _wait_until_gone(pids: list[int], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while alive := [pid for pid in pids if _is_running(pid)]:
        assert time.monotonic() < deadline, f"still running: {alive}"
        time.sleep(0.02)


def _is_running(pid: int) -> bool:
    # A killed orphan may stay a zombie where nobody reaps it: it runs no more.
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def test_a_process_that_ends_early_is_explained_by_its_log(tmp_path: Path, watchdog: Watchdog) -> None:
    process = Process(
        _python("print('no policy'); raise SystemExit(3)", ready=lambda: False), tmp_path / "log", watchdog
    )
    with pytest.raises(StackError, match=r"(?s)^service ended with code 3; the end of .*log:\n  no policy$"):
        process.wait_until_ready()
    process.stop()


def test_a_process_that_is_never_ready_is_given_up(tmp_path: Path, watchdog: Watchdog) -> None:
    service = Service("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], {}, lambda: False, patience=0.1)
    process = Process(service, tmp_path / "log", watchdog)
    with pytest.raises(StackError, match=r"sleeper is not ready after 0\.1 s"):
        process.wait_until_ready()
    process.stop()
    _wait_until_gone([process.pid])


@pytest.mark.parametrize("manners", ["hearing", "deaf"])
def test_stopping_ends_the_children_too(
    tmp_path: Path, watchdog: Watchdog, manners: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devstack.process._STOP_SECONDS", 0.5)
    file = tmp_path / "family"
    process = Process(_family(file, manners), tmp_path / "log", watchdog)
    process.wait_until_ready()
    process.stop()
    _wait_until_gone(_members(file))


def test_a_crash_is_noticed(tmp_path: Path, watchdog: Watchdog) -> None:
    file = tmp_path / "family"
    process = Process(_family(file, "hearing"), tmp_path / "log", watchdog)
    process.wait_until_ready()
    process.check()
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(StackError, match="service ended by signal SIGKILL"):
        process.check()
    process.stop()
    _wait_until_gone(_members(file))


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "family"
    supervisor = subprocess.Popen([sys.executable, "-c", _SUPERVISOR, tmp_path, file, _FAMILY])
    while not file.exists():
        assert supervisor.poll() is None
        time.sleep(0.02)
    supervisor.kill()
    supervisor.wait()
    _wait_until_gone(_members(file))
    StateLock(tmp_path).release()  # given free once all is cleaned up


def test_two_stacks_never_share_a_state_folder(tmp_path: Path) -> None:
    first = StateLock(tmp_path)
    first.announce("ready")
    holder = find_holder(tmp_path)
    assert holder == (os.getpid(), "ready")
    with pytest.raises(StackError, match=rf"is already running in .* \(process {os.getpid()}\)"):
        StateLock(tmp_path)
    first.release()
    assert find_holder(tmp_path) is None
    StateLock(tmp_path).release()
