"""The stack's processes: what each is started with, and how one sees that it is ready."""

import sys
from functools import partial
from pathlib import Path
from typing import Literal

import httpx

from devstack.config import StackConfig, StateFolder
from devstack.environment import azurite, functions_settings, own_environment
from devstack.process import Service

REPOSITORY = Path(__file__).resolve().parent.parent

type ServiceName = Literal["doubles", "azurite", "host"]


def describe_services(config: StackConfig, state: Path, app: Path) -> dict[ServiceName, Service]:
    """The services of one stack, in the order in which they start; `app` is the Functions app's folder."""
    ports, clock = config.ports, StateFolder(state).clock
    python = own_environment() | {"PYTHONPATH": str(REPOSITORY)}
    storage = azurite(config, state)
    arguments, _ = storage.command()
    host = ["--app", str(app), "--port", str(ports.functions), "--clock-file", str(clock)]
    return {
        "doubles": Service(
            "doubles",
            [sys.executable, "-m", "devstack.doubles", "--state", str(state)],
            python,
            partial(_answers, f"http://127.0.0.1:{ports.control}/health"),
        ),
        "azurite": Service("azurite", arguments, storage.environment(own_environment()), storage.is_ready),
        "host": Service(
            "host",
            [sys.executable, "-m", "devstack.host", *host],
            python | functions_settings(config, state),
            partial(_answers, f"http://127.0.0.1:{ports.functions}/admin/host/status"),
        ),
    }


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=2).is_success
    except httpx.TransportError:
        return False
