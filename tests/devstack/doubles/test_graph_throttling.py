"""The quotas of the Graph double: what a call costs, when a caller must wait, and for how long."""

import pytest

from devstack.doubles.graph.errors import GraphError
from devstack.doubles.graph.rules.quotas import RESOURCE_UNITS, WRITES, Throttle, resource_units


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def throttle(clock: _Clock) -> Throttle:
    return Throttle(clock)


def write(throttle: Throttle, app: str = "app", times: int = 1) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(times):
        headers = throttle.spend(app, "tenant", 1, is_write=True)
    return headers


@pytest.mark.parametrize(
    ("method", "cost", "options", "units"),
    [
        ("GET", 2, {}, 2),
        ("GET", 2, {"$select": "id"}, 1),
        ("GET", 2, {"$select": "id", "$top": "5"}, 1),
        ("GET", 2, {"$expand": "owners"}, 3),
        ("GET", 2, {"$top": "20"}, 2),
        ("POST", 5, {}, 5),
    ],
)
def test_a_call_costs(method: str, cost: int, options: dict[str, str], units: int) -> None:
    assert resource_units(method, cost, options) == units


def test_writes_are_refused_beyond_the_quota_and_allowed_when_told(throttle: Throttle, clock: _Clock) -> None:
    write(throttle, times=int(WRITES.amount))
    with pytest.raises(GraphError) as refused:
        write(throttle)
    assert refused.value.status == 429
    assert refused.value.headers["x-ms-throttle-scope"] == "Tenant_Application/ReadWrite/app/tenant"
    assert refused.value.headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    clock.now += int(refused.value.headers["retry-after"])
    write(throttle)


def test_every_app_has_its_own_quota(throttle: Throttle) -> None:
    write(throttle, times=int(WRITES.amount))
    assert write(throttle, app="other") == {}


def test_the_share_of_the_quota_is_told_from_eighty_per_cent_on(throttle: Throttle) -> None:
    assert write(throttle, times=int(WRITES.amount * 0.8)) == {}
    assert write(throttle, times=300)["x-ms-throttle-limit-percentage"] == "0.9"


def test_reads_spend_resource_units_only(throttle: Throttle) -> None:
    for _ in range(int(RESOURCE_UNITS.amount / 5)):
        throttle.spend("app", "tenant", 5, is_write=False)
    with pytest.raises(GraphError) as refused:
        throttle.spend("app", "tenant", 5, is_write=False)
    assert refused.value.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
