"""Policy and the never-list: nobody buys rights with a message."""

import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.contract.request import RegistrationRequest, parse_request
from shared.model.directory import Api, ApiPermission, PermissionType, ResolvedPermission
from shared.policy.approval import needs_approval
from shared.policy.check import breaches, permission_breach
from shared.policy.never import AZURE_AD_GRAPH, MICROSOFT_GRAPH, is_never_allowed
from shared.policy.policy_file import (
    ApiRules,
    ApprovalRules,
    CredentialRules,
    Names,
    PermissionsToApprove,
    Policy,
    PolicyError,
    RedirectUriRules,
    load_policy,
)
from shared.policy.redirect_uris import refusal

EXAMPLE = Path(__file__).parents[3] / "examples" / "azure-digital-twins.json"
SHIPPED = Path(__file__).parents[3] / "policy.toml"
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


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("http://localhost", True),
        ("http://localhost:8400/callback", True),
        ("http://127.0.0.1:1234", True),
        ("https://app.contoso.example/signed-in", True),
        ("http://app.contoso.example", False),
        ("http://localhost.evil.example", False),
        ("http://localhost@evil.example", False),
        ("https://*.contoso.example", False),
        ("https://app.contoso.example/*", False),
        ("https://app.contoso.example/#fragment", False),
        ("https://user@app.contoso.example", False),
        ("https://app.contoso.example\\@evil.example", False),
        ("https://аpp.contoso.example", False),
        ("https:///no-host", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("ms-app://x", False),
        ("/relative", False),
        ("http://[::1", False),
    ],
)
def test_redirect_uris(uri: str, *, allowed: bool) -> None:
    assert (refusal(uri, RedirectUriRules(https_hosts=("*",)), public_client=True) is None) is allowed


ID = "6f1e2d3c-0000-4000-8000-000000000001"
CUSTOM = RedirectUriRules(
    https_hosts=("addin.contoso.example",), custom_schemes=("brk-multihub", "msal{clientId}", "com.contoso.*")
)


@pytest.mark.parametrize(
    ("uri", "client_id", "platform", "allowed"),
    [
        ("msal{clientId}://auth", None, "publicClient", True),
        ("msal{clientId}://auth", ID, "publicClient", True),
        (f"msal{ID}://auth", ID, "publicClient", True),
        (f"msal{ID}://auth", None, "publicClient", False),
        (f"msal{ID}://auth", ID.replace("1", "2"), "publicClient", False),
        ("msal00000000-0000-0000-0000-000000000000://auth", None, "publicClient", False),
        ("msal://auth", ID, "publicClient", False),
        ("msal{clientId}://auth", ID, "spa", False),
        ("msal{clientid}://auth", ID, "publicClient", False),
        ("msal{tenantId}://auth", ID, "publicClient", False),
        ("msal{clientId}}://auth", ID, "publicClient", False),
        ("{clientId}://auth", None, "publicClient", False),
        ("http://localhost/{x}", None, "publicClient", False),
        ("http://localhost/{clientId}", None, "publicClient", True),
        ("https://addin.contoso.example/{clientId}/cb", None, "web", True),
        ("https://{clientId}.contoso.example", None, "web", False),
        ("com.contoso.app://auth", None, "publicClient", True),
        ("com.contoso.{clientId}://auth", None, "publicClient", True),
        ("com.contoso.app://auth", None, "web", False),
        ("com.fabrikam.app://auth", None, "publicClient", False),
        ("com.contoso.{clientId}://" + "x" * 225, None, "publicClient", False),
        ("brk-multihub://addin.contoso.example", None, "spa", True),
        ("brk-multihub://addin.contoso.example:3000", None, "spa", True),
        ("brk-multihub://localhost:3000", None, "spa", True),
        ("brk-multihub://evil.example", None, "spa", False),
        ("brk-multihub://addin.contoso.example/", None, "spa", False),
        ("brk-multihub://addin.contoso.example/a?b", None, "spa", False),
        ("brk-multihub://", None, "spa", False),
        ("brk-multihub:addin.contoso.example", None, "spa", False),
        ("brk-multihub://addin.contoso.example", None, "publicClient", False),
        ("brk-multihub://addin.contoso.example", None, "web", False),
        ("brk-other://addin.contoso.example", None, "spa", False),
    ],
)
def test_schemes_of_brokers_and_placeholders(uri: str, client_id: str | None, platform: str, *, allowed: bool) -> None:
    """Seen: neither could be asked for, whatever policy said."""
    where = {"public_client": platform == "publicClient", "spa": platform == "spa"}
    assert (refusal(uri, CUSTOM, **where, client_id=client_id) is None) is allowed
    assert refusal(uri, RedirectUriRules(), **where, client_id=client_id) is not None or "localhost" in uri


