"""A secret's value is in the vault and nowhere else: searched in everything the stack keeps and prints."""

import base64
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.driver import Driver, request

pytestmark = pytest.mark.e2e


def test_no_file_holds_a_secret_but_the_vaults_own(driver: Driver) -> None:
    answer = driver.ask(request("LEAK-1", "leak-search"))
    value = driver.stored("leak-search")
    forms = {value, quote(value, safe=""), base64.b64encode(value.encode()).decode()}
    vault = driver.stack.state / "doubles.db"
    searched = [
        file for file in driver.stack.state.rglob("*") if file.is_file() and not file.name.startswith(vault.name)
    ]
    assert any(file.parent.name == "logs" for file in searched)
    assert any("azurite" in str(file) for file in searched)
    assert [str(file) for file in searched if _holds(file, forms)] == []
    assert value not in str(answer)
    assert _holds(vault, {value}) or any(_holds(file, {value}) for file in vault.parent.glob("doubles.db-*")), (
        "the search would have found it"
    )


def _holds(file: Path, forms: set[str]) -> bool:
    content = file.read_bytes()
    return any(form.encode() in content for form in forms)


def test_health_says_that_settings_and_policy_are_right(driver: Driver) -> None:
    answer = httpx.get(f"{driver.environment['DEVSTACK_FUNCTIONS_URL']}/api/health", trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
