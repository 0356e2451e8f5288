"""Which tests run first, which share a process when several run them, and what all their stacks are forked from."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import Broker

_FIRST = (
    "tests/chaos/",
    "tests/e2e/",
    "tests/devstack/",
    "tests/contract/",
    "tests/commands/",
    "tests/simulation/",
    "tests/component/",
)
"""Those on stacks wait for something a third of their time, and take the longest: they come first, and beside each
other. What is short and only computes comes last, so that no worker has much to do when the others are done."""


_EACH_ALONE = ("tests/simulation/", "tests/component/")
"""Where a file's tests share nothing that takes time, and many of them together take a minute."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the end-to-end tests be run on either broker; without the option, some of them run on both."""
    parser.addoption("--broker", choices=list(Broker), help="run the end-to-end tests on this broker alone")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that are marked for it on both brokers, those on Service Bus in one process: they share a stack."""
    if "broker" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("broker")
    if chosen is None and metafunc.definition.get_closest_marker("both_brokers"):
        together = pytest.mark.xdist_group("service-bus")
        marked = pytest.param(Broker.SERVICE_BUS, marks=together)
        metafunc.parametrize("broker", [Broker.STORAGE, marked], indirect=True)


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Broker:
    """The broker on which an end-to-end test runs."""
    return Broker(getattr(request, "param", request.config.getoption("broker") or Broker.STORAGE))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests, and group most of them by file: what a file's tests share is made once."""
    items.sort(key=_place)
    for item in items:
        if item.get_closest_marker("xdist_group") is None and not item.nodeid.startswith(_EACH_ALONE):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_collection_finish(session: pytest.Session) -> None:
    """See that groups are kept together, and spare every later search for garbage what is there by now: it stays.

    pytest-xdist 3.8 groups by a suffix of the node id, which pytest 9.2 does not take: then every process makes anew
    what a file's tests share, and nothing says so.
    """
    if session.config.getoption("loadgroup", default=False):
        loose = [
            item.nodeid for item in session.items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid
        ]
        if loose:
            raise pytest.UsageError(f"pytest-xdist does not keep groups together with this pytest: {loose[0]}")
    gc.collect()
    gc.freeze()


def _place(item: pytest.Item) -> int:
    return next((n for n, folder in enumerate(_FIRST) if item.nodeid.startswith(folder)), len(_FIRST))


@pytest.fixture(scope="session")
def template() -> Iterator[Path | None]:
    """What the stacks of this process are forked from."""
    from tests import stacks  # most tests start none, and do without what it imports

    with stacks.running_template() as running:
        yield running


@pytest.fixture
def shared_template(template: Path | None) -> Iterator[None]:
    """Have the test's forked stacks share one template."""
    from tests import stacks

    with stacks.sharing(template):
        yield
