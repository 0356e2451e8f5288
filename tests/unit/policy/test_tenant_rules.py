"""The tenant's app management policies: every restriction at its field, and nothing said of what nobody can know."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.core.errors import Problem
from shared.model.directory import ApplicationState, CredentialType
from shared.policy.policy_file import CredentialRules, Policy, TenantFacts
from shared.policy.tenant import (
    NewCredential,
    TenantRules,
    audience_breaches,
    credential_breaches,
    days_within,
    late_refusal,
    life_within,
)
from shared.policy.tenant_reading import restrictions_of
from shared.policy.tenant_uris import redirect_uri_breaches

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
EXEMPTION = {
    "@odata.type": "#microsoft.graph.customSecurityAttributeStringValueExemption",
    "id": "PolicyExemptions_AppManagementExemption",
    "operator": "equals",
    "value": "Registrar",
}
EXCLUDED = {"customSecurityAttributes": [EXEMPTION]}
NO_SECRETS = {"restrictionType": "passwordAddition", "state": "enabled"}
HALF_A_YEAR = {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P180D"}
CERTIFICATES = {"restrictionType": "asymmetricKeyLifetime", "state": "enabled", "maxLifetime": "P180D"}
AUTHORITIES = {
    "restrictionType": "trustedCertificateAuthority",
    "state": "enabled",
    "certificateBasedApplicationConfigurationIds": ["eec5ba11-2fc0-4113-83a2-ed986ed13743"],
}


def tenant(*passwords: Any, keys: tuple[Any, ...] = (), enabled: object = True, **more: Any) -> dict[str, Any]:
    """A tenant's policy."""
    section = {"passwordCredentials": list(passwords), "keyCredentials": list(keys), **more}
    return {"isEnabled": enabled, "applicationRestrictions": section, "servicePrincipalRestrictions": section}


def own(*passwords: Any, keys: tuple[Any, ...] = (), enabled: object = True, **more: Any) -> dict[str, Any]:
    """An app's own policy, which has another shape."""
    restrictions = {"passwordCredentials": list(passwords), "keyCredentials": list(keys)}
    return {"isEnabled": enabled, "restrictions": {**restrictions, "applicationRestrictions": more}}


def rules(policy: object, *policies: object, **facts: Any) -> TenantRules:
    """The rules for a new app, unless `facts` say otherwise."""
    return replace(TenantRules(restrictions_of(policy, policies), created=NOW, is_new=True), **facts)


def new(kind: CredentialType = "secret", days: int = 180, **more: Any) -> NewCredential:
    """A credential that is to be issued."""
    return NewCredential(kind, timedelta(days=days), "credentials[0].type", "credentials[0].lifetimeDays", **more)


def problems(
    known: TenantRules, *credentials: NewCredential, policy: CredentialRules | None = None
) -> list[tuple[str, str, str]]:
    found = credential_breaches(known, credentials, policy or CredentialRules())
    return [(each.field, each.code, each.message) for each in found]


def test_forbidden_secrets_are_told_at_their_type() -> None:
    (problem,) = problems(rules(tenant(NO_SECRETS)), new())
    assert problem == (
        "credentials[0].type",
        "tenant_forbids_secrets",
        "Your tenant does not allow client secrets for new apps. Ask for a certificate.",
    )
    assert problems(rules(tenant(NO_SECRETS)), new("certificate")) == []


def test_what_to_ask_for_instead_is_something_that_can_be_had() -> None:
    kept = problems(rules(tenant(NO_SECRETS), is_new=False), new(is_kept=True))[0][2]
    assert kept.startswith("Your tenant does not allow new client secrets for this app. ")
    assert kept.endswith("Ask for a certificate under another name.")
    only_secrets = CredentialRules(types=("secret",))
    for known, policy in (
        (rules(tenant(NO_SECRETS)), only_secrets),
        (rules(tenant(NO_SECRETS, keys=(AUTHORITIES,))), CredentialRules()),
    ):
        assert problems(known, new(), policy=policy)[0][2].endswith("Talk to your Entra administrators.")


def test_self_signed_certificates_are_forbidden_where_authorities_are_named() -> None:
    (problem,) = problems(rules(tenant(keys=(AUTHORITIES,))), new("certificate"))
    assert problem[:2] == ("credentials[0].type", "tenant_forbids_certificates")
    assert problem[2].endswith("Ask for a client secret.")


