"""Redirect URIs forbidden by the tenant's app management policies. Pure.

Graph's v1.0 responses do not contain these restrictions yet; the beta documents them (Microsoft Learn,
redirectUriConfiguration). It does not say whether a platform's list replaces the general one or adds to it: a URI is
refused here only if it is forbidden either way.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from shared.core.errors import Problem
from shared.core.text import echo
from shared.model.directory import ApplicationState
from shared.policy.hosts import LOOPBACK, host_of
from shared.policy.tenant import Restriction, TenantRules

_PLATFORMS = {
    "publicClient": "public_client_redirect_uris",
    "web": "web_redirect_uris",
    "spa": "spa_redirect_uris",
}


def redirect_uri_breaches(
    rules: TenantRules, asked: Mapping[str, tuple[str, ...]], seen: ApplicationState | None
) -> Iterator[Problem]:
    """Yield a problem for each new redirect URI the tenant forbids; `asked` is by platform, in the request's order."""
    for platform, uris in asked.items():
        known: frozenset[str] = getattr(seen, _PLATFORMS[platform]) if seen is not None else frozenset()
        for index, uri in enumerate(uris):
            why = _refusal(rules, platform, uri) if uri not in known else None
            if why is not None:
                field = f"application.{platform}.redirectUris[{index}]"
                yield Problem(field, "tenant_forbids_redirect_uri", f"Your tenant does not allow {echo(uri)}: {why}.")


def _refusal(rules: TenantRules, platform: str, uri: str) -> str | None:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    scheme, host = parts.scheme.casefold(), host_of(parts.netloc)
    found = rules.restriction("uriWithBlockedScheme")
    if found is not None and not _has_exceptions(found, platform) and scheme in _blocked(found, platform, "Schemes"):
        return f"it blocks the scheme {scheme}"
    found = rules.restriction("uriWithoutAllowedScheme")
    allowed = _allowed(found, platform, "Schemes") if found is not None else frozenset[str]()
    if allowed and not allowed & {scheme, "*"}:
        return f"it allows the schemes {', '.join(sorted(allowed))}"
    if scheme != "https" or host is None or host in LOOPBACK:
        return None
    found = rules.restriction("uriWithBlockedDomain")
    if found is not None and not _has_exceptions(found, platform) and host in _blocked(found, platform, "Domains"):
        return f"it blocks the domain {host}"
    found = rules.restriction("uriWithoutAllowedDomain")
    allowed = _allowed(found, platform, "Domains") if found is not None else frozenset[str]()
    return f"it allows the domains {', '.join(sorted(allowed))}" if allowed and host not in allowed else None


def _blocked(restriction: Restriction, platform: str, what: str) -> frozenset[str]:
    """Return what is blocked for a platform regardless of which of the two lists applies."""
    own = _texts(_platform(restriction, platform), f"blocked{what}")
    general = _texts(restriction.settings, f"blocked{what}")
    return own & general if own and general else own | general


def _allowed(restriction: Restriction, platform: str, what: str) -> frozenset[str]:
    """Return what either list allows for a platform; empty if neither restricts it."""
    own = _texts(_platform(restriction, platform), f"allowed{what}")
    return own | _texts(restriction.settings, f"allowed{what}")


def _has_exceptions(restriction: Restriction, platform: str) -> bool:
    return bool(restriction.settings.get("exemptFormats") or _platform(restriction, platform).get("exemptFormats"))


def _platform(restriction: Restriction, platform: str) -> Mapping[str, Any]:
    value: object = restriction.settings.get(platform)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _texts(section: Mapping[str, Any], name: str) -> frozenset[str]:
    value: object = section.get(name)
    items = cast("list[object]", value) if isinstance(value, list) else []
    return frozenset(item.casefold() for item in items if isinstance(item, str))
