"""Locates a fault in a request, from the property that Graph names and from what was sent."""

import re
from collections import Counter
from collections.abc import Mapping

from shared.adapters.graph.refusals.refusal import Doing, Refusal
from shared.core.errors import Problem
from shared.core.text import echo
from shared.model.directory import ApplicationState

REFUSED = "refused_by_entra"
_REDIRECT_URIS = "redirectUris"
_PLATFORMS = {"web": "web_redirect_uris", "spa": "spa_redirect_uris", "publicClient": "public_client_redirect_uris"}
_FIELDS: Mapping[str, str] = {
    "displayName": "application.displayName",
    "signInAudience": "application.signInAudience",
    "requestedAccessTokenVersion": "application.signInAudience",
    "requiredResourceAccess": "application.apiPermissions",
    "resourceAppId": "application.apiPermissions",
    "resourceAccess": "application.apiPermissions",
    "scope": "application.apiPermissions",
    "web": "application.web",
    "spa": "application.spa",
    "publicClient": "application.publicClient",
    "implicitGrantSettings": "application.web.implicitGrantSettings",
    "isFallbackPublicClient": "application.publicClient.allowPublicClientFlows",
    "passwordCredentials": "credentials",
    "passwordCredential": "credentials",
    "endDateTime": "credentials",
    "EndDate": "credentials",
}
TARGETS = frozenset({*_FIELDS, _REDIRECT_URIS})
"""Properties of Graph whose values come from requests."""
_WHOLE: Mapping[Doing, str] = {
    Doing.GIVE_CONSENT: "application.apiPermissions",
    Doing.ISSUE_CREDENTIAL: "credentials",
    Doing.WRITE_CERTIFICATES: "credentials",
}
_NEXT = "Change it, then send the request again with a new requestId."


def whole(doing: Doing) -> str:
    """Return the part of a request that a call carries."""
    return _WHOLE.get(doing, "application")


def refused_values(refusal: Refusal, doing: Doing, wrote: ApplicationState | None) -> tuple[Problem, ...]:
    """Return a problem for each field that Entra does not accept, as precisely as refusal and request allow."""
    if doing is Doing.WRITE_APPLICATION and wrote is not None and _is_about_uris(refusal):
        twice = _on_two_platforms(wrote)
        if twice:
            return twice
    fields = dict.fromkeys(_field(each.target, wrote) or whole(doing) for each in refusal.details)
    message = f"Microsoft Entra does not accept the value. It answers: {refusal.said().rstrip('.')}. {_NEXT}"
    return tuple(Problem(field, REFUSED, message) for field in fields or [whole(doing)])


def _is_about_uris(refusal: Refusal) -> bool:
    return any(
        each.target == _REDIRECT_URIS or (each.code == "DuplicateValue" and each.target not in _FIELDS)
        for each in refusal.details
    )


def _on_two_platforms(wrote: ApplicationState) -> tuple[Problem, ...]:
    """Return problems for redirect URIs on more than one platform; one of them may have been added by others."""
    uses = Counter(uri for name in _PLATFORMS.values() for uri in getattr(wrote, name))
    problems = list[Problem]()
    for uri in sorted(uri for uri, count in uses.items() if count > 1):
        platforms = [platform for platform, name in _PLATFORMS.items() if uri in getattr(wrote, name)]
        message = (
            f"The app would have the redirect URI {echo(uri)} on more than one platform ({', '.join(platforms)}), and "
            "Microsoft Entra accepts it on one only. Take it out of the others, in the request or in what others added "
            "to the app, then send the request again with a new requestId."
        )
        problems.append(Problem(f"application.{platforms[-1]}.redirectUris", REFUSED, message))
    return tuple(problems)


def _field(target: str, wrote: ApplicationState | None) -> str | None:
    """Return the request's field for a property of Graph's, in any notation of its path."""
    parts = [part for part in re.split(r"[./\[\]]", target) if part]
    if _REDIRECT_URIS in parts:
        named = next((part for part in parts if part in _PLATFORMS), None) or _only_platform(wrote)
        return f"application.{named}.redirectUris" if named is not None else "application"
    return next((_FIELDS[part] for part in reversed(parts) if part in _FIELDS), None)


def _only_platform(wrote: ApplicationState | None) -> str | None:
    used = [platform for platform, name in _PLATFORMS.items() if wrote is not None and getattr(wrote, name)]
    return used[0] if len(used) == 1 else None
