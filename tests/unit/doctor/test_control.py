"""Apps that can come to control the tenant are named, whoever gave them that; nothing is broken by it."""

from dataclasses import replace

import pytest

from doctor.evidence import Consent, Evidence, Permission, RequiredPermission, Seen, ServicePrincipal
from doctor.examination import Examination
from doctor.invariants import concerns
from doctor.report import as_json
from tests.unit.doctor.scene import APP, CONSENT, FOREIGN_APP, POLICY, SOUND, TWINS_API
from tests.unit.doctor.test_report import shown

GRAPH = "00000003-0000-0000-c000-000000000000"
ROLE_ID, SCOPE_ID = "dd199f4a-f148-40a4-a2ec-f0069cc799ec", "8c026be3-8e26-4774-9372-8d5d6f21daff"
NAME = "RoleAssignmentSchedule.ReadWrite.Directory"
READS = "df021288-bdef-4463-88db-98f22de89214"
GRAPH_API = ServicePrincipal(
    "graph",
    GRAPH,
    "Microsoft Graph",
    (
        Permission(ROLE_ID, NAME, "Role"),
        Permission(SCOPE_ID, NAME, "Scope"),
        Permission(READS, "User.Read.All", "Role"),
    ),
)
PRINCIPALS = (TWINS_API, GRAPH_API, *(ServicePrincipal(f"principal-{n}", f"client-{n}", "App") for n in (1, 9)))


def tenant(*consents: Consent, required: str | None = None) -> Evidence:
    """The sound tenant with Microsoft Graph, these consents, and this permission asked for."""
    asked = frozenset({RequiredPermission(GRAPH, required, "Role")}) if required is not None else APP.required
    apps = Seen((replace(APP, required=asked), FOREIGN_APP))
    return replace(SOUND, applications=apps, principals=Seen(PRINCIPALS), consents=Seen((CONSENT, *consents)))


@pytest.mark.parametrize(
    "evidence",
    [
        tenant(required=ROLE_ID),
        tenant(Consent("principal-1", "graph", "Role", ROLE_ID)),
        tenant(Consent("principal-1", "graph", "Scope", NAME)),
    ],
)
def test_an_app_that_asks_for_or_holds_what_is_never_given_is_named(evidence: Evidence) -> None:
    (concern,) = concerns(evidence, POLICY)
    assert (concern.about, NAME in concern.what) == ("app", True)
    examination = Examination(evidence, [], [], [concern])
    assert examination.exit_code == 0
    assert "look at app: it can come to control the tenant" in shown(examination)
    assert [each["about"] for each in as_json(examination)["concerns"]] == ["app"]


def test_an_id_that_the_directory_calls_something_else_counts() -> None:
    renamed = replace(GRAPH_API, permissions=(Permission(ROLE_ID, "Harmless.Read", "Role"),))
    evidence = tenant(Consent("principal-1", "graph", "Role", ROLE_ID))
    evidence = replace(evidence, principals=Seen((renamed, *PRINCIPALS[2:])))
    assert [each.about for each in concerns(evidence, POLICY)] == ["app"]


@pytest.mark.parametrize(
    "evidence",
    [
        SOUND,
        tenant(required=READS),
        tenant(Consent("principal-1", "graph", "Role", READS)),
        tenant(Consent("principal-9", "graph", "Role", ROLE_ID)),
    ],
)
def test_others_and_what_is_ordinary_are_no_concern(evidence: Evidence) -> None:
    assert concerns(evidence, POLICY) == []
