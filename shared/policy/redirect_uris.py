"""Which redirect URIs are allowed: a code or a token goes wherever they point."""

from urllib.parse import SplitResult, urlsplit

from shared.policy.hosts import LOOPBACK, host_of
from shared.policy.model import RedirectUriRules

_DANGEROUS_SCHEMES = frozenset({"javascript", "data", "file", "blob", "about", "vbscript", "ftp", "ws", "wss"})


def refusal(uri: str, rules: RedirectUriRules, *, public_client: bool) -> str | None:
    """Say why a redirect URI is not allowed, as the end of a sentence; None when it is.

    The rules that no policy loosens follow Microsoft Learn, "Redirect URI (reply URL) restrictions": no
    wildcard, no fragment, `http` for loopback only. Custom schemes are for public clients alone.
    """
    if not uri.isascii() or not uri.isprintable() or " " in uri or "\\" in uri:
        return "it may hold only printable ASCII characters, no space and no backslash"
    if "*" in uri:
        return "it holds a wildcard"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "it is not a valid URI"
    if "#" in uri:
        return "it holds a fragment"
    if "@" in parts.netloc:
        return "it holds a user name"
    return _scheme_refusal(parts, rules, public_client=public_client)


def _scheme_refusal(parts: SplitResult, rules: RedirectUriRules, *, public_client: bool) -> str | None:
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
            allowed = public_client and scheme in {custom.casefold() for custom in rules.custom_schemes}
            return None if allowed else f"policy does not allow the scheme {scheme} here"


def _https_refusal(authority: str, host: str | None, rules: RedirectUriRules) -> str | None:
    if not authority:
        return "it names no host"
    if host is None:
        return "its host is no name of letters, digits and hyphens between dots, with a port or without"
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
