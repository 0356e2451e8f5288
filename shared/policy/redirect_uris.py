"""Which redirect URIs are allowed: codes and tokens are sent to them."""

from urllib.parse import SplitResult, urlsplit

from shared.core.naming import CLIENT_ID_PLACEHOLDER, with_client_id
from shared.policy.hosts import LOOPBACK, host_of
from shared.policy.policy_file import RedirectUriRules

_DANGEROUS_SCHEMES = frozenset({"javascript", "data", "file", "blob", "about", "vbscript", "ftp", "ws", "wss"})
_BROKER = "brk-"
"""Prefix of nested app authentication schemes: a host such as Outlook signs in for pages of the following origin."""
NO_CLIENT_ID = "00000000-0000-0000-0000-000000000000"
"""Placeholder for the id of an application that does not exist yet, if only the form of a URI matters."""
_MAX_LENGTH = 256


def refusal(
    uri: str, rules: RedirectUriRules, *, public_client: bool, spa: bool = False, client_id: str | None = None
) -> str | None:
    """Return why a redirect URI is not allowed, as the end of a sentence; None if it is.

    It is checked with the placeholder filled in; `client_id` is the application's, None before it is created. The rules
    that no policy can loosen follow Microsoft Learn, "Redirect URI (reply URL) restrictions": no wildcard, no fragment,
    `http` for loopback only. Custom schemes are for public clients only, and those of brokers for single-page
    applications (Microsoft Learn, "Enable SSO in an Office Add-in using nested app authentication").
    """
    filled = with_client_id(uri, client_id or NO_CLIENT_ID)
    if not filled.isascii() or not filled.isprintable() or " " in filled or "\\" in filled:
        return "it may hold only printable ASCII characters, no space and no backslash"
    if "{" in filled or "}" in filled:
        return f"of braces it may have only the placeholder {CLIENT_ID_PLACEHOLDER}, spelled just so"
    if len(filled) > _MAX_LENGTH:
        return f"with the client id filled in it has more than {_MAX_LENGTH} characters"
    if "*" in filled:
        return "it holds a wildcard"
    try:
        parts = urlsplit(filled)
        _ = parts.port
    except ValueError:
        return "it is not a valid URI"
    if "#" in filled:
        return "it holds a fragment"
    if "@" in parts.netloc:
        return "it holds a user name"
    known = client_id or (NO_CLIENT_ID if filled != uri else None)
    if parts.scheme.startswith(_BROKER):
        return _broker_refusal(parts, rules, spa=spa, client_id=known)
    return _scheme_refusal(parts, rules, public_client=public_client, client_id=known)


def _scheme_refusal(
    parts: SplitResult, rules: RedirectUriRules, *, public_client: bool, client_id: str | None
) -> str | None:
    host = host_of(parts.netloc)
    match parts.scheme:
        case "https":
            return _https_refusal(parts.netloc, host, rules)
        case "http":
            if host not in LOOPBACK:
                return "http is allowed for localhost only; use https"
            return None if rules.loopback_http else "policy does not allow http, not even for localhost"
        case "":
            return "it is not an absolute URI"
        case scheme if scheme in _DANGEROUS_SCHEMES:
            return f"the scheme {scheme} is never allowed"
        case scheme:
            allowed = public_client and _is_named(scheme, rules, client_id)
            return None if allowed else f"policy does not allow the scheme {scheme} here"


def _broker_refusal(parts: SplitResult, rules: RedirectUriRules, *, spa: bool, client_id: str | None) -> str | None:
    """Check a broker's redirect URI: tokens sent to it reach only pages of the origin that it names."""
    if not spa:
        return f"the scheme {parts.scheme} belongs under spa"
    if not _is_named(parts.scheme, rules, client_id):
        return f"policy does not allow the scheme {parts.scheme}"
    if parts.path or parts.query:
        return "after the scheme of a broker stands a domain, without a path and without a slash at its end"
    return _https_refusal(parts.netloc, host_of(parts.netloc), rules)


def _is_named(scheme: str, rules: RedirectUriRules, client_id: str | None) -> bool:
    """Return whether policy allows a scheme: in full, by prefix, or with the application's own client id."""
    return any(_means(rule.casefold(), scheme, client_id) for rule in rules.custom_schemes)


def _means(rule: str, scheme: str, client_id: str | None) -> bool:
    if rule.endswith("*"):
        return scheme.startswith(rule[:-1])
    placeholder = CLIENT_ID_PLACEHOLDER.casefold()
    if placeholder in rule:
        # A scheme with another application's id belongs to that application.
        return client_id is not None and scheme == rule.replace(placeholder, client_id.casefold())
    return scheme == rule


def _https_refusal(authority: str, host: str | None, rules: RedirectUriRules) -> str | None:
    if not authority:
        return "it names no host"
    if host is None:
        return "its host is not a name of letters, digits and hyphens between dots, with or without a port"
    if _host_allowed(host, rules):
        return None
    if not rules.https_hosts:
        return f"policy names no https hosts yet; for this one, redirect_uris.https_hosts in policy.toml names {host}"
    return f"policy does not allow its host; for that, redirect_uris.https_hosts in policy.toml names {host}"


def _host_allowed(host: str, rules: RedirectUriRules) -> bool:
    for rule in rules.https_hosts:
        if rule in ("*", host) or (rule.startswith("*.") and host.endswith(rule[1:])):
            return True
    return host in LOOPBACK and rules.loopback_http