@pytest.mark.parametrize("kind", ["secret", "certificate"])
def test_a_lifetime_beyond_the_tenants_is_told_with_the_most_that_can_be_had(kind: CredentialType) -> None:
    known = rules(tenant(HALF_A_YEAR, keys=(CERTIFICATES,)))
    assert problems(known, new(kind, 180)) == []
    (problem,) = problems(known, new(kind, 181))
    assert problem[:2] == ("credentials[0].lifetimeDays", "tenant_limits_lifetime")
    assert problem[2].endswith("live for 180 days at most. Ask for 180 days or less.")


@pytest.mark.parametrize(
    ("kind", "restriction", "policy"),
    [
        ("secret", HALF_A_YEAR | {"maxLifetime": "PT20H"}, CredentialRules()),
        ("secret", HALF_A_YEAR | {"maxLifetime": "P5D"}, CredentialRules(min_lifetime_days=30)),
        ("certificate", CERTIFICATES | {"maxLifetime": "P30D"}, CredentialRules()),
    ],
)
def test_nobody_is_told_to_ask_for_what_the_registrar_does_not_issue(
    kind: CredentialType, restriction: dict[str, Any], policy: CredentialRules
) -> None:
    known = rules(tenant(restriction)) if kind == "secret" else rules(tenant(keys=(restriction,)))
    (problem,) = problems(known, new(kind, 60), policy=policy)
    assert "the registrar issues none for less than" in problem[2]


@pytest.mark.parametrize("name", ["customPasswordAddition", "symmetricKeyAddition", "symmetricKeyLifetime", "later"])
def test_what_no_request_does_restricts_none(name: str) -> None:
    restriction = {"restrictionType": name, "state": "enabled", "maxLifetime": "P1D"}
    assert problems(rules(tenant(restriction)), new(), new("certificate")) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "disabled"},
        {"state": "unknownFutureValue"},
        {"state": 7},
        {"restrictForAppsCreatedAfterDateTime": "2026-12-01T00:00:00Z"},
        {"restrictForAppsCreatedAfterDateTime": "soon"},
        {"restrictForAppsCreatedAfterDateTime": "2026-01-01T00:00:00"},
        {"excludeActors": EXCLUDED},
        {"excludeActors": {"groups": ["another kind, later"]}},
        {"excludeActors": "anybody"},
    ],
    ids=str,
)
def test_what_may_not_hold_is_left_to_graph(changes: dict[str, Any]) -> None:
    assert problems(rules(tenant(NO_SECRETS | changes)), new()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"restrictForAppsCreatedAfterDateTime": None},
        {"restrictForAppsCreatedAfterDateTime": "2026-11-30T08:59:59.1234567Z"},
        {"excludeActors": None},
        {"excludeActors": {"customSecurityAttributes": []}},
        {"maxLifetime": None},
    ],
    ids=str,
)
def test_what_holds_for_everybody_is_judged(changes: dict[str, Any]) -> None:
    assert [code for _, code, _ in problems(rules(tenant(NO_SECRETS | changes)), new())] == ["tenant_forbids_secrets"]


@pytest.mark.parametrize(
    ("created", "is_restricted"),
    [(NOW - timedelta(days=400), False), (NOW - timedelta(days=30), True), (None, False)],
)
def test_an_apps_age_decides_whether_it_is_restricted(created: datetime | None, is_restricted: bool) -> None:
    dated = NO_SECRETS | {"restrictForAppsCreatedAfterDateTime": "2026-01-01T00:00:00Z"}
    assert bool(problems(rules(tenant(dated), created=created, is_new=False), new())) is is_restricted


@pytest.mark.parametrize(("exempt", "is_restricted"), [(True, False), (False, True), (None, False)])
def test_policy_says_whether_the_registrar_is_exempt(exempt: bool | None, is_restricted: bool) -> None:
    known = rules(tenant(NO_SECRETS | {"excludeActors": EXCLUDED}), registrar_is_exempt=exempt)
    assert bool(problems(known, new())) is is_restricted
    everybody = rules(tenant(NO_SECRETS), registrar_is_exempt=exempt)
    assert problems(everybody, new()), "whoever is not excluded by the restriction is not exempt from it"


