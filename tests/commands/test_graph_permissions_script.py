"""The script that gives the registrar its permissions in Graph, run with an `az` that writes down what it is asked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.project import project
from tests.checkout import ROOT

INFRA = ROOT / "infra"
FAKE_AZ = """\
import json, pathlib, sys
arguments = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
state = pathlib.Path(sys.argv[0]).with_suffix(".json")
given = json.loads(state.read_text()) if state.exists() else []
if arguments["--method"] == "post":
    assert arguments["--url"].endswith("/servicePrincipals/graph-sp/appRoleAssignedTo")
    state.write_text(json.dumps([*given, json.loads(arguments["--body"])]))
elif "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')" in arguments["--url"]:
    print("graph-sp")
else:
    assert arguments["--url"].endswith("/servicePrincipals/registrar/appRoleAssignments")
    print("\\n".join(assignment["appRoleId"] for assignment in given))
"""


GRAPH_PERMISSIONS = (
    "AppRoleAssignment.ReadWrite.All",
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "DelegatedPermissionGrant.ReadWrite.All",
)


def test_the_local_stack_gives_those_four_and_what_its_app_is_configured_for() -> None:
    assert set(project().app.graph_roles) == {*GRAPH_PERMISSIONS, "User.ReadBasic.All", "Policy.Read.All"}


@pytest.mark.parametrize(
    ("option", "more"),
    [
        ((), ()),
        (("--people",), ("User.ReadBasic.All",)),
        (("--accounts",), ("User.Read.All", "User.ReadBasic.All")),
        (("--policies",), ("Policy.Read.All",)),
        (("--accounts", "--policies"), ("Policy.Read.All", "User.Read.All", "User.ReadBasic.All")),
    ],
)
def test_the_graph_permissions_are_the_four_that_the_local_stack_gives_too_and_those_asked_for(
    tmp_path: Path, option: tuple[str, ...], more: tuple[str, ...]
) -> None:
    script, roles = INFRA / "grant-graph-permissions.sh", ROOT / "devstack/doubles/seed/well_known.json"
    (tmp_path / "az.py").write_text(FAKE_AZ)
    az = tmp_path / "az"
    az.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{tmp_path}/az.py" "$@"\n')
    az.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    for _ in range(2):
        subprocess.run([script, "registrar", *option], env=environment, check=True, timeout=60)
    given = json.loads((tmp_path / "az.json").read_text())
    graph = next(api for api in json.loads(roles.read_text()) if api["displayName"] == "Microsoft Graph")
    names = {role["id"]: role["value"] for role in graph["roles"]}
    assert sorted(names[assignment["appRoleId"]] for assignment in given) == sorted((*GRAPH_PERMISSIONS, *more))
    assert {(one["principalId"], one["resourceId"]) for one in given} == {("registrar", "graph-sp")}
    unknown = subprocess.run([script, "registrar", "--everything"], env=environment, check=False, timeout=60)
    assert unknown.returncode == 2
