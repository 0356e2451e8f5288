"""Reads everything a rotation needs before its first write, and checks all that forbids it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.approval.checking import check_approval
from shared.contract.request import RotationRequest
from shared.core.errors import BusyError, NotYetVisibleError, Problem, RejectedError
from shared.core.naming import APPLICATION_TAG, pending_secret_name, vault_secret_name
from shared.core.text import echo
from shared.credentials.certificates import life_of
from shared.credentials.issuing import TargetApplication, look_into_vault
from shared.credentials.tags import SecretTags, belongs_to, read_tags
from shared.credentials.tenant_rules import judge, look
from shared.credentials.versions import VaultSecret
from shared.credentials.withdrawing import is_withdrawn
from shared.model.directory import SeenApplication
from shared.model.person import read_person
from shared.model.vault import VaultEntry
from shared.operations.attempt import Attempt
from shared.operations.parties import may_change
from shared.policy.approval import binding, rotation_reasons
from shared.policy.entra_limits import has_room_for_a_secret
from shared.policy.ownership import not_owner
from shared.policy.tenant import NewCredential, TenantRules, credential_breaches, days_within
from shared.ports import SeenRestrictions
from shared.registration.giving_way import is_at_work


@dataclass(frozen=True)
class Found:
    """What one attempt saw before its first write."""

    holder: TargetApplication
    seen: SeenApplication | None
    current: VaultSecret
    newest: VaultEntry
    tags: SecretTags
    """Tags of our newest version under the name that clients read."""
    pending: VaultSecret
    replaces: str
    is_taken_back: bool
    """The newest version was rolled back with the request that issued it: no client is to read it."""
    longest: timedelta | None = None
    """The tenant's longest lifetime for a new one, as far as the registrar can see."""
    forbidden: tuple[Problem, ...] = ()
    """Why the tenant allows no new one."""

    @property
    def is_promoted(self) -> bool:
        """Return whether clients already read another credential than the one to be replaced."""
        return self.tags.key_id != self.replaces and not self.is_taken_back


async def observe_and_check(attempt: Attempt, request: RotationRequest) -> Found:
    """Read everything the rotation touches. Raises RejectedError with all that forbids it, before any write."""
    unique_name = attempt.operation.unique_name
    current = await look_into_vault(attempt, vault_secret_name(unique_name, request.credential))
    pending = await look_into_vault(attempt, pending_secret_name(unique_name, request.credential))
    seen, restrictions = await look(attempt)
    holder = _holder(attempt, seen, current)
    tags = read_tags(current.entry) if current.entry is not None else None
    is_known = tags is not None and belongs_to(tags.to_tags(), unique_name, request.credential)
    is_taken_back = current.entry is not None and is_withdrawn(attempt, request.credential, current.entry)
    problems = [problem for problem in (_not_managed(request, seen),) if problem is not None]
    if holder is None:
        problems.append(_unknown_application(request))
    if current.entry is None or tags is None or not is_known:
        problems.append(_unknown_credential(request, current))
    elif is_taken_back and not attempt.operation.credential(request.credential).has_begun:
        problems.append(_withdrawn_credential(request))
    if pending.tags is not None and not belongs_to(pending.tags, unique_name, request.credential):
        problems.append(_pending_taken(unique_name, request))
    if not attempt.operation.is_our_own and not problems:
        problems += await _why_not_allowed(attempt, request, tags)
    if problems or holder is None or current.entry is None or tags is None:
        raise RejectedError(problems)
    await _let_registration_settle(attempt, request, tags)
    replaces = attempt.operation.credential(request.credential).replaces
    if replaces is None:
        replaces = tags.key_id
        # Before anyone is asked: they approve the end of this credential, whatever becomes current meanwhile.
        await attempt.save_operation(attempt.operation.with_credential(request.credential, replaces=replaces))
    found = Found(holder, seen, current, current.entry, tags, pending, replaces, is_taken_back=is_taken_back)
    found = await _check_tenant_rules(attempt, request, found, restrictions)
    _check_approval(attempt, request)
    if not found.is_promoted and request.revoke_previous is None and attempt.is_recent(current.entry.created):
        # A repeated write of the previous value may still arrive, and would become the newest.
        raise NotYetVisibleError(f"the credential {echo(request.credential)} was stored moments ago")
    return found


async def _check_tenant_rules(
    attempt: Attempt, request: RotationRequest, found: Found, restrictions: SeenRestrictions
) -> Found:
    """Return what was found, with the limits of tenant and Entra for a new credential."""

    def judgement(rules: TenantRules) -> Iterable[Problem]:
        is_pending = found.pending.entry is not None and found.pending.entry.enabled
        if found.is_promoted or is_pending or attempt.operation.credential(request.credential).has_begun:
            return ()
        kind, policy = found.newest.type, attempt.policy.credentials
        days = max(policy.min_lifetime_days, days_within(found.tags.lifetime_days, rules.longest(kind)))
        life = life_of(kind, min(days, policy.max_lifetime_days))
        new = NewCredential(kind, life, "credential", "credential", is_kept=True)
        return credential_breaches(rules, [new], policy)

    rules, forbidden = await judge(attempt, found.seen, restrictions, judgement)
    forbidden = (*forbidden, *_no_room(attempt, request, found))
    if forbidden and request.revoke_previous is None:
        raise RejectedError(forbidden)  # before anyone is asked to approve it
    return replace(found, longest=rules.longest(found.newest.type), forbidden=forbidden)


