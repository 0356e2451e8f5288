"""Checks whether policy allows a request. Pure: everything from the directory is passed in resolved."""

import dataclasses
import re
from collections.abc import Iterator, Mapping

from shared.contract.request import ApplicationSpec, CredentialSpec, RegistrationRequest
from shared.core.errors import Problem
from shared.core.text import echo
from shared.model.directory import ApplicationState, ResolvedPermission
from shared.policy.approval import needs_approval
from shared.policy.life import rotation_days
from shared.policy.never import leads_to, why_never
from shared.policy.policy_file import CredentialRules, Policy
from shared.policy.redirect_uris import refusal
from shared.policy.spelling import imitated, is_highly_restrictive


@dataclasses.dataclass(frozen=True)
class Had:
    """An app's existing settings: what a request leaves unchanged was checked before and is not checked again.

    Applies to redirect URIs, implicit grants, display names and lifetimes; everything else is always checked.
    """

    state: ApplicationState | None = None
    lifetimes: Mapping[str, frozenset[int]] = dataclasses.field(default_factory=dict[str, frozenset[int]])
    """In days, by credential name."""
    client_id: str | None = None
    """The app's own, which a redirect URI may contain; None while the app does not exist."""

    def uris(self, platform: str) -> frozenset[str]:
        """Return the redirect URIs of a platform, by its name in a request."""
        state = self.state
        if state is None:
            return frozenset()
        return {
            "publicClient": state.public_client_redirect_uris,
            "web": state.web_redirect_uris,
            "spa": state.spa_redirect_uris,
        }[platform]


_NEW = Had()


def breaches(request: RegistrationRequest, policy: Policy, had: Had = _NEW) -> Iterator[Problem]:
    """Yield every breach visible in the request itself: names, audience, redirect URIs, flows, lifetimes."""
    application = request.application
    yield from _names(application, policy)
    if had.state is None or application.display_name != had.state.display_name:
        yield from _spelling(application.display_name, policy)
    audiences = (*policy.audiences.allowed, *policy.approval.audiences)
    if application.sign_in_audience not in audiences:
        yield Problem(
            "application.signInAudience",
            "audience_not_allowed",
            f"{application.sign_in_audience} is not allowed here; allowed: {', '.join(audiences)}.",
        )
    yield from _redirect_uris(application, policy, had)
    yield from _flows(application, policy, had.state)
    for index, credential in enumerate(request.credentials):
        yield from _kind(f"credentials[{index}]", credential, policy.credentials)
        known = had.lifetimes.get(credential.name, frozenset())
        yield from _life(f"credentials[{index}]", credential, policy.credentials, known)


def _kind(field: str, credential: CredentialSpec, rules: CredentialRules) -> Iterator[Problem]:
    if credential.type not in rules.types:
        yield Problem(
            f"{field}.type",
            "credential_type_not_allowed",
            f"Policy does not give a {credential.type}; allowed: {', '.join(rules.types)}.",
        )


def _life(field: str, credential: CredentialSpec, rules: CredentialRules, known: frozenset[int]) -> Iterator[Problem]:
    lifetime = credential.lifetime_days
    if lifetime not in known and not rules.min_lifetime_days <= lifetime <= rules.max_lifetime_days:
        yield Problem(
            f"{field}.lifetimeDays",
            "lifetime_not_allowed",
            f"A lifetime of {lifetime} days is not allowed; "
            f"ask for {rules.min_lifetime_days} to {rules.max_lifetime_days}.",
        )
    before, overlap = rotation_days(credential, rules)
    if before * 2 > lifetime and credential.rotate_before_days is not None:
        yield Problem(
            f"{field}.rotateBeforeDays",
            "rotation_not_allowed",
            f"Replacing a credential {before} days before the end of {lifetime} days is not allowed; "
            f"ask for {lifetime // 2} or less.",
        )
    if not rules.min_overlap_days <= overlap <= before and credential.overlap_days is not None:
        yield Problem(
            f"{field}.overlapDays",
            "overlap_not_allowed",
            f"An overlap of {overlap} days is not allowed; ask for {rules.min_overlap_days} to {before}: "
            "the old credential must not expire before it goes.",
        )


