"""Protections of what is shipped: hosts of redirect URIs, and rules that judge what a request changes."""

from tests.chaos.sabotage.replacement import off

_HOSTS = "tests/unit/policy/test_hosts.py"
_SPELLING = "tests/unit/policy/test_spelling.py"
_UNCHANGED = "tests/component/registration/test_unchanged.py"

SHIPPED_SABOTAGES = (
    off(
        "no https host is allowed until policy names some",
        f"{_HOSTS}::test_no_https_host_is_allowed_until_policy_names_some",
        "shared/policy/policy_file.py",
        "https_hosts: tuple[HostRule, ...] = ()",
        'https_hosts: tuple[HostRule, ...] = ("*",)',
    ),
    off(
        "implicit grants are off unless policy allows them",
        f"{_HOSTS}::test_implicit_grants_are_off_and_credentials_live_half_a_year",
        "shared/policy/policy_file.py",
        "implicit_id_tokens: bool = False",
        "implicit_id_tokens: bool = True",
    ),
    off(
        "a malformed host matches no host rule",
        f"{_HOSTS}::test_a_malformed_host_matches_no_rule",
        "shared/policy/hosts.py",
        "return host if host in LOOPBACK or is_host(host) else None",
        "return host or None",
    ),
    off(
        "an address matches no host rule",
        f"{_HOSTS}::test_a_malformed_host_matches_no_rule",
        "shared/policy/hosts.py",
        "return _ENDS_IN_A_NUMBER.fullmatch(lower) is None",
        "return True",
    ),
    off(
        "a malformed port matches no host rule",
        f"{_HOSTS}::test_a_malformed_host_matches_no_rule",
        "shared/policy/hosts.py",
        '"(?P<host>[^:]*)(?::(?P<port>[0-9]{1,5}))?"',
        '"(?P<host>[^:]*)(?::.*)?(?P<port>[0-9]{9})?"',
    ),
    off(
        "a host of a rule's domain ends in a dot and the domain",
        "tests/unit/policy/test_redirect_uris.py::test_https_hosts_can_be_narrowed",
        "shared/policy/redirect_uris.py",
        "host.endswith(rule[1:])",
        "host.endswith(rule[2:])",
    ),
    off(
        "a rule that came later judges what a request changes, and only that",
        f"{_UNCHANGED}::test_a_change_of_something_else_leaves_an_app_what_it_has_had",
        "shared/policy/check.py",
        "            if uri in known:",
        "            if not uri:",
    ),
    off(
        "what an app has had on another platform is not its own on this one",
        f"{_UNCHANGED}::test_what_a_request_changes_is_judged_by_todays_policy",
        "shared/policy/check.py",
        "            if uri in known:",
        '            if any(uri in had.uris(each) for each in ("publicClient", "web", "spa")):',
    ),
    off(
        "what is issued lives no longer than today's policy says",
        f"{_UNCHANGED}::test_what_a_request_that_asks_for_a_year_as_ever_is_issued_lives_by_todays_policy",
        "shared/registration/credentials.py",
        "lifetime_days = min(spec.lifetime_days, rules.max_lifetime_days)",
        "lifetime_days = spec.lifetime_days",
    ),
    off(
        "a lifetime that rotation has shortened is still what was asked for",
        f"{_UNCHANGED}::test_a_credential_of_a_year_is_rotated_and_its_request_stays_as_it_was",
        "shared/registration/register.py",
        "days = {attempt.application.lifetimes.get(name), _days_of(each)}",
        "days = {_days_of(each)}",
    ),
    off(
        "a display name is of one script",
        f"{_SPELLING}::test_scripts_are_not_mixed",
        "shared/policy/spelling.py",
        "return _in_common(told) or bool(_BESIDE_LATIN.intersection(*beside_latin))",
        "return _in_common(told) or not _BESIDE_LATIN.intersection(*beside_latin)",
    ),
    off(
        "a letter of a script that nobody recommends is in no display name",
        f"{_SPELLING}::test_scripts_are_not_mixed",
        "shared/policy/spelling.py",
        "return scripts if code <= last else frozenset()",
        "return scripts",
    ),
    off(
        "what looks like a protected name is one",
        f"{_SPELLING}::test_what_looks_like_a_protected_name_is_found",
        "shared/policy/spelling.py",
        "return bare.translate(_looks_like())",
        "return bare",
    ),
    off(
        "a display name is judged when it changes, and only then",
        f"{_SPELLING}::test_a_name_is_judged_when_it_changes",
        "shared/policy/check.py",
        "if had.state is None or application.display_name != had.state.display_name:",
        "if application.display_name:",
    ),
)
