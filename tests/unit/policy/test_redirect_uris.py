"""Which redirect URIs policy allows: hosts, schemes of one's own, and placeholders."""

from pathlib import Path

import pytest

from shared.policy.policy_file import RedirectUriRules, load_policy
from shared.policy.redirect_uris import refusal


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
