"""Withdraws what an operation issued, when it ends without delivering it to its requester.

First the value is disabled, so that no other request continues with it; then the credential is removed from the
directory, by its mark, and seen gone. What others issued, and what another change has answered meanwhile, stays; a
change that had taken up a credential without having answered it issues its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.audit.events import Removal
from shared.audit.noting import note_removal
from shared.core.errors import NotYetVisibleError
from shared.core.naming import is_pending, operation_of
from shared.credentials.ending import disable, remove_credential
from shared.credentials.issuing import close_cleanup
from shared.model.directory import CredentialType, KeyCredential, SeenApplication
from shared.model.operation import CredentialProgress
from shared.model.vault import VaultEntry
from shared.operations.attempt import Attempt


@dataclass(frozen=True)
class Withdrawn:
    """The vault's versions by secret name, and which of them were disabled."""

    versions: Mapping[str, tuple[VaultEntry, ...]]
    made: tuple[VaultEntry, ...]
    """Versions that this operation made, and those that others stored of its credentials without having answered."""


async def withdraw(attempt: Attempt, names: Mapping[str, Sequence[str]], kept: frozenset[str]) -> Withdrawn:
    """End everything that this operation issued, and see it gone.

    `names` are secrets of the vault by credential, `kept` keyIds and thumbprints that stay. Nothing was issued after
    the operation's refusal: raises NotYetVisibleError until a read certain to be younger than that shows none of it. A
    pair that the directory never knew cannot sign in: its clean-up entry takes care of it.
    """
    unique_name, vault = attempt.operation.unique_name, attempt.ports.vault
    versions = {each: await vault.versions(unique_name, each) for some in names.values() for each in some}
    made = tuple(entry for some in versions.values() for entry in some if _is_made(attempt, entry, kept))
    can_sign_in = any(_may_sign_in(attempt, name, versions, made) for name in names)
    await _put_out_of_reach(attempt, [entry for entry in made if entry.enabled])
    if not can_sign_in:
        return Withdrawn(versions, made)
    seen = await attempt.ports.directory.application(unique_name)
    live = _live(attempt, seen, made, kept)
    others = [entry for some in versions.values() for entry in some if entry not in made]
    taken_up = [each for each in others if each.enabled and any(_holds(each, key_id, seen) for key_id in live)]
    await _put_out_of_reach(attempt, taken_up)
    made += tuple(taken_up)
    is_there = seen is not None and live and await _remove(attempt, seen, live, made, kept)
    refusal = attempt.operation.refusal
    if is_there or (refusal is not None and attempt.is_recent(refusal.at)):
        raise NotYetVisibleError("the directory may still have credentials of this request")
    # An earlier attempt may have disabled some: they leave the index of what is due with the others.
    earlier = [e for e in others if not e.enabled and is_withdrawn(attempt, e.tags.get("credential", ""), e)]
    return Withdrawn(versions, (*made, *earlier))


def is_withdrawn(attempt: Attempt, credential: str, entry: VaultEntry) -> bool:
    """Return whether a version was disabled by a request's roll-back, not by hand."""
    return attempt.application.withdrawn.get(credential) == entry.version


async def forget(attempt: Attempt, names: Mapping[str, Sequence[str]]) -> None:
    """Record that nothing this operation made of these credentials is left."""
    left = {name: made for name, made in attempt.operation.credentials.items() if name not in names}
    if left != attempt.operation.credentials:
        await attempt.save_operation(attempt.operation.model_copy(update={"credentials": left}))
        await close_cleanup(attempt)


async def _put_out_of_reach(attempt: Attempt, versions: Sequence[VaultEntry]) -> None:
    """Disable versions, recorded first: a value disabled by hand would get no successor unless requested."""
    read = {each.tags["credential"]: each.version for each in versions if not is_pending(each.name)}
    if read:
        await attempt.save_application(withdrawn=attempt.application.withdrawn | read)
    for each in versions:
        await disable(attempt, each)


def _is_made(attempt: Attempt, entry: VaultEntry, kept: frozenset[str]) -> bool:
    """Return whether this operation made a version, or used one that waited under the pending name.

    Pending versions are withdrawn in any case; of the others, those in `kept` are not this operation's any more.
    """
    is_ours = entry.tags.get("operationId") == attempt.operation.id
    if is_pending(entry.name):
        progress = attempt.operation.credential(entry.tags.get("credential", ""))
        return is_ours or progress.version == entry.version
    return is_ours and entry.tags.get("keyId") not in kept


def _may_sign_in(
    attempt: Attempt, credential: str, versions: Mapping[str, tuple[VaultEntry, ...]], made: Sequence[VaultEntry]
) -> bool:
    """Return whether the directory may know a credential that this operation issued under this name."""
    progress: CredentialProgress = attempt.operation.credential(credential)
    if progress.answer_lost or progress.intended_at is not None or progress.promoting_at is not None:
        return True
    of_it = [entry for entry in made if entry.tags.get("credential") == credential]
    if attempt.application.key_write is not None and any(entry.type == "certificate" for entry in of_it):
        # It may have been added by a write whose answer was lost and whose record a later write replaced.
        return True
    if progress.key_id is None:
        return False
    # A version it only found is another's; one that the vault does not show any more may be its own.
    found = [entry for some in versions.values() for entry in some if entry.version == progress.version]
    return not found or any(entry in made for entry in found)


async def _remove(
    attempt: Attempt,
    seen: SeenApplication,
    live: Mapping[str, CredentialType],
    made: Sequence[VaultEntry],
    kept: frozenset[str],
) -> bool:
    """Remove these live credentials; return whether a read still shows any."""
    unique_name = attempt.operation.unique_name
    for key_id, kind in live.items():
        entry = next((each for each in made if _holds(each, key_id, seen)), None)
        await attempt.lease.keep()
        await note_removal(
            attempt.ports.audit,
            attempt.now(),
            unique_name,
            key_id,
            Removal.ROLLED_BACK,
            object_id=seen.object_id,
            secret_name=entry.name if entry is not None else "",
            version=entry.version if entry is not None else None,
            operation=attempt.operation,
        )
        await remove_credential(attempt, seen.object_id, kind, key_id)
    return bool(_live(attempt, await attempt.ports.directory.application(unique_name), made, kept))


def _live(
    attempt: Attempt, seen: SeenApplication | None, made: Sequence[VaultEntry], kept: frozenset[str]
) -> dict[str, CredentialType]:
    """Return this operation's credentials that a read shows: by their mark, and by the vault's versions."""
    found = dict[str, CredentialType]()
    for each in (*seen.passwords, *seen.keys) if seen is not None else ():
        is_key = isinstance(each, KeyCredential)
        stays = each.key_id in kept or (is_key and each.thumbprint in kept)
        is_ours = operation_of(each.display_name) == attempt.operation.id or any(
            _holds(entry, each.key_id, seen) for entry in made
        )
        if is_ours and not stays:
            found[each.key_id] = "certificate" if is_key else "secret"
    return found


def _holds(entry: VaultEntry, key_id: str, seen: SeenApplication | None) -> bool:
    """Return whether a version holds this credential: by its tags, or by its thumbprint if the keyId came later."""
    if entry.tags.get("keyId") == key_id:
        return True
    keys = seen.keys if seen is not None else ()
    return bool(entry.thumbprint) and any(key.key_id == key_id and key.thumbprint == entry.thumbprint for key in keys)