def _check_approval(attempt: Attempt, request: RotationRequest) -> None:
    """Require approval if policy does. Raises ApprovalNeededError, before any write.

    The registrar's own rotations, which keep an app working, need none. A rotation that has begun to write is completed
    whatever policy says by now: a half-done one awaiting approval would leave clients with one about to be removed.
    """
    if attempt.operation.is_our_own or attempt.operation.credential(request.credential).has_begun:
        return
    policy = attempt.policy
    check_approval(attempt.operation, rotation_reasons(request, policy), binding(request, (), policy))


async def _why_not_allowed(attempt: Attempt, request: RotationRequest, tags: SecretTags | None) -> tuple[Problem, ...]:
    """Return why the requester may not rotate it; the registrar's own requests are not checked.

    Once clients may read the new one, the rotation is completed, whoever owns the app by now.
    """
    if attempt.operation.credential(request.credential).promoting_at is not None:
        return ()
    owner = attempt.application.owned_by or read_person(tags.owner if tags is not None else None)
    allowed, unknown = await may_change(attempt, owner)
    return unknown or (() if allowed else (not_owner(request),))


async def _let_registration_settle(attempt: Attempt, request: RotationRequest, tags: SecretTags) -> None:
    """Raise BusyError while the request that issued the credential is at work: if it is refused, it takes back what it
    gave.

    A replacement made meanwhile would stay, on an app that has no credential by that request's answer. A leaked value
    is replaced at once: `rotate` waits for that request before it is answered. A rotation that has begun is completed,
    unless such a request replaced the old one first: it would then report a credential that may be rolled back.
    """
    operation, progress = attempt.operation, attempt.operation.credential(request.credential)
    is_overtaken = progress.replaces not in (None, tags.key_id)
    if request.revoke_previous is not None or ((operation.is_our_own or progress.has_begun) and not is_overtaken):
        return
    await let_issuer_end(attempt, request, tags)


async def let_issuer_end(attempt: Attempt, request: RotationRequest, tags: SecretTags) -> None:
    """Raise BusyError while another request that issued this credential is at work: it may take it back."""
    if tags.operation_id != attempt.operation.id and await is_at_work(attempt.ports.operations, tags.operation_id):
        raise BusyError(
            f"the credential {echo(request.credential)} is being issued by a request that is not settled yet"
        )


def _holder(attempt: Attempt, seen: SeenApplication | None, current: VaultSecret) -> TargetApplication | None:
    """Return the application by the read, or by our record while reads may lag behind its creation."""
    record, write = attempt.application, attempt.application.application_write
    if seen is not None:
        return TargetApplication(seen.object_id, seen.client_id, seen.credentials)
    if record.object_id is not None and record.client_id is not None and attempt.is_recent(write.at if write else None):
        return TargetApplication(record.object_id, record.client_id, None)
    if current.entry is not None and attempt.is_recent(current.entry.created):
        raise NotYetVisibleError("the directory does not show the application yet")
    return None


def _not_managed(request: RotationRequest, seen: SeenApplication | None) -> Problem | None:
    if seen is None or APPLICATION_TAG in seen.state.tags:
        return None
    return Problem(
        "application.uniqueName",
        "not_managed",
        f"The registrar does not manage the application {echo(request.application.unique_name)} and leaves it as it "
        "is.",
    )


def _unknown_application(request: RotationRequest) -> Problem:
    return Problem(
        "application.uniqueName",
        "unknown_application",
        f"There is no application with the uniqueName {echo(request.application.unique_name)}. "
        "Check the name, or register it first.",
    )


def _no_room(attempt: Attempt, request: RotationRequest, found: Found) -> tuple[Problem, ...]:
    """Return a problem if Entra would refuse another secret; one that was already issued needs no room."""
    seen, waits = found.seen, found.pending.entry
    if seen is None or found.is_promoted or found.tags.type != "secret":
        return ()
    there = {password.key_id for password in seen.passwords}
    is_made = waits is not None and waits.enabled and waits.tags.get("keyId") in there
    if is_made or attempt.operation.credential(request.credential).has_begun:
        return ()
    if has_room_for_a_secret(seen.state, len(there)):
        return ()
    message = (
        f"{echo(request.credential)} cannot be replaced: an app for personal accounts can have two client secrets, and "
        "this one has them. Have the one that nobody uses removed (App registrations, Certificates & secrets), or wait "
        "until the replaced one has gone."
    )
    return (Problem("credential", "too_many_secrets", message),)


def _unknown_credential(request: RotationRequest, current: VaultSecret) -> Problem:
    name = vault_secret_name(request.application.unique_name, request.credential)
    if current.deleted_tags is not None:
        why = f"its Key Vault secret {echo(name)} is deleted. Have it recovered, then send the request again"
    else:
        why = f"the registrar manages no Key Vault secret {echo(name)}. Check the name of the credential"
    message = f"The credential {echo(request.credential)} cannot be replaced: {why}."
    return Problem("credential", "unknown_credential", message)


def _withdrawn_credential(request: RotationRequest) -> Problem:
    message = (
        f"The credential {echo(request.credential)} cannot be replaced: the request that asked for it was rejected, "
        "and what it had issued was taken back. Register the application with this credential first."
    )
    return Problem("credential", "unknown_credential", message)


def _pending_taken(unique_name: str, request: RotationRequest) -> Problem:
    name = pending_secret_name(unique_name, request.credential)
    return Problem(
        "credential",
        "vault_name_taken",
        f"The registrar needs the name {echo(name)} in Key Vault for the new value, and a secret that it does not "
        "manage has that name. Have that secret removed, then send the request again.",
    )
