"""One Azurite for the folder, on free ports, with a stack clock of its own."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from azure.storage.queue import QueueServiceClient

from devstack.azurite import Azurite
from devstack.clock import StackClock
from tests.devstack.host.running import BODY_LIMIT, Queues, RunningHost, running_host
from tests.devstack.running_azurite import free_ports, running_azurite


@pytest.fixture(scope="package")
def clock_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack") / "clock"


@pytest.fixture(scope="package")
def clock(clock_file: Path) -> StackClock:
    return StackClock(clock_file)


@pytest.fixture(scope="package")
def azurite(clock_file: Path) -> Iterator[Azurite]:
    with running_azurite(clock_file.parent / "azurite", clock_file) as one:
        yield one


@pytest.fixture(scope="package")
def queues(azurite: Azurite) -> Iterator[Queues]:
    with QueueServiceClient.from_connection_string(azurite.connection_string()) as service:
        yield Queues(service)


@pytest.fixture(scope="package")
def settings(azurite: Azurite) -> dict[str, str]:
    """What every sample app is started with: two connections, found by two ways of spelling."""
    connection = azurite.connection_string()
    return {
        "AzureWebJobsStorage": connection,
        "AzureWebJobsWork": connection,
        "FROM_BOTH": "environment",
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": str(BODY_LIMIT),
    }


@pytest.fixture(scope="package")
def host(settings: dict[str, str], clock_file: Path) -> Iterator[RunningHost]:
    """The conformance app, running for the whole folder; every test uses functions of its own."""
    with running_host("conformance", free_ports(1)[0], clock_file, settings) as one:
        yield one


@pytest.fixture
def life(settings: dict[str, str]) -> dict[str, str]:
    """Settings for the lifecycle app with queues and a host id of its own."""
    name = f"life-{uuid4().hex[:8]}"
    return settings | {"NAME": name, "AzureFunctionsWebHost__hostid": name}


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]
