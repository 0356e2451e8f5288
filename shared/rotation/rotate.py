"""Rotates a credential: a new one is issued beside the old one, and verified before any client reads it.

    issue beside     addPassword with our mark, and its value stored at once under the pending name
    verify           a token is obtained with it; that may take minutes, in which the message is retried
    promote          the verified value becomes the newest version of the name that clients read
    overlap          the old credential lives on; `shared.rotation.retire` ends it when it is due

Progress is read from what exists, so that an attempt may begin anywhere. A leaked credential has no overlap: it is
removed once the new one is promoted, and at the deadline in any case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.contract.request import RotationRequest
from shared.core.errors import NotYetVisibleError, Problem, RegistrarError, RejectedError, TenantForbidsError
from shared.core.naming import description_of, pending_secret_name, vault_secret_name
from shared.credentials.certificates import issue_certificate
from shared.credentials.due import list_due
from shared.credentials.issuing import (
    CredentialPlan,
    TargetApplication,
    is_live,
    replace_lost,
    settle_intent,
    settle_pending,
)
from shared.credentials.life import disabled, overlap
from shared.credentials.pending import clear_pending, end_pending, is_given_up, promote
from shared.credentials.sign_in import verify_sign_in
from shared.credentials.tags import read_tags
from shared.credentials.tenant_rules import refused_at
from shared.credentials.versions import notes_on
from shared.model.vault import VaultEntry
from shared.operations.attempt import Attempt
from shared.rotation.observe import Found, let_issuer_end, observe_and_check
from shared.rotation.revoke import confirm_old_refused, remove_old, revoke


@dataclass(frozen=True)
class Rotation:
    """A completed rotation: what clients read now, and what happens to what they read before."""

    holder: TargetApplication
    entry: VaultEntry
    replaced_key_id: str
    retire_after: datetime
    """When the replaced credential is, or was, removed."""
    notes: tuple[Problem, ...]
    """Further notes for the requester."""


async def rotate(attempt: Attempt, request: RotationRequest) -> Rotation:
    """Issue, verify and promote a new credential, and schedule the old one's removal.

    Raises RejectedError before the first write, and DeferredError when it has to continue later.
    """
    async with attempt.step("checkRequest"):
        found = await observe_and_check(attempt, request)
    deadline = attempt.operation.revoke_by
    if deadline is not None and attempt.now() >= deadline:
        await remove_old(attempt, request, found)
        await confirm_old_refused(attempt, request, found)
    if found.forbidden:
        raise await _refused(attempt, request, found, found.forbidden)
    if found.is_promoted:
        promoted = found.newest
        async with attempt.step("signIn"):
            # An earlier attempt promoted it, or another change stored one that is not verified yet.
            if promoted.enabled:
                await verify_sign_in(attempt, found.holder, promoted, credential=request.credential)
    else:
        promoted = await _replace(attempt, request, found)
    async with attempt.step("clearPending"):
        await clear_pending(attempt, request.credential, found.holder, (*found.current.versions, promoted))
        await settle_pending(attempt, request.credential)
    # The previous versions: an earlier attempt may have promoted the new one already.
    before = tuple(each for each in found.current.versions if each.tags.get("keyId") != promoted.tags.get("keyId"))
    retire_after, versions = _retire_after(promoted, attempt.now()), (*before, promoted)
    if request.revoke_previous is not None:
        async with attempt.step("revokePrevious"):
            retire_after = await revoke(attempt, request, found)
        versions = tuple(
            disabled(each, attempt.now()) if each.tags.get("keyId") == found.replaces else each for each in versions
        )
        if found.is_promoted:
            await let_issuer_end(attempt, request, found.tags)
    await list_due(attempt.ports.due, attempt.operation.unique_name, request.credential, before, versions)
    notes = tuple(notes_on("credential", found.current, promoted, attempt.operation.id))
    return Rotation(found.holder, promoted, found.replaces, retire_after, notes)


async def _replace(attempt: Attempt, request: RotationRequest, found: Found) -> VaultEntry:
    """Issue, verify and promote; return the new version under the name that clients read."""
    await _remember_lifetime(attempt, request.credential, found.tags.lifetime_days, _wanted(attempt, request, found))
    async with attempt.step("issueCredential"):
        try:
            with refused_at(attempt, found.newest.type, "credential", "credential"):
                pending = await _issue_beside(attempt, request, found)
        except RejectedError as rejected:
            raise await _refused(attempt, request, found, rejected.problems) from rejected
    async with attempt.step("signIn"):
        await verify_sign_in(attempt, found.holder, pending, credential=request.credential)
    async with attempt.step("promoteCredential"):
        return await _promote(attempt, request, found, pending)


async def _refused(
    attempt: Attempt, request: RotationRequest, found: Found, problems: Sequence[Problem]
) -> RegistrarError:
    """Return the outcome of a rotation for which the tenant allows no new credential.

    A leaked one is removed at its deadline even so, and until then an administrator may make an exception.
    """
    if request.revoke_previous is None:
        return RejectedError(problems)
    deadline = attempt.operation.revoke_by
    if deadline is not None and attempt.now() < deadline:
        return TenantForbidsError(problems[0].message)
    await revoke(attempt, request, found)
    gone = "The old credential is removed, as you asked, and there is no new one."
    return RejectedError([replace(each, message=f"{each.message} {gone}") for each in problems])


async def _remember_lifetime(attempt: Attempt, credential: str, days: int, wanted: CredentialPlan) -> None:
    """Record the requested lifetime before it is shortened, so that a repeated request for it changes nothing."""
    known = attempt.application.lifetimes
    if days > wanted.tags.lifetime_days and credential not in known:
        await attempt.save_application(lifetimes=known | {credential: days})


async def _issue_beside(attempt: Attempt, request: RotationRequest, found: Found) -> VaultEntry:
    """Return the pending version to verify: an existing one, whichever operation issued it, or a new one."""
    if found.tags.type == "certificate":
        wanted = _wanted(attempt, request, found)
        return await issue_certificate(attempt, wanted, found.holder, found.pending, found.current.versions)
    entry = found.pending.entry
    promoted = {version.tags.get("keyId") for version in found.current.versions}
    is_reusable = (
        entry is not None and entry.tags.get("keyId") not in promoted and is_live(attempt, entry, found.holder)
    )
    if entry is not None and is_reusable:
        if not is_given_up(attempt, entry):
            await settle_intent(attempt, request.credential, entry)
            return entry
        await end_pending(attempt, found.holder, entry)
    return await replace_lost(attempt, _wanted(attempt, request, found), found.holder, found.pending)


def _wanted(attempt: Attempt, request: RotationRequest, found: Found) -> CredentialPlan:
    """Return the plan for the new credential: like the old one, within current policy and the tenant's rules."""
    operation, rules = attempt.operation, attempt.policy.credentials
    lifetime_days = max(rules.min_lifetime_days, min(found.tags.lifetime_days, rules.max_lifetime_days))
    old = found.holder.seen.find(found.replaces) if found.holder.seen is not None else None
    pending = pending_secret_name(operation.unique_name, request.credential)
    return CredentialPlan(
        credential=request.credential,
        secret_name=pending,
        secret_names=(vault_secret_name(operation.unique_name, request.credential), pending),
        description=description_of(old.display_name) if old is not None else "",
        lifetime=timedelta(days=lifetime_days),
        tags=replace(
            found.tags,
            client_id=found.holder.client_id,
            key_id="",
            operation_id=operation.id,
            request_id=request.request_id,
            lifetime_days=lifetime_days,
            previous_key_id=found.replaces,
            retire_after=None,
        ),
    ).within(found.longest)


async def _promote(attempt: Attempt, request: RotationRequest, found: Found, pending: VaultEntry) -> VaultEntry:
    """Make the verified value the newest version under the name that clients read, with the old one's removal time."""
    tags, now = read_tags(pending), attempt.now()
    if tags is None:
        raise NotYetVisibleError(f"somebody changed the tags of {pending.name}")
    goes = now if request.revoke_previous is not None else now + overlap(found.tags)
    tags = replace(
        tags, owner=attempt.application.owner_id or found.tags.owner, previous_key_id=found.replaces, retire_after=goes
    )
    return await promote(attempt, request.credential, pending, tags)


def _retire_after(promoted: VaultEntry, now: datetime) -> datetime:
    tags = read_tags(promoted)
    return tags.retire_after if tags is not None and tags.retire_after is not None else now
