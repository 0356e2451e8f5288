"""One Azurite per session, on free ports, with a stack clock of its own."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.azurite import Azurite, AzuritePorts
from devstack.clock import StackClock


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, all different since they are held until the last one is known."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@pytest.fixture(scope="session")
def clock_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack") / "clock"


@pytest.fixture(scope="session")
def clock(clock_file: Path) -> StackClock:
    return StackClock(clock_file)


@pytest.fixture(scope="session")
def azurite(clock_file: Path) -> Iterator[Azurite]:
    one = Azurite(clock_file.parent / "azurite", clock_file, AzuritePorts(*free_ports(3)))
    arguments, variables = one.command()
    with subprocess.Popen(arguments, env={**os.environ, **variables}) as process:
        try:
            deadline = time.monotonic() + 30
            while not one.is_ready():
                assert process.poll() is None, "Azurite ended during its start"
                assert time.monotonic() < deadline, "Azurite did not start"
                time.sleep(0.05)
            yield one
        finally:
            process.terminate()
