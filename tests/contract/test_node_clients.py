"""Microsoft's clients for Node against the doubles: another TLS and another proxy stack, the same services."""

import json
import subprocess
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from devstack.azurite import REPOSITORY
from devstack.environment import functions_settings, own_environment
from tests.devstack.doubles.local import Local

SCRIPT = REPOSITORY / "tests" / "contract" / "node" / "clients.mjs"


@pytest.fixture
def secret_name() -> str:
    return f"node-{uuid4().hex[:12]}"


@pytest.fixture
def run(local: Local, secret_name: str) -> Callable[[], dict[str, Any]]:
    """Runs the script and returns its report."""
    settings = functions_settings(local.config, local.state)
    del settings["AZURE_CLIENT_ID"]
    environment = {
        **own_environment(),
        **settings,
        "ADMIN_CLIENT_ID": local.config.administrator.client_id,
        "ADMIN_CLIENT_SECRET": local.config.administrator.client_secret,
        "REGISTRAR_CLIENT_ID": local.config.app.client_id,
        "SECRET_NAME": secret_name,
    }

    def run() -> dict[str, Any]:
        finished = subprocess.run(
            ["node", str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    return run


def test_the_clients_for_node(local: Local, secret_name: str, run: Callable[[], dict[str, Any]]) -> None:
    report = run()
    check_sign_ins(report["signIns"], local)
    check_life(report["life"])
    check_death(report["death"], f"{local.config.vault_url}/deletedsecrets/{secret_name}")
    view, vault = local.world.primary(), local.config.vault_name
    assert view.get("vaultSecrets", f"{vault}/{secret_name}") is None
    kept = view.get("vaultSecrets", f"{vault}/{secret_name}-kept")
    assert kept is not None
    assert [(version["value"], version["tags"]) for version in kept["versions"]] == [("kept", {"made": "by node"})]
    # MSAL shares an identity's token between the credentials of a process.
    assert local.world.calls["identity", "GET /msi/token"] == 1


def check_sign_ins(report: dict[str, Any], local: Local) -> None:
    config = local.config
    common = {"aud": "https://digitaltwins.azure.net", "tid": config.tenant_id}
    assert report["clientSecret"] == {"appid": config.administrator.client_id, **common}
    assert report["managedIdentity"] == report["default"] == {"appid": config.app.client_id, **common}
    assert "AADSTS7000215" in report["wrongSecret"]["message"]


def check_life(report: dict[str, Any]) -> None:
    assert (report["expiresOn"], report["contentType"]) == ("2030-01-01T00:00:00.000Z", "text/plain")
    assert report["updatedTags"] == {"now": "changed"}
    assert (report["newestValue"], report["firstValue"]) == ("2", "1")
    assert sorted(report["versions"]) == sorted(report["stored"])
    assert report["isListed"] is True


def check_death(report: dict[str, Any], recovery_id: str) -> None:
    assert report["recoveryId"] == recovery_id
    assert (report["taken"]["status"], report["taken"]["code"]) == (409, "Conflict")
    assert report["recovered"] == "2"
    assert (report["purged"]["status"], report["purged"]["code"]) == (404, "SecretNotFound")
