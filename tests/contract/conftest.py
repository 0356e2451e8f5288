"""One set of doubles and one Azurite for the whole folder; and the subjects that sit the exam."""

import subprocess
import time
from collections.abc import Generator, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import connector

from devstack.azurite import REPOSITORY, Azurite
from devstack.config import StackConfig
from devstack.doubles.world import Weather
from devstack.environment import azurite as stack_azurite
from devstack.ports import choose_ports, is_free
from devstack.provisioning import provision_storage
from tests.contract.entra_http import Entra
from tests.contract.graph_http import GraphHttp
from tests.contract.subject import Subject, local_subject, tenant_subject
from tests.contract.vault_http import VaultHttp
from tests.devstack.doubles.local import Local, doubles

_TENANT = tenant_subject()
_LONGEST_QUOTA = timedelta(minutes=5)
"""The doubles enforce what Graph and Key Vault document: none of these quotas is for a longer time."""
_PROXY_VARIABLES = ("HTTP_PROXY", "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY", "all_proxy")


def trust(local: Local) -> None:
    """Have this process's aiohttp trust a stack's certificates."""
    # It read SSL_CERT_FILE once, at its import; a process of the stack is started with the variable set.
    vars(connector)["_SSL_CONTEXT_VERIFIED"].load_verify_locations(local.environment["SSL_CERT_FILE"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is part of the contract."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.contract)


@pytest.fixture(scope="package")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Local]:
    state = tmp_path_factory.mktemp("contract")
    # A vault's name of its own: the SDKs remember a vault's challenge, tenant included, for the whole process.
    StackConfig(ports=choose_ports({}, take=is_free), vault_name=f"contract-{uuid4().hex[:8]}").save(state)
    with doubles(state) as local:
        trust(local)
        yield local


@pytest.fixture(scope="module", autouse=True)
def _quotas(_running: Local) -> None:
    """Let the services' quotas recover before each module: all modules together use more than one app may."""
    _running.world.clock.advance(_LONGEST_QUOTA)


@pytest.fixture
def local(_running: Local, monkeypatch: pytest.MonkeyPatch) -> Local:
    """The doubles on a fine day, and the environment that leads to them."""
    _running.world.change_weather(Weather())
    _running.world.faults.clear()
    _running.world.calls.clear()
    for name in _PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in _running.environment.items():
        monkeypatch.setenv(name, value)
    return _running


@pytest.fixture(scope="package")
def _local_subject(_running: Local) -> Subject:
    return local_subject(_running)


@pytest.fixture(params=["doubles"] if _TENANT is None else ["doubles", "tenant"])
def subject(request: pytest.FixtureRequest) -> Subject:
    """What is examined: the doubles, and the tenant that the environment names, if it does."""
    if request.param == "tenant":
        assert _TENANT is not None
        return _TENANT
    request.getfixturevalue("local")
    return request.getfixturevalue("_local_subject")


@pytest.fixture
def entra(subject: Subject) -> Generator[Entra]:
    """The token endpoint."""
    entra = Entra(subject)
    with entra.http:
        yield entra


@pytest.fixture
def graph(subject: Subject, entra: Entra) -> Generator[GraphHttp]:
    """Graph as the administrator."""
    graph = GraphHttp(subject, entra, subject.client_id, subject.client_secret)
    yield graph
    graph.tidy()


@pytest.fixture
def vault(subject: Subject, entra: Entra) -> Generator[VaultHttp]:
    """Key Vault as the administrator."""
    vault = VaultHttp(subject, entra, subject.client_id, subject.client_secret)
    yield vault
    vault.tidy()


@pytest.fixture(scope="package")
def azurite(_running: Local) -> Iterator[Azurite]:
    """One Azurite on the doubles' clock, with what the app's infrastructure creates in a storage account."""
    one = stack_azurite(_running.config, _running.state)
    arguments, _ = one.command()
    with subprocess.Popen(arguments, env=one.environment(), stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while not one.is_ready():
                assert process.poll() is None, "Azurite ended during its start"
                assert time.monotonic() < deadline, "Azurite did not start"
                time.sleep(0.05)
            bundle = Path(_running.environment["SSL_CERT_FILE"])
            provision_storage(one.connection_string(), REPOSITORY / "infra" / "storage.json", bundle)
            yield one
        finally:
            process.terminate()
