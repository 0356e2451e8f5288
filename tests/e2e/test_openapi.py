"""The served OpenAPI document is right: schemathesis sends what it allows and what it forbids, and judges answers."""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.services import host_url
from devstack.sign_in import user_token
from tests.e2e.driver import Driver
from tests.e2e.test_reading import now, report_since

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 180
MET = {
    "receive_webhook": {202, 400, 401, 415},
    "show_request": {200, 400, 401, 404},
    "list_requests": {200, 400, 401},
    "approve_request": {400, 401, 404},
    "list_credentials": {200, 400, 401},
    "credentials_report": {200, 400, 401},
    "replay_operation": {400, 404},
    "replay_operations": {202, 400},
    "replay_ticket_update": {400, 404},
    "health": {200},
}
"""What each operation has to have been answered at least: with tokens that do not count, only 401 would be judged.

Whether schemathesis replays an operation that it has seen in a list is up to the order of its two workers.
"""


def test_the_document_is_served_to_anybody(driver: Driver) -> None:
    answer = httpx.get(f"{host_url(driver.stack.config, 'host')}/api/openapi.json", trust_env=False, timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.content == (ROOT / "schemas/openapi.json").read_bytes()


def test_schemathesis_finds_nothing_wrong(driver: Driver, tmp_path: Path) -> None:
    url = f"{host_url(driver.stack.config, 'host')}/api/openapi.json"
    make_report(driver)
    calls = tmp_path / "calls.har"
    run = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", ROOT / "tests/e2e/openapi/schemathesis.toml"),
            *("run", url, "--report", "har", "--report-har-path", calls),
        ],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "NO_PROXY": "127.0.0.1",
            "CALLER_TOKEN": user_token(driver.stack, "margaret"),
            "WEBHOOK_TOKEN": driver.stack.config.webhook_token,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=MOST_SECONDS,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    met = statuses(json.loads(calls.read_text()), httpx.get(url, trust_env=False).json())
    assert {name: expected - met[name] for name, expected in MET.items() if not expected <= met[name]} == {}
    # The example of a webhook's body is a request like any other.
    assert driver.answer("RITM0010042")["data"]["status"] == "completed"
    driver.advance(60)  # the source has used up its rate


def make_report(driver: Driver) -> None:
    """Have a report that can be read; a young one, of another test, is not made again."""
    begun = now(driver) - timedelta(hours=4)
    driver.start("report_credentials")
    report_since(driver, begun)


def statuses(calls: dict[str, Any], document: dict[str, Any]) -> defaultdict[str, set[int]]:
    """With which statuses each operation was answered."""
    routes = [
        (method.upper(), re.compile(re.sub(r"{\w+}", "[^/?]+", path) + r"(\?.*)?"), operation["operationId"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    met: defaultdict[str, set[int]] = defaultdict(set)
    for entry in calls["log"]["entries"]:
        called, path = entry["request"]["method"], "/" + entry["request"]["url"].split("/", 3)[3]
        for method, pattern, name in routes:
            if method == called and pattern.fullmatch(path):
                met[name].add(entry["response"]["status"])
    return met
