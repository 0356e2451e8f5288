"""No host outside a rule's domain is allowed, however its URI is written and whoever reads it."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.policy.hosts import host_of, is_host
from shared.policy.policy_file import Flows, Policy, RedirectUriRules, load_policy
from shared.policy.redirect_uris import refusal
from tests.policies import SHIPPED

OURS = RedirectUriRules(https_hosts=("*.contoso.example", "one.fabrikam.example"), loopback_http=False)
ANY = RedirectUriRules(https_hosts=("*",), loopback_http=False)
MALFORMED = [
    "evil.com%2f.contoso.example",
    "evil.com%2F.contoso.example",
    ".contoso.example",
    "a..contoso.example",
    "a.contoso.example.",
    "-a.contoso.example",
    "a-.contoso.example",
    "a_b.contoso.example",
    "evil.com;.contoso.example",
    "evil.com,.contoso.example",
    "evil.com!.contoso.example",
    "evil.com$.contoso.example",
    "evil.com&.contoso.example",
    "evil.com'.contoso.example",
    "evil.com(.contoso.example",
    "evil.com|.contoso.example",
    "evil.com^.contoso.example",
    "evil.com<.contoso.example",
    'evil.com".contoso.example',
    "evil.com`.contoso.example",
    "evil.com{.contoso.example",
    "evil.com\x00.contoso.example",
    "evil.com\t.contoso.example",
    "evil.com\x7f.contoso.example",
    "evil.com%00.contoso.example",
    "evil.com\u3002contoso.example",
    "b\u00fccher.contoso.example",
    "\uff45vil.contoso.example",
    "evil.com:443.contoso.example",
    "evil.com:.contoso.example",
    "a.contoso.example:",
    "a.contoso.example:0",
    "a.contoso.example:65536",
    "a.contoso.example:+443",
    "a.contoso.example:0x1bb",
    "a.contoso.example:443:443",
    "user@a.contoso.example",
    "user:word@a.contoso.example",
    "[2001:db8::1]",
    "[::ffff:192.0.2.1]",
    "192.0.2.1",
    "192.0.513",
    "3221225985",
    "0xc0000201",
    "0300.0.2.1",
    "a.0x7f",
    "x" * 64 + ".contoso.example",
    "x." * 130 + "contoso.example",
    "*.contoso.example",
    " a.contoso.example",
]


@pytest.mark.parametrize("rules", [OURS, ANY])
@pytest.mark.parametrize("host", MALFORMED)
@pytest.mark.parametrize("public_client", [True, False])
def test_a_malformed_host_matches_no_rule(host: str, rules: RedirectUriRules, *, public_client: bool) -> None:
    assert refusal(f"https://{host}/cb", rules, public_client=public_client) is not None


@pytest.mark.parametrize(
    "authority",
    [
        "a.contoso.example",
        "A.Contoso.EXAMPLE",
        "a.contoso.example:8443",
        "xn--bcher-kva.contoso.example",
        "1.contoso.example",
    ],
)
def test_a_host_of_ours_is_allowed(authority: str) -> None:
    assert refusal(f"https://{authority}/cb?x=1", OURS, public_client=False) is None
    assert host_of(authority) == authority.lower().partition(":")[0]


@pytest.mark.parametrize(
    "uri",
    [
        "https:evil.com",
        "https:/evil.com",
        "https:///evil.com/cb",
        "https:",
        "https://",
        "//evil.com",
        "https:\\\\evil.com",
    ],
)
def test_what_names_no_host_to_everybody_is_refused(uri: str) -> None:
    assert refusal(uri, ANY, public_client=True) is not None


def test_no_https_host_is_allowed_until_policy_names_some() -> None:
    for rules in (RedirectUriRules(), load_policy(SHIPPED).redirect_uris):
        why = refusal("https://app.contoso.example/cb", rules, public_client=False)
        assert why is not None
        assert "redirect_uris.https_hosts in policy.toml names app.contoso.example" in why
        assert refusal("http://localhost", rules, public_client=True) is None


def test_implicit_grants_are_off_and_credentials_live_half_a_year() -> None:
    for policy in (Policy(version="1"), load_policy(SHIPPED)):
        assert policy.flows == Flows(public_client_flows=True, implicit_id_tokens=False, implicit_access_tokens=False)
        assert policy.credentials.max_lifetime_days == 180


@pytest.mark.parametrize(
    "rule",
    ["https://contoso.example", "*contoso.example", "*.", "", "a b", "a.*.example", "192.0.2.1", "b\u00fccher.example"],
)
def test_a_rule_that_names_no_host_is_no_policy(rule: str) -> None:
    with pytest.raises(ValueError, match="is neither a host name"):
        RedirectUriRules(https_hosts=(rule,))


WRITTEN = (
    "evil.com .contoso.example contoso.example one.fabrikam.example a . .. : 443 / @ %2f %2e %40 %00 ? # ; & = [ ]"
)
ODD = "\\|[::1]|127.0.0.1|0x7f|-|_|\t|\n|\u3002|\uff0f|\u00ad|\u200d|\u2100|xn--|EVIL.COM|//|*"
_PIECES = st.one_of(st.sampled_from([*WRITTEN.split(" "), *ODD.split("|")]), st.text(max_size=3))
_SCHEMES = st.sampled_from(["https://", "https://a", "HTTPS://", "https:", "https:/", "https:\\\\", "https:///"])
_ENDS = st.sampled_from(["", ".contoso.example", ".contoso.example/cb"])


@given(_SCHEMES, st.lists(_PIECES, max_size=5), _ENDS)
@example("https://", ["a"], ".contoso.example/cb")
def test_whatever_is_allowed_is_ours_to_every_parser(scheme: str, pieces: list[str], end: str) -> None:
    uri = scheme + "".join(pieces) + end
    if refusal(uri, OURS, public_client=False) is None:
        for host in (_as_rfc_3986(uri), _as_whatwg(uri)):
            assert host.endswith(".contoso.example") or host == "one.fabrikam.example", uri
            assert is_host(host)


@given(st.lists(_PIECES, max_size=5))
def test_a_host_is_one_to_every_reader(pieces: list[str]) -> None:
    name = "".join(pieces)
    if is_host(name):
        assert re.fullmatch(r"[A-Za-z0-9.-]+", name)
        assert ".." not in name
        assert not name.startswith((".", "-"))
        assert not name.endswith((".", "-"))


def _as_rfc_3986(uri: str) -> str:
    """Read the host by the regular expression of RFC 3986, appendix B, and section 3.2."""
    found = re.match(r"^(?:[^:/?#]+:)?(?://([^/?#]*))?", uri)
    assert found is not None
    authority = (found[1] or "").rpartition("@")[2]
    return re.sub(r":[0-9]*$", "", authority).lower()


def _as_whatwg(uri: str) -> str:
    """Read the host as a browser does (URL Standard, basic URL parser, for a special scheme)."""
    cleaned = re.sub(r"[\t\n\r]", "", uri.strip("".join(map(chr, range(0x21)))))
    rest = re.sub(r"^https:[/\\]*", "", cleaned, flags=re.IGNORECASE)
    authority = re.split(r"[/\\?#]", rest)[0].rpartition("@")[2]
    return unquote(re.sub(r":[0-9]*$", "", authority)).lower()
