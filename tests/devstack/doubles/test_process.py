"""`python -m devstack.doubles` as the supervisor runs it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from devstack.config import StackConfig, StateFolder
from devstack.doubles.documents import Documents
from devstack.ports import PortReservations

_COMMAND = (sys.executable, "-m", "devstack.doubles", "--state")


def start(state: Path, config: StackConfig) -> subprocess.Popen[bytes]:
    """The process, once its control plane answers."""
    process = subprocess.Popen([*_COMMAND, str(state)], stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{config.ports.control}/health", trust_env=False).raise_for_status()
        except httpx.TransportError:
            assert process.poll() is None
            time.sleep(0.05)
        else:
            return process
    raise AssertionError("the doubles did not get ready")


@pytest.fixture
def config(tmp_path: Path) -> Iterator[StackConfig]:
    """Of a stack whose ports no other one chooses meanwhile: most of its services never listen."""
    ports = PortReservations()
    yield StackConfig.prepare(tmp_path, take_port=ports.take)
    ports.release()


def test_documents_survive_a_restart(tmp_path: Path, config: StackConfig) -> None:
    control = f"http://127.0.0.1:{config.ports.control}"
    first = start(tmp_path, config)
    user = {"id": "11111111-1111-4111-8111-111111111111", "displayName": "Eve", "userPrincipalName": "eve@a.example"}
    assert httpx.post(f"{control}/seed", json={"users": [user]}, trust_env=False).status_code == 201
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    assert is_refused(control)
    second = start(tmp_path, config)
    second.send_signal(signal.SIGINT)
    assert second.wait(10) == 0
    kept = Documents(time.time, StateFolder(tmp_path).documents)
    assert (kept.view().get("users", user["id"]) or {})["displayName"] == "Eve"
    kept.close()


def is_refused(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False)
    except httpx.ConnectError:
        return True
    return False


def test_a_folder_without_a_stack_is_named(tmp_path: Path) -> None:
    finished = subprocess.run([*_COMMAND, str(tmp_path)], capture_output=True, text=True, timeout=30, check=False)
    assert finished.returncode == 1
    assert "stack.json is missing" in finished.stderr