@pytest.mark.parametrize("policy", [None, [], "x", {}, {"isEnabled": "yes"}, tenant(NO_SECRETS, enabled=False), 7])
def test_a_policy_that_is_off_or_that_nobody_can_read_restricts_nothing(policy: object) -> None:
    assert restrictions_of(policy, []) == {}


@pytest.mark.parametrize(
    "policy",
    [
        tenant(7, None, "x", [], {"restrictionType": ["passwordAddition"]}),
        tenant(audiences=["x"], redirectUris={"uriWithBlockedScheme": "x"}),
        {"isEnabled": True, "applicationRestrictions": {"passwordCredentials": {"restrictionType": "x"}}},
    ],
)
def test_what_has_another_shape_is_left_out(policy: object) -> None:
    assert restrictions_of(policy, []) == {}


@pytest.mark.parametrize("text", ["P6M", "P1Y", "180", "P", "PT", "", None, 180, "P-1D", "P1W"])
def test_a_lifetime_that_has_no_fixed_length_is_left_to_graph(text: object) -> None:
    assert restrictions_of(tenant(HALF_A_YEAR | {"maxLifetime": text}), []) == {}


def test_every_fixed_length_is_understood() -> None:
    known = rules(tenant(HALF_A_YEAR | {"maxLifetime": "P4DT12H30M5.5S"}))
    assert known.longest("secret") == timedelta(days=4, hours=12, minutes=30, seconds=5)


def test_an_apps_own_policy_takes_the_place_of_the_tenants() -> None:
    allowed = own(NO_SECRETS | {"state": "disabled"}, HALF_A_YEAR | {"maxLifetime": "P90D"})
    known = rules(tenant(NO_SECRETS), allowed)
    assert problems(known, new(days=90)) == []
    assert [code for _, code, _ in problems(known, new(days=91))] == ["tenant_limits_lifetime"]
    assert [code for _, code, _ in problems(rules(tenant(), own(NO_SECRETS)), new())] == ["tenant_forbids_secrets"]


def test_what_an_apps_own_policy_does_not_mention_is_left_to_graph() -> None:
    """Microsoft's documents say both: that the app inherits nothing, and that it falls back to the tenant's."""
    assert problems(rules(tenant(NO_SECRETS, HALF_A_YEAR), own()), new(days=999)) == []
    for unclear in ([own(NO_SECRETS, enabled=False)], [own(NO_SECRETS), own()], ["x"]):
        assert problems(rules(tenant(NO_SECRETS), *unclear), new()) == []


@pytest.mark.parametrize(
    ("audience", "restriction", "field"),
    [
        ("AzureADMultipleOrgs", "azureAdMultipleOrgs", "application.signInAudience"),
        ("PersonalMicrosoftAccount", "personalMicrosoftAccount", "application.signInAudience"),
        ("AzureADandPersonalMicrosoftAccount", "personalMicrosoftAccount", "application.signInAudience"),
    ],
)
def test_an_audience_is_judged_where_a_request_changes_it(audience: str, restriction: str, field: str) -> None:
    known = rules(tenant(audiences={restriction: {"state": "enabled"}}))
    (problem,) = audience_breaches(known, audience, None)
    assert (problem.field, problem.code) == (field, "tenant_forbids_audience")
    assert list(audience_breaches(known, audience, ApplicationState(display_name="x", sign_in_audience=audience))) == []
    assert list(audience_breaches(known, "AzureADMyOrg", None)) == []


URIS: dict[str, Any] = {
    "uriWithBlockedScheme": {"state": "enabled", "blockedSchemes": ["http"], "spa": {"blockedSchemes": ["myapp"]}},
    "uriWithoutAllowedScheme": {
        "state": "enabled",
        "allowedSchemes": ["https"],
        "publicClient": {"allowedSchemes": ["*"]},
    },
    "uriWithBlockedDomain": {"state": "enabled", "blockedDomains": ["tempuri.org"]},
    "uriWithoutAllowedDomain": {
        "state": "enabled",
        "allowedDomains": ["contoso.example"],
        "web": {"allowedDomains": ["app.contoso.example"]},
    },
}


