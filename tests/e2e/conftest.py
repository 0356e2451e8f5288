"""One stack for all end-to-end tests: real Azurite, the real worker, the real SDKs; apps are kept apart by name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.driver import Driver
from tests.policies import opened_settings
from tests.stacks import sharing, start_stack

_TO_APPROVE = "unique_names = ['approved-.*']"


@pytest.fixture(scope="package", autouse=True)
def _forked(template: Path | None) -> Iterator[None]:
    """The stacks here share one template; one of them and those of make demo are started as a user starts them."""
    with sharing(template):
        yield


@pytest.fixture(scope="package")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """A running stack in a folder of its own; apps whose names begin with `approved-` need approval."""
    settings = opened_settings(tmp_path_factory.mktemp("policy"), ("unique_names = []", _TO_APPROVE))
    with start_stack(tmp_path_factory.mktemp("stack"), settings=settings, forked=True) as stack:
        yield Driver(stack)


@pytest.fixture
def driver(shared_stack: Driver) -> Iterator[Driver]:
    """The stack on a fine day; faults and weather end with the test."""
    yield shared_stack
    shared_stack.weather()
    shared_stack.control("DELETE", "/faults")
