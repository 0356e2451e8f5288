"""What a rotation finds before its first write, and all that forbids it."""

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
    """Of our newest version of the name that clients read."""
    pending: VaultSecret
    replaces: str
    is_withdrawn: bool = False
    """The newest version was taken back with the request that issued it: no client is to read it."""
    longest: timedelta | None = None
    """How long the tenant lets a new one live, as far as the registrar can see."""
    forbidden: tuple[Problem, ...] = ()
    """Why the tenant allows no new one."""

    @property
    def is_promoted(self) -> bool:
        """Return whether clients read another credential already than the one to be replaced."""
        return self.tags.key_id != self.replaces and not self.is_withdrawn


async def observe_and_check(attempt: Attempt, request: RotationRequest) -> Found:
    """Look at everything the rotation touches, and raise Rejected with all that forbids it, before any write."""
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
        problems += await _stranger(attempt, request, tags)
    if problems or holder is None or current.entry is None or tags is None:
        raise RejectedError(problems)
    await _let_registration_end(attempt, request, tags)
    replaces = attempt.operation.credential(request.credential).replaces
    if replaces is None:
        replaces = tags.key_id
        # Before anybody is asked: what they approve is the end of this one, whatever became current meanwhile.
        await attempt.save_operation(attempt.operation.with_credential(request.credential, replaces=replaces))
    found = Found(holder, seen, current, current.entry, tags, pending, replaces, is_taken_back)
    found = await _hold_against_tenant(attempt, request, found, restrictions)
    _check_approval(attempt, request)
    if not found.is_promoted and request.revoke_previous is None and attempt.is_recent(current.entry.created):
        # A repeated write of the value before may still be on its way, and would become the newest.
        raise NotYetVisibleError(f"the credential {echo(request.credential)} was stored moments ago")
    return found


async def _hold_against_tenant(
    attempt: Attempt, request: RotationRequest, found: Found, restrictions: SeenRestrictions
) -> Found:
    """Return what was found, with what the tenant, and Entra itself, say of a new credential."""

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
        raise RejectedError(forbidden)  # before anybody is asked to approve it
    return replace(found, longest=rules.longest(found.newest.type), forbidden=forbidden)


def _check_approval(attempt: Attempt, request: RotationRequest) -> None:
    """Wait for somebody's approval where policy wants it. Raises ApprovalNeededError, before any write.

    Not of the registrar's own rotations, which keep an app working. What has begun to write is ended whatever policy
    says by now: half a rotation that waits for people would leave clients with a credential that is about to go.
    """
    if attempt.operation.is_our_own or attempt.operation.credential(request.credential).has_begun:
        return
    policy = attempt.policy
    check_approval(attempt.operation, rotation_reasons(request, policy), binding(request, (), policy))


async def _stranger(attempt: Attempt, request: RotationRequest, tags: SecretTags | None) -> tuple[Problem, ...]:
    """Say why the requester may not have it rotated; what the registrar asks itself depends on nobody being found.

    Once clients may read the new one, the rotation is ended, whoever owns the app by now.
    """
    if attempt.operation.credential(request.credential).promoting_at is not None:
        return ()
    owner = attempt.application.owned_by or read_person(tags.owner if tags is not None else None)
    allowed, unknown = await may_change(attempt, owner)
    return unknown or (() if allowed else (not_owner(request),))


async def _let_registration_end(attempt: Attempt, request: RotationRequest, tags: SecretTags) -> None:
    """Raise BusyError while the request that issued the credential is at work: if it is refused, it takes back what it
    gave.

    What replaces its credential meanwhile would stay, on an app of which the answer says that it has none. A leaked
    value is replaced all the same, and what has begun is ended; unless such a request has replaced the old one first,
    for then the rotation would tell of what may go.
    """
    operation, progress = attempt.operation, attempt.operation.credential(request.credential)
    is_overtaken = progress.replaces not in (None, tags.key_id)
    if request.revoke_previous is not None or ((operation.is_our_own or progress.has_begun) and not is_overtaken):
        return
    await let_issuer_end(attempt, request, tags)


async def let_issuer_end(attempt: Attempt, request: RotationRequest, tags: SecretTags) -> None:
    """Raise BusyError while another request is at work that has issued this credential: it may take it back."""
    if tags.operation_id != attempt.operation.id and await is_at_work(attempt.ports.operations, tags.operation_id):
        raise BusyError(
            f"the credential {echo(request.credential)} is being issued by a request that is not settled yet"
        )


def _holder(attempt: Attempt, seen: SeenApplication | None, current: VaultSecret) -> TargetApplication | None:
    """Return the application as the read shows it, or as our record knows it while reads may lag behind its making."""
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
    """Say so where Entra would refuse another secret beside those there are; one that was made already needs none."""
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
