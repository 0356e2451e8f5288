"""A whole first registration with the real adapters, over the doubles and Azurite: what it costs and what it leaves."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from devstack.azurite import REPOSITORY, Azurite
from devstack.environment import functions_settings
from tests.devstack.doubles.local import Local
from tests.fakes.world import example

READS = {
    "GET /servicePrincipals(appId)": 1,  # the API, by the appId that policy has for its name
    "GET /users": 1,  # who asks
    "GET /policies/defaultAppManagementPolicy": 1,  # what the tenant forbids, side by side with the application
    "GET /applications(uniqueName)": 2,  # is there one already, and at the end: is it as it was written
    "GET /servicePrincipals/{id}/oauth2PermissionGrants": 1,  # is the consent there
}
WRITES = {
    "PATCH /applications(uniqueName)": 1,
    "PATCH /servicePrincipals(appId)": 1,
    "POST /oauth2PermissionGrants": 1,
    "POST /applications/{id}/addPassword": 1,
}
VAULT = {
    "GET /secrets/{name}/versions": 2,  # the first without a token, for the challenge
    "GET /deletedsecrets/{name}": 1,
    "PUT /secrets/{name}": 1,
    "GET /secrets/{name}/{version}": 1,  # the value that is proven is the one that the vault holds
}


@dataclass(frozen=True)
class Outcome:
    """What a process that registered one application left behind."""

    operation: dict[str, Any]
    models: list[str]
    output: str
    calls: dict[str, dict[str, int]]


def register(local: Local, azurite: Azurite, folder: Path, request: dict[str, Any]) -> Outcome:
    """Run one registration in a fresh process, with the Functions app's settings and nothing else."""
    assert azurite.is_ready()
    file = folder / "request.json"
    file.write_text(json.dumps(request))
    local.world.calls.clear()
    finished = subprocess.run(
        [sys.executable, "-m", "tests.contract.one_registration", str(file)],
        cwd=REPOSITORY,
        env=functions_settings(local.config, local.state),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    calls: dict[str, dict[str, int]] = {}
    for (service, label), count in local.world.calls.items():
        calls.setdefault(service, {})[label] = count
    return Outcome(report["operation"], report["models"], finished.stdout + finished.stderr, calls)


@pytest.fixture
def request_for_twins() -> dict[str, Any]:
    """The README's request, for an application of its own."""
    request = example(requestId=f"R-{uuid4().hex}")
    request["application"]["uniqueName"] = f"first-{uuid4().hex[:12]}"
    return request


def test_a_first_registration(
    local: Local, azurite: Azurite, tmp_path: Path, request_for_twins: dict[str, Any]
) -> None:
    outcome = register(local, azurite, tmp_path, request_for_twins)
    assert outcome.operation["state"] == "completed", outcome.operation
    assert outcome.calls["graph"] == READS | WRITES
    assert outcome.calls["keyvault"] == VAULT
    assert outcome.calls["entra"] == {"POST /{tenant}/oauth2/v2.0/token": 1}


def test_no_answer_is_read_into_the_sdks_application(
    local: Local, azurite: Azurite, tmp_path: Path, request_for_twins: dict[str, Any]
) -> None:
    outcome = register(local, azurite, tmp_path, request_for_twins)
    assert "msgraph.generated.models.o_data_errors.o_data_error" in outcome.models
    assert "msgraph.generated.models.application" not in outcome.models


def test_the_secret_is_in_no_output_even_with_every_log_open(
    local: Local, azurite: Azurite, tmp_path: Path, request_for_twins: dict[str, Any]
) -> None:
    outcome = register(local, azurite, tmp_path, request_for_twins)
    assert "operation.completed" in outcome.output
    assert _stored_value(local, request_for_twins) not in outcome.output


def _stored_value(local: Local, request: dict[str, Any]) -> str:
    key = f"{local.config.vault_name}/{request['application']['uniqueName']}--client-secret"
    document = local.world.primary().get("vaultSecrets", key)
    assert document is not None
    (version,) = document["versions"]
    return version["value"]


def test_the_same_registration_again_only_reads(
    local: Local, azurite: Azurite, tmp_path: Path, request_for_twins: dict[str, Any]
) -> None:
    register(local, azurite, tmp_path, request_for_twins)
    again = register(local, azurite, tmp_path, request_for_twins | {"requestId": f"R-{uuid4().hex}"})
    assert again.operation["state"] == "completed", again.operation
    assert [label for label in again.calls["graph"] if not label.startswith("GET ")] == []
    assert [label for label in again.calls["keyvault"] if not label.startswith("GET ")] == []
