"""Policy and the never-list: nobody buys rights with a message."""

import re

import pytest

from shared.model.directory import Api, ApiPermission, PermissionType, ResolvedPermission
from shared.policy.approval import needs_approval
from shared.policy.check import permission_breach
from shared.policy.never import AZURE_AD_GRAPH, MICROSOFT_GRAPH, is_never_allowed
from shared.policy.policy_file import ApprovalRules, PermissionsToApprove, Policy, load_policy
from tests.policies import SHIPPED

SOME_ID = "00000000-0000-4000-8000-000000000001"
NEVER = [
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagement.ReadWrite.SomethingNew",
    "Directory.ReadWrite.All",
    "Directory.AccessAsUser.All",
    "PrivilegedAccess.ReadWrite.AzureADGroup",
    "Policy.ReadWrite.ConditionalAccess",
    "Domain.ReadWrite.All",
    "UserAuthenticationMethod.ReadWrite.All",
]


@pytest.mark.parametrize("name", NEVER)
@pytest.mark.parametrize("permission_type", ["Scope", "Role"])
def test_what_controls_the_tenant_is_refused_even_when_policy_lists_it(
    name: str, permission_type: PermissionType
) -> None:
    careless = Policy.model_validate(
        {
            "version": "1",
            "apis": [{"name": "Graph", "app_id": MICROSOFT_GRAPH, "delegated": [name], "application": [name]}],
        }
    )
    breach = permission_breach("field", _resolved(MICROSOFT_GRAPH, name, permission_type), careless)
    assert breach is not None
    assert breach.code == "permission_never_allowed"


def test_a_known_id_is_refused_whatever_its_name() -> None:
    assert is_never_allowed(MICROSOFT_GRAPH, "1BFEFB4E-E0B5-418B-A88F-73C46D2CC8E9", "Harmless.Read")


def test_all_of_azure_ad_graph_is_refused() -> None:
    assert is_never_allowed(AZURE_AD_GRAPH, SOME_ID, "User.Read")


def test_the_same_name_of_another_api_is_not_meant() -> None:
    assert not is_never_allowed("11111111-1111-4111-8111-111111111111", SOME_ID, "Policy.ReadWrite.All")


def test_what_policy_does_not_list_is_refused_and_what_it_lists_is_given() -> None:
    policy = load_policy(SHIPPED)
    listed = _resolved(MICROSOFT_GRAPH, "User.Read", "Scope")
    assert permission_breach("field", listed, policy) is None
    as_role = _resolved(MICROSOFT_GRAPH, "User.Read", "Role")
    breach = permission_breach("field", as_role, policy)
    assert breach is not None
    assert breach.code == "permission_not_allowed"


@pytest.mark.parametrize(
    ("pattern", "name", "meant"),
    [
        ("Mail.*", "Mail.Read", True),
        ("Mail.*", "Mail.ReadBasic.All", True),
        ("Mail.*", "Mail.Send", False),
        ("Mail.*", "Mail.ReadWrite", False),
        ("*", "User.Read.All", True),
        ("*", "Sites.Selected", False),
        ("*", "User.ReadWrite.All", False),
        ("*", "EWS.AccessAsUser.All", False),
        ("*", "Something.Frobnicate.All", False),
        ("*", "DeviceLocalCredential.Read.All", False),
        ("Mail.Send", "Mail.Send", True),
        ("User.ReadWrite.All", "User.ReadWrite.All", True),
        ("Mail.Send", "mail.send", False),
    ],
)
@pytest.mark.parametrize("kind", ["Scope", "Role"])
def test_a_wildcard_means_what_only_reads(pattern: str, name: str, kind: PermissionType, *, meant: bool) -> None:
    rule = PermissionsToApprove(api=MICROSOFT_GRAPH, delegated=(pattern,), application=(pattern,))
    policy = Policy(version="1", approval=ApprovalRules(permissions=(rule,)))
    assert needs_approval(_resolved(MICROSOFT_GRAPH, name, kind), policy) is meant
    assert (permission_breach("field", _resolved(MICROSOFT_GRAPH, name, kind), policy) is None) is meant


def test_every_api_is_a_wildcard_too() -> None:
    rule = PermissionsToApprove(api="*", delegated=("Tasks.Read", "*"))
    policy = Policy(version="1", approval=ApprovalRules(permissions=(rule,)))
    assert needs_approval(_resolved(MICROSOFT_GRAPH, "Tasks.Read", "Scope"), policy)
    assert not needs_approval(_resolved(AZURE_AD_GRAPH, "user_impersonation", "Scope"), policy)
    with pytest.raises(ValueError, match="'user_impersonation' of api '\\*' matches nothing"):
        Policy.model_validate(_approving("*", "user_impersonation"))


@pytest.mark.parametrize(
    "pattern", ["*.ReadWrite.All", "User.ReadWrite.*", "Mail.Send*", "*Write*", "*impersonation", "Directory.AccessAs*"]
)
def test_a_wildcard_that_could_only_mean_writing_is_no_policy(pattern: str) -> None:
    with pytest.raises(ValueError, match="matches nothing: a wildcard never covers"):
        Policy.model_validate(_approving(MICROSOFT_GRAPH, pattern))


@pytest.mark.parametrize(
    "pattern", ["*", "Mail.*", "Mail.R*", "*.All", "*.Read*", "DeviceManage*", "Us*r.Re*d", "User.Re*"]
)
def test_a_wildcard_that_can_mean_reading_is_one(pattern: str) -> None:
    assert Policy.model_validate(_approving(MICROSOFT_GRAPH, pattern)).approval.permissions


@pytest.mark.parametrize("kind", ["delegated", "application"])
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("User.ReadWrite.All", "'User.ReadWrite.All' of Graph is never automatic: whoever holds it changes people"),
        ("Group.Merge.All", "never automatic"),
        ("Mail.*", "'Mail.*' of Graph has a wildcard"),
    ],
)
def test_what_leads_to_control_and_what_is_not_named_is_never_automatic(kind: str, name: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Policy.model_validate({"version": "1", "apis": [{"name": "Graph", "app_id": MICROSOFT_GRAPH, kind: [name]}]})


def test_an_id_that_leads_to_control_needs_approval_under_any_name() -> None:
    permission = ApiPermission("741f803b-c850-494e-b5df-cde7c675a1ca", "Harmless.Read", "Role", enabled=True)
    resolved = ResolvedPermission(Api("sp", MICROSOFT_GRAPH, "Graph", None, (permission,)), permission)
    rules = {"name": "Graph", "app_id": MICROSOFT_GRAPH, "application": ["Harmless.Read"]}
    policy = Policy.model_validate({"version": "1", "apis": [rules]})
    breach = permission_breach("field", resolved, policy)
    assert breach is not None
    assert (breach.code, "whoever holds it changes people" in breach.message) == ("permission_not_allowed", True)


def _approving(api: str, pattern: str) -> dict[str, object]:
    return {"version": "1", "approval": {"permissions": [{"api": api, "delegated": [pattern]}]}}


def _resolved(app_id: str, name: str, permission_type: PermissionType) -> ResolvedPermission:
    permission = ApiPermission(SOME_ID, name, permission_type, enabled=True)
    return ResolvedPermission(Api("sp", app_id, "An API", None, (permission,)), permission)