def permission_breach(field: str, resolved: ResolvedPermission, policy: Policy) -> Problem | None:
    """Return why a resolved permission may not be granted; None if it may, even if only after approval."""
    api, permission = resolved.api, resolved.permission
    why = why_never(api.app_id, permission.id, permission.name)
    if why is not None:
        return Problem(
            field,
            "permission_never_allowed",
            f"{echo(permission.name)} of {api.display_name} leads to control of the tenant and is never given: "
            f"whoever holds it {why}.",
        )
    rules = policy.api(api.app_id)
    kind = "delegated" if permission.type == "Scope" else "application"
    allowed: tuple[str, ...] = getattr(rules, kind, ())
    if needs_approval(resolved, policy):
        return None
    if (leads := leads_to(api.app_id, permission.id, permission.name)) is not None:
        return Problem(
            field,
            "permission_not_allowed",
            f"{echo(permission.name)} of {api.display_name} can lead to control of the tenant: whoever holds it "
            f"{leads}. It is given only if policy names it under [[approval.permissions]], and somebody approves it.",
        )
    if permission.name in allowed:
        return None
    offer = f"allowed {kind} permissions: {', '.join(allowed)}" if allowed else f"no {kind} permission of it is allowed"
    return Problem(
        field,
        "permission_not_allowed",
        f"Policy does not grant the {kind} permission {echo(permission.name)} of {api.display_name}; {offer}.",
    )


def _names(application: ApplicationSpec, policy: Policy) -> Iterator[Problem]:
    names = policy.names
    for field, name, pattern, hint in (
        ("uniqueName", application.unique_name, names.unique_name, names.unique_name_hint),
        ("displayName", application.display_name, names.display_name, names.display_name_hint),
    ):
        if not re.fullmatch(pattern, name):
            rule = hint or "Ask the operators of the registrar what names look like here, and choose another."
            message = f"{echo(name)} does not follow this organisation's naming rule. {rule}"
            yield Problem(f"application.{field}", "name_not_allowed", message)


def _spelling(name: str, policy: Policy) -> Iterator[Problem]:
    if not is_highly_restrictive(name):
        yield Problem(
            "application.displayName",
            "name_misleading",
            f"{echo(name)} mixes letters of scripts that are not written together, or holds one of a script that is "
            "not in general use: people would read something else. Write it in one script.",
        )
    imitation = imitated(name, policy.names.protected_words)
    if imitation is not None:
        yield Problem(
            "application.displayName",
            "name_misleading",
            f"{echo(name)} is, holds or looks like the protected name {imitation!r}: people would take the app for "
            "that. Choose another; policy protects names by names.protected_words.",
        )


def _redirect_uris(application: ApplicationSpec, policy: Policy, had: Had) -> Iterator[Problem]:
    for platform, uris in (
        ("publicClient", application.public_client.redirect_uris),
        ("web", application.web.redirect_uris),
        ("spa", application.spa.redirect_uris),
    ):
        known = had.uris(platform)
        for index, uri in enumerate(uris):
            if uri in known:
                continue
            reason = refusal(
                uri,
                policy.redirect_uris,
                public_client=platform == "publicClient",
                spa=platform == "spa",
                client_id=had.client_id,
            )
            if reason is not None:
                yield Problem(
                    f"application.{platform}.redirectUris[{index}]",
                    "redirect_uri_not_allowed",
                    f"The redirect URI {echo(uri)} is not allowed: {reason}.",
                )


def _flows(application: ApplicationSpec, policy: Policy, had: ApplicationState | None) -> Iterator[Problem]:
    implicit = application.web.implicit_grant_settings
    for field, asked, allowed in (
        (
            "publicClient.allowPublicClientFlows",
            application.public_client.allow_public_client_flows,
            policy.flows.public_client_flows,
        ),
        (
            "web.implicitGrantSettings.enableIdTokenIssuance",
            implicit.enable_id_token_issuance,
            policy.flows.implicit_id_tokens or (had is not None and had.enable_id_token_issuance),
        ),
        (
            "web.implicitGrantSettings.enableAccessTokenIssuance",
            implicit.enable_access_token_issuance,
            policy.flows.implicit_access_tokens or (had is not None and had.enable_access_token_issuance),
        ),
    ):
        if asked and not allowed:
            yield Problem(f"application.{field}", "flow_not_allowed", f"Policy does not allow {field}.")
