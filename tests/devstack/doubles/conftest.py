"""A world of its own for every test: fresh documents, a clock that only the test moves."""

from pathlib import Path

import pytest

from devstack.clock import StackClock
from devstack.config import StackConfig
from devstack.doubles.seed import plant
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import Tenant, World, open_world
from devstack.ports import Ports
from tests.devstack.doubles.graph_tenant import Caller, GraphTenant
from tests.devstack.doubles.ticketing_systems import Systems

TENANT = Tenant("5f0b9e0c-2d63-4b7a-9c0e-3a1d5c8e7f21", "Contoso", "contoso.onmicrosoft.com")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world in memory, without documents."""
    return open_world(TENANT, StackClock(tmp_path / "clock"))


@pytest.fixture
def config() -> StackConfig:
    """A configuration whose ports nobody opens."""
    return StackConfig(tenant_id=TENANT.id, ports=Ports(**dict.fromkeys(Ports.model_fields, 1)))


@pytest.fixture
def planted(world: World, config: StackConfig) -> World:
    """The world with the seed of `config`."""
    plant(world, config)
    return world


@pytest.fixture(scope="session")
def _signing_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("signing-key")


@pytest.fixture
def tokens(world: World, _signing_key: Path) -> Tokens:
    """Tokens on the world's clock; one key for all tests, for making one is slow."""
    return Tokens(TENANT.id, world.clock.time, _signing_key)


@pytest.fixture
def graph(world: World, tokens: Tokens) -> GraphTenant:
    """Graph over the world, in the same process."""
    return GraphTenant(world, tokens)


@pytest.fixture
def admin(graph: GraphTenant) -> Caller:
    """A caller of Graph who may do everything to app registrations."""
    return graph.administrator()


@pytest.fixture
def systems(planted: World, config: StackConfig) -> Systems:
    """The ticketing systems over the world, in the same process."""
    return Systems(planted, config)