@pytest.mark.parametrize("uri", ["brk-multihub://addin.contoso.example", "msal{clientId}://auth"])
def test_the_shipped_policy_allows_no_scheme_of_its_own(uri: str) -> None:
    shipped = load_policy(Path(__file__).parents[3] / "policy.toml")
    assert refusal(uri, shipped.redirect_uris, public_client=True) is not None
    assert refusal(uri, shipped.redirect_uris, public_client=False, spa=True) is not None


@pytest.mark.parametrize(
    "rule", ["*", "m*", "msal{id}", "msal{clientId}*", "{clientId}", "my app", "msal://", "a*b", ""]
)
def test_a_scheme_that_means_nothing_is_a_fault_of_the_policy(rule: str) -> None:
    with pytest.raises(ValueError, match="is neither a scheme such as"):
        RedirectUriRules(custom_schemes=(rule,))


def test_https_hosts_can_be_narrowed() -> None:
    rules = RedirectUriRules(https_hosts=("*.contoso.example", "one.fabrikam.example"))
    allowed = ["https://a.contoso.example", "https://a.b.contoso.example", "https://one.fabrikam.example"]
    refused = ["https://contoso.example", "https://evilcontoso.example", "https://two.fabrikam.example"]
    assert [refusal(uri, rules, public_client=False) is None for uri in allowed + refused] == [True] * 3 + [False] * 3


def test_custom_schemes_are_for_public_clients() -> None:
    rules = RedirectUriRules(custom_schemes=("msauth.com.contoso.app",))
    assert refusal("msauth.com.contoso.app://auth", rules, public_client=True) is None
    assert refusal("msauth.com.contoso.app://auth", rules, public_client=False) is not None


def test_a_wrong_policy_file_names_every_fault(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        'version = "1"\nadministrator = []\n[names]\nunique_name = "("\n[credentials]\nmax_lifetime_days = 0\n'
    )
    with pytest.raises(PolicyError) as error:
        load_policy(file)
    assert all(part in str(error.value) for part in (str(file), "administrator", "names.unique_name", "max_lifetime"))


@pytest.mark.parametrize(
    ("credential", "codes"),
    [
        ({"lifetimeDays": 180}, set[str]()),
        ({"lifetimeDays": 1}, set[str]()),
        ({"lifetimeDays": 180, "rotateBeforeDays": 90, "overlapDays": 90}, set[str]()),
        ({"lifetimeDays": 181}, {"lifetime_not_allowed"}),
        ({"lifetimeDays": 366}, {"lifetime_not_allowed"}),
        ({"lifetimeDays": 180, "rotateBeforeDays": 91}, {"rotation_not_allowed"}),
        ({"lifetimeDays": 180, "rotateBeforeDays": 10, "overlapDays": 11}, {"overlap_not_allowed"}),
        ({"lifetimeDays": 180, "overlapDays": 1}, {"overlap_not_allowed"}),
    ],
)
def test_the_times_of_a_credential_are_checked_against_each_other(credential: dict[str, int], codes: set[str]) -> None:
    request = json.loads(EXAMPLE.read_text())
    request["credentials"] = [{"name": "client-secret", "type": "secret"} | credential]
    parsed = parse_request(request)
    assert isinstance(parsed, RegistrationRequest)
    policy = Policy(version="1", credentials=CredentialRules(min_overlap_days=2))
    assert {problem.code for problem in breaches(parsed, policy)} == codes


def test_a_naming_rule_is_told_in_words() -> None:
    """By the policy's own text, if it has one; never by its pattern."""
    parsed = parse_request(json.loads(EXAMPLE.read_text()))
    assert isinstance(parsed, RegistrationRequest)
    rule = "[a-z]+-(test|prod)"
    plain = Policy(version="1", names=Names(unique_name=rule))
    hint = "Names end in -test or -prod, such as 'billing-test'."
    worded = Policy(version="1", names=Names(unique_name=rule, unique_name_hint=hint))
    (problem,), (better,) = breaches(parsed, plain), breaches(parsed, worded)
    assert (problem.field, problem.code) == ("application.uniqueName", "name_not_allowed")
    assert problem.message.startswith("'adt-client-dev' does not follow this organisation's naming rule. ")
    assert not {"[", "(", "^", "|"} & set(problem.message + better.message)
    assert better.message.endswith(hint)
    assert worded.digest() == plain.digest()


