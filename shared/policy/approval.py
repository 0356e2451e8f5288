"""Which parts of a request need approval, and what exactly an approval covers. Pure."""

import json
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256

from shared.contract.request import RegistrationRequest, Request, RotationRequest
from shared.core.errors import Problem
from shared.core.text import echo, printable
from shared.model.directory import ResolvedPermission
from shared.policy.never import is_never_allowed, leads_to
from shared.policy.policy_file import PermissionsToApprove, Policy
from shared.policy.reading import matches, reads_only


def approval_reasons(
    request: RegistrationRequest, permissions: Sequence[ResolvedPermission], policy: Policy
) -> tuple[Problem, ...]:
    """List everything in a request that needs approval; empty if it is automatic.

    What leads to control of the tenant comes first: a note in a ticket may not have room for everything.
    """
    return (*_leading_to_control(permissions), *_of_the_request(request, policy), *_of_permissions(permissions, policy))


def rotation_reasons(request: RotationRequest, policy: Policy) -> tuple[Problem, ...]:
    """List what needs approval in a person's rotation: only app names whose every request needs it."""
    goes = "" if request.revoke_previous is None else " The old one is revoked as soon as clients can read the new one."
    what = f" This one asks for a new credential {echo(request.credential)}. Its reason: {echo(request.reason)}.{goes}"
    return tuple(_of_the_name(request, policy, what))


def needs_approval(resolved: ResolvedPermission, policy: Policy) -> bool:
    """Return whether policy's approval rules cover this permission; automatic grants are not considered here."""
    app_id, permission = resolved.api.app_id, resolved.permission
    return any(
        _means(rule, pattern, resolved)
        for rule in policy.approval.permissions
        if _is_of(rule, app_id, policy)
        for pattern in (rule.delegated if permission.type == "Scope" else rule.application)
    )


def is_privileged(resolved: ResolvedPermission, policy: Policy) -> bool:
    """Return whether a permission that an app holds is granted only after approval, or never."""
    api, permission = resolved.api, resolved.permission
    if is_never_allowed(api.app_id, permission.id, permission.name) or _why(resolved) is not None:
        return True
    return not _is_automatic(resolved, policy) and needs_approval(resolved, policy)


def privileged_reasons(places: Sequence[str], held: Sequence[ResolvedPermission]) -> tuple[Problem, ...]:
    """Return the reason that new destinations for the tokens of an app with such permissions need approval."""
    if not places or not held:
        return ()
    names = ", ".join(sorted(f"{echo(each.permission.name)} of {printable(each.api.display_name)}" for each in held))
    new = ", ".join(printable(each) for each in places)
    message = (
        f"The app holds {names}, and this request adds ways for its tokens and codes to leave: {new}. That needs "
        "approval."
    )
    return (Problem("application", "privileged_app_needs_approval", message),)


def binding(
    request: Request,
    permissions: Sequence[ResolvedPermission],
    policy: Policy,
    held: Sequence[ResolvedPermission] = (),
) -> str:
    """Return a hash of what an approval covers: the request, the ids its names resolved to, the policy, and what the
    app already holds if that is a reason.

    If any of them has changed when the request is carried out, the approval does not cover it.
    """
    told = sorted(each.permission.id for each in permissions if _why(each) is not None)
    # An approval given before these consequences were shown does not cover them.
    bound: list[object] = [request.content_hash(), _ids(permissions), policy.digest(), *([told] if told else [])]
    if held:
        bound.append({"held": _ids(held)})
    return sha256(json.dumps(bound).encode()).hexdigest()


def _ids(permissions: Sequence[ResolvedPermission]) -> list[list[str]]:
    return sorted([each.api.app_id, each.permission.id, each.permission.type] for each in permissions)


def _is_automatic(resolved: ResolvedPermission, policy: Policy) -> bool:
    api, permission = resolved.api, resolved.permission
    kind = "delegated" if permission.type == "Scope" else "application"
    automatic: tuple[str, ...] = getattr(policy.api(api.app_id), kind, ())
    return permission.name in automatic


def _of_the_name(request: Request, policy: Policy, what: str = "") -> Iterator[Problem]:
    name = request.application.unique_name
    if any(re.fullmatch(pattern, name) for pattern in policy.approval.unique_names):
        message = f"Every request for {echo(name)} needs approval.{what}"
        yield Problem("application.uniqueName", "name_needs_approval", message)


def _of_the_request(request: RegistrationRequest, policy: Policy) -> Iterator[Problem]:
    yield from _of_the_name(request, policy)
    rules, application = policy.approval, request.application
    audience = application.sign_in_audience
    if audience in rules.audiences and audience not in policy.audiences.allowed:
        message = (
            f"The sign-in audience {audience} lets people from outside this organization sign in. That needs approval."
        )
        yield Problem("application.signInAudience", "audience_needs_approval", message)
    for index, credential in enumerate(request.credentials):
        if rules.lifetime_days is not None and credential.lifetime_days > rules.lifetime_days:
            message = (
                f"A credential for {credential.lifetime_days} days needs approval: more than {rules.lifetime_days} "
                "days do."
            )
            yield Problem(f"credentials[{index}].lifetimeDays", "lifetime_needs_approval", message)


def _leading_to_control(permissions: Sequence[ResolvedPermission]) -> Iterator[Problem]:
    for resolved in permissions:
        why = _why(resolved)
        if why is not None:
            api, permission = resolved.api, resolved.permission
            kind = "delegated" if permission.type == "Scope" else "application"
            message = (
                f"The {kind} permission {echo(permission.name)} of {api.display_name} needs approval. It can lead to "
                f"control of the tenant: whoever holds it {why}."
            )
            yield Problem("application.apiPermissions", "permission_leads_to_control", message)


def _of_permissions(permissions: Sequence[ResolvedPermission], policy: Policy) -> Iterator[Problem]:
    for resolved in permissions:
        if _why(resolved) is not None:
            continue
        api, permission = resolved.api, resolved.permission
        kind = "delegated" if permission.type == "Scope" else "application"
        if not _is_automatic(resolved, policy):
            message = f"The {kind} permission {echo(permission.name)} of {api.display_name} needs approval."
            yield Problem("application.apiPermissions", "permission_needs_approval", message)


def _is_of(rule: PermissionsToApprove, app_id: str, policy: Policy) -> bool:
    if rule.api == "*" or rule.api.casefold() == app_id.casefold():
        return True
    named = policy.api_named(rule.api)
    return named is not None and named.app_id == app_id.casefold()


def _means(rule: PermissionsToApprove, pattern: str, resolved: ResolvedPermission) -> bool:
    """Return whether a pattern matches a permission: wildcards match only permissions that read and lead nowhere."""
    name = resolved.permission.name
    if (rule.api == "*" or "*" in pattern) and not (reads_only(name) and _why(resolved) is None):
        return False
    return matches(pattern, name)


def _why(resolved: ResolvedPermission) -> str | None:
    return leads_to(resolved.api.app_id, resolved.permission.id, resolved.permission.name)
