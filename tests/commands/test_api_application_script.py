"""The script that makes the registrar's own API in Entra, run with an `az` that writes down what it is asked."""

import json
import subprocess
import sys
from pathlib import Path

from tests.unit.project.test_api_application import APPLICATION, INFRA

APP_ID = "3f6c7d2a-9c1e-4d55-8a77-0c9f5b1e2d10"
FAKE_AZ = """\
import json, pathlib, sys
arguments = sys.argv[2:]
method, url = arguments[arguments.index("--method") + 1], arguments[arguments.index("--url") + 1]
state = pathlib.Path(sys.argv[0]).with_suffix(".json")
calls = json.loads(state.read_text()) if state.exists() else []
body = arguments[arguments.index("--body") + 1] if "--body" in arguments else None
if body is not None and body.startswith("@"):
    body = pathlib.Path(body[1:]).read_text()
upsert = "Prefer=create-if-missing" in arguments
calls.append([method, url.removeprefix("https://graph.microsoft.com/v1.0"), upsert, json.loads(body) if body else None])
state.write_text(json.dumps(calls))
if method == "get":
    print("APP_ID")
""".replace("APP_ID", APP_ID)


def test_the_script_makes_it_once_however_often_it_runs(tmp_path: Path) -> None:
    (tmp_path / "az.py").write_text(FAKE_AZ)
    az = tmp_path / "az"
    az.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{tmp_path}/az.py" "$@"\n')
    az.chmod(0o755)
    script = INFRA / "create-api-application.sh"
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run([script], env=environment, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"{APP_ID}\n"
    application = "/applications(uniqueName='registrar-api')"
    assert json.loads((tmp_path / "az.json").read_text()) == [
        ["patch", application, True, APPLICATION],
        ["get", f"{application}?$select=appId", False, None],
        ["patch", application, False, {"identifierUris": [f"api://{APP_ID}"]}],
        ["patch", f"/servicePrincipals(appId='{APP_ID}')", True, {"appRoleAssignmentRequired": True}],
    ]
