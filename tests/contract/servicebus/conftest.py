"""A namespace with entities of all kinds, and both of Microsoft's clients for Python, with links that stay open."""

import gc
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import pytest

from tests.contract.conftest import trust
from tests.contract.servicebus.clients import Bus, Link, Loop, async_bus, sync_bus
from tests.contract.servicebus.namespace import BusControl, write_entities
from tests.devstack.doubles.local import Local, doubles

_LEFT_OPEN = "ignore:[Uu]nclosed:ResourceWarning"
"""The client forgets to close its WebSocket when the connection was cut."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bear with what the client leaves open."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings(_LEFT_OPEN))


@pytest.fixture(scope="module", autouse=True)
def _tidy() -> Generator[None]:
    """Collect what the client left open before anybody else has to hear of it."""
    yield
    gc.collect()


@pytest.fixture(scope="package")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Local]:
    state = tmp_path_factory.mktemp("bus")
    with doubles(state, bus_entities=write_entities(state)) as local:
        trust(local)
        yield local


@pytest.fixture(scope="module", autouse=True)
def _quotas() -> None:
    """Nothing here has a quota; and the links' tokens are to outlive the tests."""


@pytest.fixture(scope="package")
def loop() -> Generator[Loop]:
    """Where the asynchronous client lives."""
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(scope="package")
def _buses() -> Generator[dict[str, Bus]]:
    buses: dict[str, Bus] = {}
    yield buses
    for bus in buses.values():
        bus.close()
    buses.clear()
    gc.collect()


@pytest.fixture
def control(local: Local) -> Generator[BusControl]:
    """The namespace, without messages."""
    control = BusControl(local)
    control.clear()
    yield control
    control.close()


@pytest.fixture(scope="module")
def links() -> Iterable[Link]:
    """The links that a module's tests share: opening them at the same time takes no longer than one."""
    return ()


@pytest.fixture
def open_bus(
    local: Local, control: BusControl, loop: Loop, links: Iterable[Link], _buses: dict[str, Bus]
) -> Callable[[str], Bus]:
    """Either of the two clients, as the administrator."""

    def opened(kind: str) -> Bus:
        if kind not in _buses:
            administrator = local.config.administrator
            _buses[kind] = (
                sync_bus(local.config, administrator)
                if kind == "sync"
                else async_bus(local.config, administrator, loop)
            )
        _buses[kind].open(links)
        return _buses[kind]

    return opened


@pytest.fixture(params=["sync", "async"])
def bus(request: pytest.FixtureRequest, open_bus: Callable[[str], Bus]) -> Bus:
    """Each of the two clients."""
    return open_bus(request.param)


@pytest.fixture
def async_client(open_bus: Callable[[str], Bus]) -> Bus:
    """The asynchronous client alone, where the other one would only take its time."""
    return open_bus("async")
