"""What the host loads: which functions there are, and how little it costs to index them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import function_app

ROOT = Path(__file__).parents[3]
FORBIDDEN = (
    "msgraph",
    "jinja2",
    "jwt",
    "kiota_abstractions",
    "azure.identity",
    "azure.keyvault",
    "azure.storage",
    "pydantic",
    "httpx",
)


def test_the_inventory_of_functions() -> None:
    found = {function.get_function_name() for function in function_app.app.get_functions()}
    assert found == {
        "process_registration",
        "process_webhook_request",
        "continue_registration",
        "resume_registrations",
        "clean_up_credentials",
        "settle_poison",
        "pin_owners",
        "extend_audit",
        "anchor_audit",
        "sweep_credentials",
        "check_due_index",
        "rotate_credential",
        "approve_request",
        "apply_decision",
        "update_ticket",
        "resume_ticket_updates",
        "replay_ticket_update",
        "replay_operation",
        "replay_operations",
        "list_credentials",
        "list_requests",
        "receive_webhook",
        "show_request",
        "report_credentials",
        "credentials_report",
        "health",
        "openapi",
    }


def test_indexing_is_fast_and_imports_nothing_heavy() -> None:
    program = (
        "import json, sys, time; started = time.process_time(); import function_app;"
        "print(json.dumps({'seconds': time.process_time() - started, 'modules': sorted(sys.modules)}))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    seconds: list[float] = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        imported = json.loads(done.stdout)
        seconds.append(imported["seconds"])
        assert [name for name in imported["modules"] if name.startswith(FORBIDDEN)] == []
    # Of the processor, the fastest of three: the first compiles, and what else the machine does is no matter.
    assert min(seconds) < 0.5
