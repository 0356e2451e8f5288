"""Forty requests of one person wait, and another's takes at most three times as long as on an idle day."""

import time
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.e2e.driver import Driver, request
from tests.policies import opened_settings
from tests.stacks import start_stack

pytestmark = pytest.mark.e2e

_SECONDS_OF_A_CALL = 0.6
"""A slow day of Microsoft Graph: what a busy machine adds to the rest is then no matter."""


def ask(driver: Driver, request_id: str) -> float:
    """Have a request of Grace's served; the seconds that it took."""
    began = time.monotonic()
    driver.send(request(request_id, request_id.lower()) | {"requestedBy": "grace@contoso.example"})
    answer = driver.answer(request_id, within=200)
    assert answer["data"]["status"] == "completed"
    return time.monotonic() - began


def test_forty_requests_of_one_person_do_not_keep_anothers_waiting(tmp_path: Path, broker: Broker) -> None:
    settings = opened_settings(tmp_path / "policy") | broker.settings()
    with start_stack(tmp_path / "stack", settings=settings, forked=True) as stack:
        driver = Driver(stack)
        driver.fault(service="graph", kind="delay", seconds=_SECONDS_OF_A_CALL, times=100_000)
        ask(driver, "FAIR-0")  # a worker that has just started has tokens to get
        idle = ask(driver, "FAIR-1")
        for number in range(40):
            driver.send(request(f"MANY-{number}", f"many-{number}"))
        other = ask(driver, "FAIR-2")
        assert other <= 3 * idle, f"{other:.1f} s, and {idle:.1f} s on an idle day"
        driver.control("DELETE", "/faults")
        for number in range(40):
            assert driver.answer(f"MANY-{number}", moving_clock=True, within=200)["data"]["status"] == "completed"
