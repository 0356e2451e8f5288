"""The action `rotate`: a new credential beside the old one, proven before any client reads it.

    issue beside     addPassword with our mark, and its value at once into the vault under the pending name
    prove            a token is obtained with it; that may take minutes, in which the message comes back
    promote          the proven value becomes the newest version of the name that clients read
    overlap          the old credential lives on; `shared.rotation.retire` ends it when its time has come

How far it came is read from what exists, so that an attempt may begin anywhere. A credential that leaked does not
live on: it goes once the new one is promoted, and at the deadline whatever has been reached by then.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.contract.request import RotationRequest
from shared.credentials.issuing import (
    Holder,
    Kept,
    Wanted,
    is_live,
    look_into_vault,
    replace_lost,
    settle_intent,
)
from shared.credentials.life import overlap
from shared.credentials.proof import DEFAULT_RESOURCE, prove
from shared.credentials.tags import SecretTags, belongs_to, read_tags
from shared.errors import NotYetVisible, Problem, Rejected, echo
from shared.job import Job
from shared.model import SeenApplication, VaultEntry
from shared.naming import (
    APPLICATION_TAG,
    description_of,
    pending_secret_name,
    vault_secret_name,
)
from shared.ownership import ownership_problem
from shared.rotation.listing import list_due

_UNPROVEN_AT_MOST = timedelta(hours=1)
"""What an earlier operation left under the pending name and nobody could sign in with for so long is replaced."""


@dataclass(frozen=True)
class Rotation:
    """A finished rotation: what clients read now, and what becomes of what they read before."""

    holder: Holder
    entry: VaultEntry
    replaced_key_id: str
    retire_after: datetime
    """When the replaced credential goes, or went."""


@dataclass(frozen=True)
class _Found:
    """What one attempt saw before its first write."""

    holder: Holder
    seen: SeenApplication | None
    current: Kept
    newest: VaultEntry
    tags: SecretTags
    """Of the newest version of the name that clients read."""
    pending: Kept
    replaces: str

    @property
    def is_promoted(self) -> bool:
        """Say whether clients read another credential already than the one to be replaced."""
        return self.tags.key_id != self.replaces


async def rotate(job: Job, request: RotationRequest) -> Rotation:
    """Bring a new credential about, proven and promoted, and say what becomes of the old one.

    Raises Rejected before the first write; `Deferred` when it has to go on later.
    """
    async with job.step("checkRequest"):
        found = await _observe_and_check(job, request)
    deadline = job.operation.revoke_by
    if deadline is not None and job.now() >= deadline:
        await _remove_old(job, request, found)
        await _is_old_refused(job, request, found)
    promoted = found.newest if found.is_promoted else await _replace(job, request, found)
    async with job.step("clearPending"):
        await _clear_pending(job, request, found, promoted)
    # What was there before, as far as anybody knows by now: an earlier attempt may have promoted it.
    before = tuple(each for each in found.current.versions if each.tags.get("keyId") != promoted.tags.get("keyId"))
    retire_after, versions = _retire_after(promoted, job.now()), (*before, promoted)
    if request.revoke_previous is not None:
        async with job.step("revokePrevious"):
            retire_after = await _revoke(job, request, found)
        versions = tuple(replace(each, enabled=each.tags.get("keyId") != found.replaces) for each in versions)
    await list_due(job.services, job.operation.unique_name, request.credential, before, versions)
    return Rotation(found.holder, promoted, found.replaces, retire_after)


async def _observe_and_check(job: Job, request: RotationRequest) -> _Found:
    """Look at everything the rotation touches, and raise Rejected with all that forbids it, before any write."""
    unique_name, services = job.operation.unique_name, job.services
    current = await look_into_vault(job, vault_secret_name(unique_name, request.credential))
    pending = await look_into_vault(job, pending_secret_name(unique_name, request.credential))
    seen = await services.directory.application(unique_name)
    holder = _holder(job, seen, current)
    tags = read_tags(current.entry) if current.entry is not None else None
    is_known = tags is not None and belongs_to(tags.to_tags(), unique_name, request.credential)
    problems = [problem for problem in (_not_managed(request, seen),) if problem is not None]
    if holder is None:
        problems.append(_unknown_application(request))
    if current.entry is None or tags is None or not is_known:
        problems.append(_unknown_credential(request, current))
    if pending.tags is not None and not belongs_to(pending.tags, unique_name, request.credential):
        problems.append(_pending_taken(unique_name, request))
    owner = job.application.owner or (tags.owner if tags is not None else None)
    stranger = ownership_problem(request, owner, services.policy, exists=True)
    if stranger is not None and not job.operation.is_our_own and not problems:
        problems.append(stranger)
    if problems or holder is None or current.entry is None or tags is None:
        raise Rejected(problems)
    replaces = job.operation.credential(request.credential).replaces
    if replaces is None:
        replaces = tags.key_id
        await job.save_operation(job.operation.with_credential(request.credential, replaces=replaces))
    found = _Found(holder, seen, current, current.entry, tags, pending, replaces)
    if not found.is_promoted and request.revoke_previous is None and job.is_recent(current.entry.created):
        # A repeated write of the value before may still be on its way, and would become the newest.
        raise NotYetVisible(f"the credential {echo(request.credential)} was stored moments ago")
    return found


def _holder(job: Job, seen: SeenApplication | None, current: Kept) -> Holder | None:
    """Return the application as the read shows it, or as our record knows it while reads may lag behind its making."""
    record, write = job.application, job.application.application_write
    if seen is not None:
        return Holder(seen.object_id, seen.client_id, seen.passwords)
    if record.object_id is not None and record.client_id is not None and job.is_recent(write.at if write else None):
        return Holder(record.object_id, record.client_id, None)
    if current.entry is not None and job.is_recent(current.entry.created):
        raise NotYetVisible("the directory does not show the application yet")
    return None


async def _replace(job: Job, request: RotationRequest, found: _Found) -> VaultEntry:
    """Issue, prove and promote; returns the new version of the name that clients read."""
    async with job.step("issueCredential"):
        pending = await _issue_beside(job, request, found)
    async with job.step("signIn"):
        await prove(job, found.holder, pending, credential=request.credential)
    async with job.step("promoteCredential"):
        return await _promote(job, request, found, pending)


async def _clear_pending(job: Job, request: RotationRequest, found: _Found, promoted: VaultEntry) -> None:
    """Disable what lies under the pending name, and end any other credential that was issued for it.

    It is listed anew: a store whose answer was lost may have left two versions of one value.
    """
    unique_name, services = job.operation.unique_name, job.services
    live = {password.key_id for password in found.holder.passwords or ()}
    done = {entry.tags.get("keyId") for entry in (*found.current.versions, promoted)}
    for entry in await services.vault.versions(unique_name, pending_secret_name(unique_name, request.credential)):
        if not entry.enabled:
            continue
        tags = read_tags(entry)
        if tags is not None and tags.key_id in live - done:
            await services.directory.remove_password(found.holder.object_id, tags.key_id)
        await services.vault.disable(unique_name, entry.name, entry.version)


async def _issue_beside(job: Job, request: RotationRequest, found: _Found) -> VaultEntry:
    """Return the pending version whose value is to be proven: the one that stands, whoever issued it, or a new one."""
    entry = found.pending.entry
    promoted = {version.tags.get("keyId") for version in found.current.versions}
    is_standing = entry is not None and entry.tags.get("keyId") not in promoted and is_live(job, entry, found.holder)
    if entry is not None and is_standing and not await _is_given_up(job, found, entry):
        await settle_intent(job, request.credential, entry)
        return entry
    return await replace_lost(job, _wanted(job, request, found), found.holder, found.pending)


async def _is_given_up(job: Job, found: _Found, entry: VaultEntry) -> bool:
    """Remove a pending credential that an earlier operation could not prove in all its time."""
    tags = read_tags(entry)
    is_old = entry.created is not None and job.now() - entry.created >= _UNPROVEN_AT_MOST
    if tags is None or tags.operation_id == job.operation.id or not is_old:
        return False
    await job.services.directory.remove_password(found.holder.object_id, tags.key_id)
    await job.services.vault.disable(job.operation.unique_name, entry.name, entry.version)
    return True


def _wanted(job: Job, request: RotationRequest, found: _Found) -> Wanted:
    operation, rules = job.operation, job.services.policy.credentials
    lifetime_days = max(rules.min_lifetime_days, min(found.tags.lifetime_days, rules.max_lifetime_days))
    old = next((each for each in (found.holder.passwords or ()) if each.key_id == found.replaces), None)
    pending = pending_secret_name(operation.unique_name, request.credential)
    return Wanted(
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
    )


async def _promote(job: Job, request: RotationRequest, found: _Found, pending: VaultEntry) -> VaultEntry:
    """Make the proven value the newest version of the name that clients read."""
    unique_name, vault, tags = job.operation.unique_name, job.services.vault, read_tags(pending)
    if tags is None or pending.expires is None:
        raise NotYetVisible(f"somebody changed the tags of {pending.name}")
    value = await vault.value(unique_name, pending.name, pending.version)
    await job.lease.keep()
    now = job.now()
    goes = now if request.revoke_previous is not None else now + overlap(found.tags)
    tags = replace(tags, owner=found.tags.owner, previous_key_id=found.replaces, retire_after=goes)
    name = vault_secret_name(unique_name, request.credential)
    return await vault.store(unique_name, name, value, not_before=now, expires=pending.expires, tags=tags.to_tags())


def _retire_after(promoted: VaultEntry, now: datetime) -> datetime:
    tags = read_tags(promoted)
    return tags.retire_after if tags is not None and tags.retire_after is not None else now


async def _revoke(job: Job, request: RotationRequest, found: _Found) -> datetime:
    """End the old credential now, and see a sign-in with its value refused; returns when it was removed."""
    await _remove_old(job, request, found)
    if not await _is_old_refused(job, request, found):
        raise NotYetVisible("the token endpoint still takes the old credential")
    for entry in _old_versions(found):
        await job.services.vault.disable(job.operation.unique_name, entry.name, entry.version)
    return job.operation.credential(request.credential).old_gone_at or job.now()


async def _remove_old(job: Job, request: RotationRequest, found: _Found) -> None:
    progress = job.operation.credential(request.credential)
    if progress.old_gone_at is not None:
        return
    await job.lease.keep()
    removed = await job.services.directory.remove_password(found.holder.object_id, found.replaces)
    if not removed and any(job.is_recent(entry.created) for entry in _old_versions(found)):
        raise NotYetVisible("the directory does not show the old credential yet")
    await job.save_operation(job.operation.with_credential(request.credential, old_gone_at=job.now()))


async def _is_old_refused(job: Job, request: RotationRequest, found: _Found) -> bool:
    """Say whether a sign-in with the old value is refused, and note when it was for the first time."""
    if job.operation.credential(request.credential).old_refused_at is not None:
        return True
    versions = _old_versions(found)
    if not versions:
        return True
    value = await job.services.vault.value(job.operation.unique_name, versions[-1].name, versions[-1].version)
    try:
        await job.services.sign_in.prove(found.holder.client_id, value, DEFAULT_RESOURCE)
    except NotYetVisible:
        await job.save_operation(job.operation.with_credential(request.credential, old_refused_at=job.now()))
        return True
    return False


def _old_versions(found: _Found) -> list[VaultEntry]:
    """List the versions that hold the old value and can still be read."""
    return [each for each in found.current.versions if each.enabled and each.tags.get("keyId") == found.replaces]


def _not_managed(request: RotationRequest, seen: SeenApplication | None) -> Problem | None:
    if seen is None or APPLICATION_TAG in seen.state.tags:
        return None
    return Problem(
        "application.uniqueName",
        "not_managed",
        f"The application {echo(request.application.unique_name)} is not the registrar's. It stays untouched.",
    )


def _unknown_application(request: RotationRequest) -> Problem:
    return Problem(
        "application.uniqueName",
        "unknown_application",
        f"There is no application with the uniqueName {echo(request.application.unique_name)}. "
        "Check the name, or register it first.",
    )


def _unknown_credential(request: RotationRequest, current: Kept) -> Problem:
    name = vault_secret_name(request.application.unique_name, request.credential)
    if current.deleted_tags is not None:
        advice = f"its Key Vault secret {echo(name)} was deleted. Have it recovered, then ask again"
    else:
        advice = f"there is no Key Vault secret {echo(name)} of the registrar's. Check the name"
    return Problem("credential", "unknown_credential", f"{echo(request.credential)} cannot be replaced: {advice}.")


def _pending_taken(unique_name: str, request: RotationRequest) -> Problem:
    name = pending_secret_name(unique_name, request.credential)
    return Problem(
        "credential",
        "vault_name_taken",
        f"The Key Vault secret {echo(name)}, where the new value would wait for its proof, is not the registrar's. "
        "Have it removed.",
    )
