"""The registrar's own API in Entra, as infra makes it: the roles that the code asks for, and tokens that it accepts."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from shared.core.callers import APPROVER, READER

INFRA = Path(__file__).parents[3] / "infra"
APPLICATION: dict[str, Any] = json.loads((INFRA / "api-application.json").read_text())
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


def test_the_api_has_the_roles_that_the_code_asks_for_and_no_others() -> None:
    roles = {role["value"]: role for role in APPLICATION["appRoles"]}
    assert set(roles) == {READER, APPROVER}
    assert len({role["id"] for role in roles.values()}) == 2
    assert all(role["isEnabled"] and role["allowedMemberTypes"] == ["User", "Application"] for role in roles.values())


def test_tokens_for_it_are_of_version_2_and_people_get_them_with_the_azure_cli() -> None:
    api = APPLICATION["api"]
    assert api["requestedAccessTokenVersion"] == 2
    assert APPLICATION["signInAudience"] == "AzureADMyOrg"
    (client,) = api["preAuthorizedApplications"]
    assert client["delegatedPermissionIds"] == [scope["id"] for scope in api["oauth2PermissionScopes"]]


def test_its_tokens_say_whether_a_person_or_an_app_holds_them() -> None:
    (claim,) = APPLICATION["optionalClaims"]["accessToken"]
    # Without the additional property Entra says idtyp in tokens of apps only (Microsoft Learn, optional claims).
    assert (claim["name"], claim["additionalProperties"]) == ("idtyp", ["include_user_token"])


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
