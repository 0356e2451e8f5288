"""Starts that cannot succeed, stops with and without warning, and the one-shot mode."""

import base64
import os
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from devstack.clock import StackClock
from tests.devstack.host.running import PATIENCE, Queues, host_command, running_host, wait_until
from tests.devstack.host.test_worker import is_alive


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("app", "complaint"),
    [
        ("empty", "every blueprint must be registered"),
        ("broken", "The app failed to index"),
        (".", "host.json is missing"),
    ],
)
def test_an_app_that_cannot_run_ends_the_host_with_a_reason(
    app: str, complaint: str, tmp_path: Path, settings: dict[str, str], port: int
) -> None:
    ended = subprocess.run(
        host_command(app, port, tmp_path / "clock"),
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 1
    assert complaint in ended.stderr


def test_a_stopped_host_finishes_what_runs(queues: Queues, clock_file: Path, life: dict[str, str], port: int) -> None:
    with running_host("lifecycle", port, clock_file, life) as host:
        queues.send(life["NAME"], in_base64("polite"))
        wait_until(lambda: host.lines("Executing 'Functions.slow'"), "its start")
        worker = host.worker_pid()
        assert host.stop(signal.SIGINT) == 0
    assert queues.take(life["NAME"] + "-done") == [in_base64("polite 1")]
    assert queues.count(life["NAME"]) == 0
    assert not is_alive(worker)


def test_the_worker_of_a_killed_host_dies_and_its_message_comes_back(
    queues: Queues, clock: StackClock, clock_file: Path, life: dict[str, str], port: int
) -> None:
    with running_host("lifecycle", port, clock_file, life) as host:
        queues.send(life["NAME"], in_base64("killed"))
        wait_until(lambda: host.lines("Executing 'Functions.slow'"), "its start")
        worker = host.worker_pid()
        host.stop(signal.SIGKILL)
        wait_until(lambda: not is_alive(worker), "the end of the worker")
    assert queues.take_all(life["NAME"] + "-done") == []
    clock.advance(timedelta(seconds=601))
    with running_host("lifecycle", port, clock_file, life):
        assert queues.take(life["NAME"] + "-done") == [in_base64("killed 2")]


def test_what_is_not_base64_is_poison(queues: Queues, clock_file: Path, life: dict[str, str], port: int) -> None:
    queues.send(life["NAME"], "{}")
    with running_host("lifecycle", port, clock_file, life):
        assert queues.take(life["NAME"] + "-poison") == ["{}"]
        wait_until(lambda: queues.count(life["NAME"]) == 0, "the message's deletion")


def test_draining_works_off_the_queues_and_ends(
    queues: Queues, clock_file: Path, life: dict[str, str], port: int
) -> None:
    queues.send(life["NAME"], in_base64("a"), in_base64("b"))
    ended = subprocess.run(
        host_command("lifecycle", port, clock_file, "--drain"),
        env={**os.environ, **life},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert set(queues.take_all(life["NAME"] + "-done")) == {in_base64("a 1"), in_base64("b 1")}
