"""A secret's value is in the vault and nowhere else: searched in everything the stack keeps and prints."""

import json

import httpx
import pytest

from tests.chaos.leaks.search import Values, issued_values, leaks
from tests.e2e.driver import Driver, request

pytestmark = pytest.mark.e2e


def test_no_file_and_no_answer_holds_a_secret_but_the_vaults_own(driver: Driver) -> None:
    answer = driver.ask(request("LEAK-1", "leak-search"))
    issued = issued_values(driver.control("GET", "/issued"))
    assert driver.stored("leak-search") in issued
    assert leaks(driver.stack.state, issued, {"the answer": json.dumps(answer).encode()}) == []
    vault = b"".join(file.read_bytes() for file in driver.stack.state.glob("doubles.db*"))
    assert any(Values(issued).found_in(vault)), "the search would have found it"


def test_health_says_that_settings_and_policy_are_right(driver: Driver) -> None:
    answer = httpx.get(f"{driver.environment['DEVSTACK_FUNCTIONS_URL']}/api/health", trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