def test_an_overlap_that_would_outlive_a_credential_is_no_policy() -> None:
    with pytest.raises(
        ValueError, match="must not be more than overlap_days, nor overlap_days more than rotate_before_days"
    ):
        CredentialRules(rotate_before_days=5, overlap_days=7)


def test_vaults_are_chosen_by_name() -> None:
    policy = Policy.model_validate(
        {"version": "1", "vaults": [{"unique_name": "finance-.*", "url": "https://contoso-finance.vault.azure.net/"}]}
    )
    assert policy.vault_url("finance-app", "https://x.vault.azure.net/") == "https://contoso-finance.vault.azure.net"
    assert policy.vault_url("my-finance-app", "https://x.vault.azure.net/") == "https://x.vault.azure.net"


def _approving(api: str, pattern: str) -> dict[str, object]:
    return {"version": "1", "approval": {"permissions": [{"api": api, "delegated": [pattern]}]}}


def _resolved(app_id: str, name: str, permission_type: PermissionType) -> ResolvedPermission:
    permission = ApiPermission(SOME_ID, name, permission_type, enabled=True)
    return ResolvedPermission(Api("sp", app_id, "An API", None, (permission,)), permission)


@pytest.mark.parametrize("name", ["boss", "jürgen@contoso.com", "boss.@contoso.com", "CN=Boss", ""])
def test_an_administrator_whom_nobody_can_be_is_a_fault_of_the_policy(name: str) -> None:
    with pytest.raises(ValueError, match="is neither an object id nor an address"):
        Policy.model_validate({"version": "1", "administrators": [name]})


@pytest.mark.parametrize(
    "name", ["boss@contoso.com", "b_x.com#EXT#@contoso.onmicrosoft.com", "AAAAAAAA-0000-4000-8000-000000000005"]
)
def test_an_administrator_is_named_by_id_or_address(name: str) -> None:
    assert Policy.model_validate({"version": "1", "administrators": [name]}).administrators == (name,)


@pytest.mark.parametrize(
    "uri",
    ["https://graph.microsoft.com", "https://management.azure.com/", "api://orders", f"api://{MICROSOFT_GRAPH}/x"],
)
def test_policy_names_an_apis_audience_as_it_stands(uri: str) -> None:
    rules = ApiRules(name="An API", app_id=MICROSOFT_GRAPH, resource_uri=uri)
    assert Policy(version="1", apis=(rules,)).resource_uri(MICROSOFT_GRAPH.upper()) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "graph.microsoft.com",
        "https://",
        "https:",
        "https://a b",
        "https://a\n",
        "https://ä.example",
        "https://a/.default",
        "https://*.example",
        "https://a?b",
        "https://a#b",
        "https://" + "a" * 250,
    ],
)
def test_what_is_no_audience_is_no_policy(uri: str) -> None:
    with pytest.raises(ValidationError):
        ApiRules(name="An API", app_id=MICROSOFT_GRAPH, resource_uri=uri)


def test_without_policys_word_the_appid_is_the_audience() -> None:
    named = ApiRules(name="Graph", app_id=MICROSOFT_GRAPH)
    for policy in (Policy(version="1"), Policy(version="1", apis=(named,))):
        assert policy.resource_uri(MICROSOFT_GRAPH) == MICROSOFT_GRAPH


def test_an_audience_gives_nothing_so_what_waits_for_approval_waits_on() -> None:
    rules = ApiRules(name="Graph", app_id=MICROSOFT_GRAPH)
    named = rules.model_copy(update={"resource_uri": "https://graph.microsoft.com"})
    assert Policy(version="1", apis=(rules,)).digest() == Policy(version="1", apis=(named,)).digest()


def test_the_shipped_policy_names_the_audiences_of_the_walkthrough() -> None:
    policy = load_policy(SHIPPED)
    assert policy.resource_uri("0b07f429-9f4b-4714-9392-cc5e8e80c8b0") == "https://digitaltwins.azure.net"
    assert policy.resource_uri(MICROSOFT_GRAPH) == "https://graph.microsoft.com"