@pytest.mark.parametrize(
    ("restriction", "platform", "uri", "is_forbidden"),
    [
        ("uriWithBlockedScheme", "web", "http://localhost:5000", True),
        ("uriWithBlockedScheme", "spa", "http://localhost:5000", False),  # its own list may be the one that counts
        ("uriWithBlockedScheme", "web", "https://contoso.example", False),
        ("uriWithoutAllowedScheme", "web", "http://localhost", True),
        ("uriWithoutAllowedScheme", "publicClient", "msauth.app://auth", False),
        ("uriWithBlockedDomain", "web", "https://TEMPURI.org/x", True),
        ("uriWithBlockedDomain", "web", "https://a.tempuri.org/x", False),
        ("uriWithoutAllowedDomain", "web", "https://app.contoso.example/x", False),
        ("uriWithoutAllowedDomain", "web", "https://contoso.example/x", False),
        ("uriWithoutAllowedDomain", "spa", "https://app.contoso.example/x", True),
        ("uriWithoutAllowedDomain", "spa", "http://localhost/x", False),
        ("uriWithoutAllowedDomain", "spa", "https://[::1", False),
    ],
)
def test_a_redirect_uri_is_forbidden_where_every_reading_forbids_it(
    restriction: str, platform: str, uri: str, is_forbidden: bool
) -> None:
    known = rules(tenant(redirectUris={restriction: URIS[restriction]}))
    found = list(redirect_uri_breaches(known, {platform: (uri,)}, None))
    assert bool(found) is is_forbidden
    for problem in found:
        assert problem.field == f"application.{platform}.redirectUris[0]"
        assert problem.code == "tenant_forbids_redirect_uri"
    there = ApplicationState(
        display_name="x",
        sign_in_audience="AzureADMyOrg",
        web_redirect_uris=frozenset({uri}),
        spa_redirect_uris=frozenset({uri}),
        public_client_redirect_uris=frozenset({uri}),
    )
    assert list(redirect_uri_breaches(known, {platform: (uri,)}, there)) == [], "what is there is not added"


def test_formats_that_are_exempt_are_left_to_graph() -> None:
    blocked = URIS["uriWithBlockedScheme"] | {"exemptFormats": ["http://localhost"]}
    known = rules(tenant(redirectUris={"uriWithBlockedScheme": blocked}))
    assert list(redirect_uri_breaches(known, {"web": ("http://localhost",)}, None)) == []


def test_a_lifetime_is_cut_to_the_tenants_with_room_for_its_clock() -> None:
    longest = timedelta(days=180)
    assert (days_within(365, longest), days_within(90, longest), days_within(365, None)) == (180, 90, 365)
    assert life_within(timedelta(days=180), longest) < longest - timedelta(minutes=1)
    assert life_within(timedelta(days=90), longest) == timedelta(days=90)
    assert life_within(timedelta(days=365), None) == timedelta(days=365)


@pytest.mark.parametrize(
    ("code", "field"),
    [
        ("CredentialTypeNotAllowedAsPerAppPolicy", "credentials[1].type"),
        ("CredentialInvalidLifetimeAsPerAppPolicy", "credentials[1].lifetimeDays"),
    ],
)
def test_graphs_own_refusal_names_the_field_and_keeps_its_code(code: str, field: str) -> None:
    told = late_refusal(
        Problem("credentials", code, "Microsoft Graph answered 400"),
        "secret",
        "credentials[1].type",
        "credentials[1].lifetimeDays",
    )
    assert (told.field, told.code) == (field, code)
    assert told.message.startswith("Your tenant does not let ")
    assert "400" not in told.message


@pytest.mark.parametrize(
    ("type_field", "field"), [("credentials[1].type", "credentials[1]"), ("credential", "credential")]
)
def test_another_refusal_names_the_credential_that_asks_and_stays_as_it_is_else(type_field: str, field: str) -> None:
    problem = Problem("credentials", "another", "as it is")
    assert late_refusal(problem, "secret", type_field, "b") == replace(problem, field=field)
    elsewhere = replace(problem, field="application")
    assert late_refusal(elsewhere, "secret", type_field, "b") is elsewhere


def test_a_policy_that_says_nothing_of_the_tenant_binds_what_it_bound_before() -> None:
    silent, loud = Policy(version="1"), Policy(version="1", tenant=TenantFacts(registrar_is_exempt=True))
    assert "tenant" not in silent.model_dump_json()
    assert silent.digest() != loud.digest()
