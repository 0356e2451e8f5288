"""A policy means what it says, and what is none is refused with every fault."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.contract.request import RegistrationRequest, parse_request
from shared.policy.check import breaches
from shared.policy.never import MICROSOFT_GRAPH
from shared.policy.policy_file import ApiRules, CredentialRules, Names, Policy, PolicyError, load_policy
from tests.policies import SHIPPED

EXAMPLE = Path(__file__).parents[3] / "examples" / "azure-digital-twins.json"


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
