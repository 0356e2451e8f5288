"""Each known permission is never given, given by name only, or ordinary: none slips through as nobody thought of it."""

import re
from importlib.util import find_spec
from pathlib import Path
from uuid import UUID

import pytest

from shared.policy.control.family import EXCHANGE, MICROSOFT_GRAPH, SHAREPOINT, Family
from shared.policy.never import AZURE_AD_GRAPH, BY_NAME_ONLY, NEVER, is_never_allowed, leads_to
from shared.policy.reading import reads_only
from tests.unit.policy.permission_lists import listed, ordinary_writing

SOME_ID = "00000000-0000-4000-8000-000000000001"
ANOTHER_API = "11111111-1111-4111-8111-111111111111"
LISTED = {each.name: each for each in listed()}
ORDINARY_WRITING = ordinary_writing()


def group(name: str, permission_id: str = SOME_ID, api: str = MICROSOFT_GRAPH) -> str | None:
    """Say which group a permission is in; None when nobody judged it."""
    if is_never_allowed(api, permission_id, name):
        return "never"
    if leads_to(api, permission_id, name) is not None:
        return "by name only"
    return "ordinary" if reads_only(name) or name in ORDINARY_WRITING else None


def test_every_known_permission_is_in_a_group() -> None:
    assert len(LISTED) > 1000
    assert [name for name in LISTED if group(name) is None] == []


def test_every_permission_that_the_pinned_sdk_names_is_known() -> None:
    found = find_spec("msgraph")
    assert found is not None
    assert found.origin is not None
    name = re.compile(rb"\b[A-Z][A-Za-z]+(?:-[A-Za-z]+)?\.Read(?:Basic|Write)?(?:\.[A-Z][A-Za-z]+)?\b(?!\()")
    named = {
        each.decode()
        for file in (Path(found.origin).parent / "generated" / "models").glob("*.py")
        for each in name.findall(file.read_bytes())
    }
    assert len(named) > 5
    assert {each for each in named if each not in LISTED} == set()


def test_what_was_judged_ordinary_is_nothing_else() -> None:
    assert [name for name in ORDINARY_WRITING if reads_only(name) or group(name) != "ordinary"] == []
    assert LISTED.keys() >= ORDINARY_WRITING


def test_tier_0_is_never_given_or_by_name_only() -> None:
    tier0 = [each for each in LISTED.values() if each.tier0]
    assert len(tier0) == 41
    assert [each.name for each in tier0 if group(each.name) not in ("never", "by name only")] == []
    unrecognised = [
        (each.name, id_) for each in tier0 for id_ in each.role if group("Harmless.Read", id_) == "ordinary"
    ]
    assert unrecognised == []


@pytest.mark.parametrize(
    "name",
    [
        "RoleAssignmentSchedule.ReadWrite.Directory",
        "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
        "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
        "RoleManagementPolicy.ReadWrite.AzureADGroup",
        "UserAuthMethod-TAP.ReadWrite.All",
        "User-PasswordProfile.ReadWrite.All",
        "Organization.ReadWrite.All",
        "EntitlementManagement.ReadWrite.All",
        "CustomSecAttributeAssignment.ReadWrite.All",
        "AgentIdentityBlueprint.AddRemoveCreds.All",
        "Application.ReadWrite.OwnedBy",
        "Sites.FullControl.All",
    ],
)
def test_what_grants_roles_credentials_consents_or_policy_is_never_given(name: str) -> None:
    assert {group(name), *(group("Harmless.Read", each) for each in LISTED[name].ids)} == {"never"}


@pytest.mark.parametrize(
    "name",
    [
        "User.ReadWrite.All",
        "Group.ReadWrite.All",
        "GroupMember.ReadWrite.All",
        "AdministrativeUnit.ReadWrite.All",
        "DeviceManagementConfiguration.ReadWrite.All",
        "DeviceManagementManagedDevices.PrivilegedOperations.All",
        "DeviceLocalCredential.Read.All",
    ],
)
def test_what_leads_to_control_by_way_of_something_else_is_given_by_name_only(name: str) -> None:
    assert {group(name), *(group("Harmless.Read", each) for each in LISTED[name].ids)} == {"by name only"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("RoleManagement.ReadWrite.SomethingNew", "never"),
        ("PrivilegedSomething.Activate.Directory", "never"),
        ("UserAuthMethod-Telepathy.ReadWrite.All", "never"),
        ("Policy.Purge.ConditionalAccess", "never"),
        ("policy.readwrite.conditionalaccess", "never"),
        ("AppRoleAssignment.Create.All", "never"),
        ("TeamsAppInstallation.ReadWriteAndConsentForRobot.All", "never"),
        ("DeviceManagementRockets.ReadWrite.All", "by name only"),
        ("GroupMember.Add.All", "by name only"),
        ("User.Merge.All", "by name only"),
        ("RoleManagement.Read.SomethingNew", "ordinary"),
        ("SomethingNew.ReadWrite.All", None),
    ],
)
def test_a_new_member_of_a_family_is_covered_on_its_first_day(name: str, expected: str | None) -> None:
    assert group(name) == expected


def test_mail_and_sites_as_a_whole_are_never_given_by_their_own_apis() -> None:
    assert group("full_access_as_app", api=EXCHANGE) == "never"
    assert group("Harmless.Read", "DC890D15-9560-4A4C-9B7F-A736EC74EC40", EXCHANGE) == "never"
    assert group("Sites.FullControl.All", api=SHAREPOINT) == "never"
    assert group("Harmless.Read", "678536fe-1083-478a-9c59-b99265e6b0d3", SHAREPOINT) == "never"
    assert group("Exchange.ManageAsApp", api=EXCHANGE) == "by name only"
    assert group("User.Read", api=AZURE_AD_GRAPH) == "never"


def test_the_same_names_of_another_api_are_not_meant() -> None:
    for name in ("Policy.ReadWrite.All", "User.ReadWrite.All", "full_access_as_app"):
        assert group(name, api=ANOTHER_API) is None


@pytest.mark.parametrize("families", [NEVER, BY_NAME_ONLY])
def test_the_data_says_of_each_member_what_the_list_says(families: tuple[Family, ...]) -> None:
    for family in families:
        assert family.known, family.reason
        assert family.reason[0].islower(), family.reason
        assert not family.reason.endswith("."), family.reason
        for each in family.known:
            assert str(UUID(each.id)) == each.id
            assert family.takes_in(family.api, each.name), each.name
            if family.api == MICROSOFT_GRAPH:
                assert each.id in (LISTED[each.name].role if each.kind == "Role" else LISTED[each.name].scope), (
                    each.name
                )


def test_each_known_id_stands_in_one_family_and_all_known_ids_are_in_the_data() -> None:
    known = [each.id for family in (*NEVER, *BY_NAME_ONLY) for each in family.known]
    assert len(known) == len(set(known))
    expected = {
        each_id for each in LISTED.values() if group(each.name) in ("never", "by name only") for each_id in each.ids
    }
    assert expected <= set(known)
