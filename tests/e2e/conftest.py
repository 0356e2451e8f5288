"""One stack on each broker for all end-to-end tests: real Azurite, the real worker, the real SDKs.

Apps are kept apart by name.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from tests.brokers import Broker
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
def shared_stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Broker], Driver]]:
    """Running stacks in folders of their own, one on each broker, started when first asked for.

    Apps whose names begin with `approved-` need approval.
    """
    with ExitStack() as running:

        @cache
        def on(broker: Broker) -> Driver:
            policy = opened_settings(tmp_path_factory.mktemp("policy"), ("unique_names = []", _TO_APPROVE))
            settings = policy | broker.settings()
            return Driver(
                running.enter_context(start_stack(tmp_path_factory.mktemp("stack"), settings=settings, forked=True))
            )

        yield on


@pytest.fixture
def driver(shared_stacks: Callable[[Broker], Driver], broker: Broker) -> Iterator[Driver]:
    """The stack of the test's broker on a fine day; faults and weather end with the test."""
    shared = shared_stacks(broker)
    yield shared
    shared.weather()
    shared.control("DELETE", "/faults")
