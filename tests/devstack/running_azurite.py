"""An Azurite for tests that need nothing else of the stack."""

import os
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from devstack.azurite import Azurite, AzuritePorts
from devstack.ports import PortReservations, choose_ports

_RESERVED = PortReservations()


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, kept from other stacks and tests, and outside the range that the kernel lends from."""
    ports = list(vars(choose_ports({}, take=_RESERVED.take)).values())
    assert len(ports) >= count
    return ports[:count]


@contextmanager
def running_azurite(location: Path, clock_file: Path, *, in_memory: bool = False) -> Generator[Azurite]:
    """Start one, and end it on leaving."""
    one = Azurite(location, clock_file, AzuritePorts(*free_ports(3)), in_memory=in_memory)
    arguments, variables = one.command()
    with subprocess.Popen(arguments, env={**os.environ, **variables}, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while not one.is_ready():
                assert process.poll() is None, "Azurite ended during its start"
                assert time.monotonic() < deadline, "Azurite did not start"
                time.sleep(0.05)
            yield one
        finally:
            process.terminate()
