"""Microsoft's client for Node: rhea beneath it keeps to the standard where the Python client has habits of its own."""

import json
import subprocess
from typing import Any

import pytest

from devstack.azurite import REPOSITORY
from devstack.environment import functions_settings, own_environment
from tests.contract.servicebus.namespace import BusControl
from tests.devstack.doubles.local import Local

SCRIPT = REPOSITORY / "tests" / "contract" / "node" / "service_bus.mjs"


@pytest.fixture
def report(local: Local, control: BusControl) -> dict[str, Any]:
    """What the script found."""
    environment = {
        **own_environment(),
        **functions_settings(local.config, local.state),
        "ADMIN_CLIENT_ID": local.config.administrator.client_id,
        "ADMIN_CLIENT_SECRET": local.config.administrator.client_secret,
        "CONTROL": local.control,
        "NAMESPACE": local.config.bus_namespace,
    }
    finished = subprocess.run(
        ["node", str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_the_client_for_node(report: dict[str, Any], control: BusControl) -> None:
    check_queue(report["queue"])
    check_sessions(report["sessions"])
    check_rules(report["rules"])
    assert report["flood"] == {"isInOrder": True}
    assert report["refusals"] == {
        "nowhere": "MessagingEntityNotFound",
        "tooLarge": "MessageSizeExceeded",
        "withoutSession": "GeneralError",
    }
    assert [control.counts(queue) for queue in ("plain", "sessions", "large")] == [{}, {}, {}]


def check_queue(report: dict[str, Any]) -> None:
    assert report["first"] == {
        "body": {"text": "ü"},
        "subject": "subject",
        "correlationId": "correlation",
        "contentType": "application/json",
        "properties": {"text": "ü", "number": 7, "isTrue": True},
        "deliveryCount": 0,
        "state": "active",
    }
    assert report["abandoned"] == ["1", 1]
    assert report["peeked"] == [["1", "active"], ["2", "deferred"]]
    assert report["isRenewedForLonger"]
    assert report["deferred"] == "2"
    assert report["dead"] == ["3", "bad", "it is ü", "plain"]
    assert (report["lapsed"], report["found"]) == ("MessageLockLost", ["lost", 1])
    assert (report["scheduled"], report["deleted"]) == (["5", True], ["6"])


def check_sessions(report: dict[str, Any]) -> None:
    assert (report["taken"], report["next"]) == (["1", "3"], "node-b")
    assert (report["held"], report["lapsed"]) == ("SessionCannotBeLocked", "SessionLockLost")
    assert (report["state"], report["isRenewed"]) == ("kept", True)
    assert report["again"] == ["node-b", "2", 1]


def check_rules(report: dict[str, Any]) -> None:
    assert report["before"] == report["after"]
    assert [rule["name"] for rule in report["before"]] == ["none"]
    invoices, dear = (
        next(r["filter"] for r in report["between"] if r["name"] == name) for name in ("invoices", "dear")
    )
    assert (invoices["subject"], invoices["applicationProperties"]) == ("invoice", {"land": "at"})
    assert dear["sqlExpression"] == "price > 100 AND land IN ('de', 'ch')"
    assert (report["taken"], report["gone"]) == ("MessagingEntityAlreadyExists", "MessagingEntityNotFound")
    assert report["received"] == ["1", "2"]
