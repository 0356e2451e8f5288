"""One stack for all end-to-end tests: real Azurite, the real worker, the real SDKs; apps are kept apart by name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.stack import Stack
from tests.e2e.driver import Driver

_POLICY = Path(__file__).parents[2] / "policy.toml"
_AUTOMATIC, _TO_APPROVE = "[approval]\n", "[approval]\nunique_names = ['approved-.*']\n"


@pytest.fixture(scope="session")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """A running stack in a folder of its own; apps whose names begin with `approved-` need approval."""
    policy = tmp_path_factory.mktemp("policy") / "policy.toml"
    shipped = _POLICY.read_text().replace("unique_names = []\n", "")
    assert shipped.count(_AUTOMATIC) == 1
    policy.write_text(shipped.replace(_AUTOMATIC, _TO_APPROVE))
    with Stack.start(tmp_path_factory.mktemp("stack"), settings={"POLICY_FILE": str(policy)}) as stack:
        yield Driver(stack)


@pytest.fixture
def driver(shared_stack: Driver) -> Iterator[Driver]:
    """The stack on a fine day; faults and weather end with the test."""
    yield shared_stack
    shared_stack.weather()
    shared_stack.control("DELETE", "/faults")
