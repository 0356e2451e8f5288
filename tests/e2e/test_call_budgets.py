"""What the main jobs cost of Graph's quota, on a stack of their own: other tests' calls are not to be counted."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.brokers import Broker
from tests.e2e.driver import Driver, request, rotation
from tests.stacks import QUIET_TIME, start_stack

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Driver]:
    with start_stack(tmp_path_factory.mktemp("stack"), settings=broker.settings(), forked=True) as stack:
        yield Driver(stack)


def test_a_stack_of_the_tests_starts_at_the_quiet_time(driver: Driver) -> None:
    now = datetime.fromisoformat(driver.control("GET", "/clock")["now"])
    assert timedelta(0) <= now - datetime.combine(now.date(), QUIET_TIME, UTC) < timedelta(minutes=10)


def test_a_registration_costs_ten_calls_at_most_and_a_rotation_five(driver: Driver) -> None:
    assert driver.ask(request("COST-1", "counted"))["data"]["status"] == "completed"
    registration = calls(driver)
    assert 0 < registration.total() <= 10, registration

    # The rotation comes long after: what it needs to know of the tenant is not remembered any more.
    driver.advance(3600)
    before = calls(driver)
    assert driver.ask(rotation("COST-1-rotate", "counted"))["data"]["status"] == "completed"
    made = calls(driver) - before
    assert 0 < made.total() <= 5, made


def calls(driver: Driver) -> Counter[str]:
    """The calls of Graph so far, but those of the nightly check and of the timer that pins owners."""
    nightly = ("GET /applications", "GET /servicePrincipals", "GET /applications/{id}/owners")
    graph = driver.calls().get("graph", {})
    return Counter({route: count for route, count in graph.items() if route not in nightly})
