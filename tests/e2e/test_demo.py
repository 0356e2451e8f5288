"""What a newcomer sees of `make demo`."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.stack import REPOSITORY
from tests.e2e.driver import Driver, request

pytestmark = pytest.mark.e2e

_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def _demo(state: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo", "show", "--state", str(state), *options]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=240)


def _client_id(report: str) -> str:
    found = re.search(rf"client ID +({_GUID})", report)
    assert found, report
    return found[1]


def test_the_demo_signs_in_and_a_second_run_shows_the_same_app(tmp_path: Path) -> None:
    first, second = _demo(tmp_path), _demo(tmp_path)
    assert (first.returncode, first.stderr) == (0, "")
    assert f"Client ID: {_client_id(first.stdout)}" in first.stdout
    for said in (
        "Form in ServiceNow, ticket RITM0010042",
        "The ticket RITM0010042 is closed",
        "storeCredentials",
        "Azure Digital Twins (https://digitaltwins.azure.net)",
        "https://contoso-registrar.vault.azure.net/secrets/adt-client-dev--client-secret",
        "Read.Write (delegated): consent granted",
        "Signed in with the secret",
        "Replaced by the registrar before it expired",
        "none refused",
    ):
        assert said in first.stdout
    assert second.returncode == 0
    assert "already registered" in second.stdout
    assert "already registered" not in first.stdout
    assert _client_id(second.stdout) == _client_id(first.stdout)


def test_the_demo_ends_well_in_bad_weather(tmp_path: Path) -> None:
    done = _demo(tmp_path, "--lag", "30", "--throttle", "0.1", "--secret-delay", "18")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the stack's clock moves" in done.stdout
    assert "Signed in with the secret" in done.stdout


def test_a_running_stack_is_used_and_a_rejection_is_a_failure(driver: Driver, tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text(json.dumps(request("DEMO-1", "Not A Name")))
    done = _demo(driver.stack.state, "--file", str(file))
    assert done.returncode == 1
    assert "starting the local stack" not in done.stdout
    assert "Not registered: rejected" in done.stdout
    assert "uniqueName" in done.stdout
