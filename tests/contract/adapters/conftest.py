"""Both sides of every exam, and the storage account behind the tables, queues and leases."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from uuid import uuid4

import pytest
from azure.core.exceptions import ResourceNotFoundError

from devstack.azurite import Azurite
from tests.contract.adapters.sides import DoubledSide, FakeSide, Side, doubled_side, registrar_environment
from tests.contract.adapters.stores import Store, azurite_store, fake_store, storage_account
from tests.devstack.doubles.local import Local


@pytest.fixture
def registrar(local: Local, monkeypatch: pytest.MonkeyPatch) -> Local:
    """The doubles, seen from the Functions app's environment."""
    for name, value in registrar_environment(local).items():
        monkeypatch.setenv(name, value)
    return local


@pytest.fixture
async def doubled(registrar: Local) -> AsyncGenerator[DoubledSide]:
    """The adapters over the doubles."""
    async with doubled_side(registrar) as side:
        yield side


@pytest.fixture(params=["fakes", "doubles"])
async def side(request: pytest.FixtureRequest) -> AsyncGenerator[Side]:
    """Each of the two worlds that must not differ."""
    if request.param == "fakes":
        yield FakeSide()
        return
    async with doubled_side(request.getfixturevalue("registrar")) as side:
        yield side


@pytest.fixture(params=["fakes", "azurite"])
async def store(request: pytest.FixtureRequest) -> AsyncGenerator[Store]:
    """Tables, queues and blobs: in memory, and in Azurite."""
    if request.param == "fakes":
        yield fake_store()
        return
    local: Local = request.getfixturevalue("registrar")
    azurite: Azurite = request.getfixturevalue("azurite")
    async with storage_account(azurite) as storage:
        yield azurite_store(storage, local.world)
        with suppress(ResourceNotFoundError):  # the one row that all apps share
            await storage.tables.get_table_client("backoff").delete_entity("backoff", "all")


@pytest.fixture
def name() -> str:
    """A uniqueName that nobody else uses."""
    return f"app-{uuid4().hex[:12]}"
