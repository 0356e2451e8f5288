"""Requires approval before an app with privileged permissions changes where its tokens go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.model.convergence import merge
from shared.model.directory import (
    Api,
    ApiPermission,
    ApplicationState,
    Consent,
    PermissionType,
    ResolvedPermission,
    SeenApplication,
    SeenPrincipal,
)
from shared.model.holdings import Holdings
from shared.operations.attempt import Attempt
from shared.policy.approval import is_privileged
from shared.registration.application import find_service_principal

_BOTH = frozenset[PermissionType]({"Scope", "Role"})
_AUDIENCES = ("AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount")
"""From the narrowest to the widest."""
_SWITCHES = {
    "is_fallback_public_client": "public client flows",
    "enable_id_token_issuance": "ID tokens by the implicit grant",
    "enable_access_token_issuance": "access tokens by the implicit grant",
}


@dataclass(frozen=True)
class Privileges:
    """New places for an existing app's tokens and codes, and its permissions that need approval by policy."""

    places: tuple[str, ...] = ()
    held: tuple[ResolvedPermission, ...] = ()
    principal: SeenPrincipal | None = None
    """Its service principal, if it had to be read."""


async def look_for_privileges(
    attempt: Attempt, seen: SeenApplication | None, wanted: ApplicationState, certificates: Sequence[str]
) -> Privileges:
    """Read an app's permissions if a request sends its tokens somewhere new; else read nothing.

    `certificates` are the names of those that the request adds. Consents of others count like ours.
    """
    if seen is None:
        return Privileges()
    places = (
        *new_places(seen.state, merge(seen.state, wanted, attempt.application.applied)),
        *(f"the certificate {name}" for name in certificates),
    )
    principal = await find_service_principal(attempt, seen.client_id) if places else None
    if principal is None:
        return Privileges(places)
    held = (await attempt.ports.directory.consents(principal.object_id, _BOTH)).consents
    apis = {each: await attempt.ports.directory.api_of(each) for each in sorted({it.resource_id for it in held})}
    resolved = (_resolved(each, api) for each in held if (api := apis[each.resource_id]) is not None)
    privileged = tuple(each for each in resolved if is_privileged(each, attempt.policy))
    return Privileges(places, privileged, principal)


def new_places(seen: ApplicationState, merged: ApplicationState) -> Iterator[str]:
    """Yield the changes that would send tokens or codes to new places; removals do not count."""
    for uri in sorted((Holdings.of(merged) - Holdings.of(seen)).redirect_uris):
        yield f"the redirect URI {uri}"
    for name, what in _SWITCHES.items():
        if getattr(merged, name) and not getattr(seen, name):
            yield what
    if merged.sign_in_audience != seen.sign_in_audience and not _is_narrower(merged, seen):
        yield f"accounts of {merged.sign_in_audience}"


def _is_narrower(merged: ApplicationState, seen: ApplicationState) -> bool:
    """Return whether fewer people can sign in: personal accounts alone are no subset of a directory's."""
    known = {merged.sign_in_audience, seen.sign_in_audience} <= set(_AUDIENCES)
    return known and _AUDIENCES.index(merged.sign_in_audience) < _AUDIENCES.index(seen.sign_in_audience)


def _resolved(consent: Consent, api: Api) -> ResolvedPermission:
    """Find a consented permission in its API; one that the API no longer offers is represented by its id."""
    for each in api.permissions:
        if each.type == consent.type and consent.name == (each.name if consent.type == "Scope" else each.id):
            return ResolvedPermission(api, each)
    return ResolvedPermission(api, ApiPermission(consent.name, consent.name, consent.type, enabled=False))
