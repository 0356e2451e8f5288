"""Ensures one live credential per requested name, with its value in the vault."""

from dataclasses import dataclass, replace
from datetime import timedelta

from shared.contract.request import CredentialSpec, RegistrationRequest
from shared.core.errors import Problem
from shared.core.naming import pending_secret_name, vault_secret_name
from shared.core.text import echo
from shared.credentials.certificates import issue_certificate
from shared.credentials.issuing import (
    CredentialPlan,
    TargetApplication,
    is_live,
    is_switched_off,
    look_into_vault,
    recover,
    replace_lost,
    settle_intent,
    settle_pending,
)
from shared.credentials.pending import clear_pending, promote
from shared.credentials.sign_in import verify_sign_in
from shared.credentials.tags import SecretTags, belongs_to
from shared.credentials.tenant_rules import refused_at
from shared.credentials.versions import VaultSecret, notes_on
from shared.credentials.withdrawing import is_withdrawn
from shared.model.person import Person
from shared.model.vault import VaultEntry
from shared.operations.attempt import Attempt
from shared.policy.life import rotation_days


@dataclass(frozen=True)
class Found:
    """A credential's secrets in the vault: the current one, and the pending one that awaits verification."""

    current: VaultSecret
    pending: VaultSecret
    """Empty for a client secret: the first one is stored where clients read it."""
    longest: timedelta | None = None
    """The tenant's longest lifetime for it, as far as the registrar can see."""


async def look_for_credentials(
    attempt: Attempt, request: RegistrationRequest
) -> tuple[dict[str, Found], list[Problem]]:
    """Read the vault's secrets by credential name, with a problem for each that is not ours."""
    unique_name, found, problems = attempt.operation.unique_name, dict[str, Found](), list[Problem]()
    for index, spec in enumerate(request.credentials):
        name, pending = vault_secret_name(unique_name, spec.name), pending_secret_name(unique_name, spec.name)
        current = await look_into_vault(attempt, name)
        waiting = await look_into_vault(attempt, pending) if spec.type == "certificate" else VaultSecret((), None)
        found[spec.name] = Found(current, waiting)
        for secret, kept in ((name, current), (pending, waiting)):
            problems += _taken(f"credentials[{index}]", secret, spec, kept, unique_name)
    return found, problems


def _taken(field: str, secret: str, spec: CredentialSpec, kept: VaultSecret, unique_name: str) -> list[Problem]:
    """Return a problem if a name in the vault is not ours, or holds another kind of credential."""
    if kept.tags is None:
        return []
    if not belongs_to(kept.tags, unique_name, spec.name):
        message = (
            f"The Key Vault secret {echo(secret)} exists, and the registrar does not manage it. Choose another name."
        )
        if kept.deleted_tags is not None:
            message = (
                f"A deleted Key Vault secret holds the name {echo(secret)}, and its newest version is not the "
                "registrar's. Choose another name, or have that secret recovered and send the request again."
            )
        return [Problem(f"{field}.name", "vault_name_taken", message)]
    kind = kept.tags.get("type")
    if kind != spec.type:
        message = f"The credential {echo(spec.name)} exists and is a {kind}, which cannot change. Choose another name."
        return [Problem(f"{field}.type", "type_cannot_change", message)]
    return []


async def converge_credential(
    attempt: Attempt,
    request: RegistrationRequest,
    spec: CredentialSpec,
    holder: TargetApplication,
    found: Found,
    owner: Person | None,
) -> VaultEntry:
    """Return this credential's vault entry, issuing and storing a new one only if none is live.

    One disabled by hand is returned as it is: replacing it takes a rotation. `found` is what this attempt saw in the
    vault, ours or nothing; `owner` is the app's owner afterwards.
    """
    kept, wanted = found.current, _wanted(attempt, request, spec, found.current.entry, owner)
    entry = kept.entry
    is_off = entry is not None and is_switched_off(entry, holder) and not is_withdrawn(attempt, spec.name, entry)
    if entry is not None and (is_off or is_live(attempt, entry, holder)):
        await settle_intent(attempt, spec.name, entry)
        if any(version.enabled for version in found.pending.versions):
            await clear_pending(attempt, spec.name, holder, kept.versions)
        await settle_pending(attempt, spec.name)
        return await _refresh_tags(attempt, wanted, entry)
    wanted, field = wanted.within(found.longest), f"credentials[{request.credentials.index(spec)}]"
    with refused_at(attempt, spec.type, f"{field}.type", f"{field}.lifetimeDays"):
        if spec.type == "certificate":
            return await _issue_certificate(attempt, wanted, holder, found)
        return await replace_lost(attempt, wanted, holder, kept)


def credential_notes(
    attempt: Attempt, request: RegistrationRequest, found: dict[str, Found], entries: dict[str, VaultEntry]
) -> list[Problem]:
    """Return notes for credentials that clients cannot read: disabled, or below another version."""
    return [
        note
        for index, spec in enumerate(request.credentials)
        for note in notes_on(
            f"credentials[{index}]", found[spec.name].current, entries[spec.name], attempt.operation.id
        )
    ]


async def _issue_certificate(
    attempt: Attempt, wanted: CredentialPlan, holder: TargetApplication, found: Found
) -> VaultEntry:
    """Issue a certificate under the pending name, verify that it signs in, and promote it."""
    if found.current.deleted_tags is not None:
        await recover(attempt, wanted.secret_name, "certificate")
    pending = replace(wanted, secret_name=pending_secret_name(attempt.operation.unique_name, wanted.credential))
    issued = await issue_certificate(attempt, pending, holder, found.pending, found.current.versions)
    await verify_sign_in(attempt, holder, issued, credential=wanted.credential)
    entry = await promote(attempt, wanted.credential, issued, wanted.tags.issued(issued.tags["keyId"]))
    await clear_pending(attempt, wanted.credential, holder, (*found.current.versions, entry))
    await settle_pending(attempt, wanted.credential)
    return entry


def _wanted(
    attempt: Attempt,
    request: RegistrationRequest,
    spec: CredentialSpec,
    previous: VaultEntry | None,
    owner: Person | None,
) -> CredentialPlan:
    operation = attempt.operation
    rules = attempt.policy.credentials
    rotate_before, overlap = rotation_days(spec, rules)
    # A request may keep a lifetime from before policy shortened it; what is issued now follows today's policy.
    lifetime_days = min(spec.lifetime_days, rules.max_lifetime_days)
    tags = SecretTags(
        unique_name=operation.unique_name,
        client_id=attempt.application.client_id or "",
        credential=spec.name,
        type=spec.type,
        key_id="",
        operation_id=operation.id,
        request_id=request.request_id,
        owner=owner.name if owner is not None else "",
        lifetime_days=lifetime_days,
        rotate_before_days=rotate_before,
        overlap_days=overlap,
        previous_key_id=previous.tags.get("keyId", "") if previous is not None else "",
    )
    return CredentialPlan(
        credential=spec.name,
        secret_name=vault_secret_name(operation.unique_name, spec.name),
        secret_names=tuple(name for other in request.credentials for name in _names(operation.unique_name, other)),
        description=spec.description,
        lifetime=timedelta(days=lifetime_days),
        tags=tags,
    )


def _names(unique_name: str, spec: CredentialSpec) -> tuple[str, ...]:
    """Return all names in the vault that may hold a value of this credential."""
    name = vault_secret_name(unique_name, spec.name)
    return (name, pending_secret_name(unique_name, spec.name)) if spec.type == "certificate" else (name,)


async def _refresh_tags(attempt: Attempt, wanted: CredentialPlan, entry: VaultEntry) -> VaultEntry:
    """Update the tags that a changed request determines: the owner and the rotation settings."""
    fresh = wanted.tags.to_tags()
    changed = {key: fresh[key] for key in ("owner", "lifetimeDays", "rotateBeforeDays", "overlapDays")}
    tags = {**entry.tags, **changed}
    if tags == entry.tags:
        return entry
    await attempt.ports.vault.retag(attempt.operation.unique_name, wanted.secret_name, entry.version, tags, entry.type)
    return replace(entry, tags=tags)
