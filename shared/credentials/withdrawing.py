"""What an operation issued goes, when it ends without its requester being told of it.

First the value is put out of reach, so that no other request goes on with it; then the credential leaves the directory,
by its mark, and is seen gone. What others issued, and what another change has answered meanwhile, stays; another that
had taken a credential up and has told nobody of it issues one of its own.
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
    """What the vault held when it was gone through, by secret name, and which versions of it were put out of reach."""

    versions: Mapping[str, tuple[VaultEntry, ...]]
    made: tuple[VaultEntry, ...]
    """What this operation made, and what others stored of its credentials without having answered with them."""


async def withdraw(attempt: Attempt, names: Mapping[str, Sequence[str]], kept: frozenset[str]) -> Withdrawn:
    """End what this operation issued, whatever is known of it, and see it gone.

    `names` are secrets of the vault by credential, `kept` keyIds and thumbprints that stay. Nothing was issued after
    the operation's refusal: raises NotYetVisibleError until a read that is surely younger than that shows none of it. A
    pair that was made and that the directory never knew signs nobody in: its clean-up entry sees to the rest.
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
    taken_up = tuple(
        entry
        for some in versions.values()
        for entry in some
        if entry not in made and entry.enabled and any(_holds(entry, key_id, seen) for key_id in live)
    )
    await _put_out_of_reach(attempt, taken_up)
    made += taken_up
    is_there = seen is not None and live and await _remove(attempt, seen, live, made, kept)
    refusal = attempt.operation.refusal
    if is_there or (refusal is not None and attempt.is_recent(refusal.at)):
        raise NotYetVisibleError("the directory may still have credentials of this request")
    return Withdrawn(versions, made)


def is_withdrawn(attempt: Attempt, credential: str, entry: VaultEntry) -> bool:
    """Return whether a version was disabled by the roll-back of a request, and not by somebody."""
    return attempt.application.withdrawn.get(credential) == entry.version


async def forget(attempt: Attempt, names: Mapping[str, Sequence[str]]) -> None:
    """Note that nothing of these credentials is left that this operation made."""
    left = {name: made for name, made in attempt.operation.credentials.items() if name not in names}
    if left != attempt.operation.credentials:
        await attempt.save_operation(attempt.operation.model_copy(update={"credentials": left}))
        await close_cleanup(attempt)


async def _put_out_of_reach(attempt: Attempt, versions: Sequence[VaultEntry]) -> None:
    """Disable versions, noted first: a value that somebody else disabled gets no successor unasked."""
    read = {each.tags["credential"]: each.version for each in versions if not is_pending(each.name)}
    if read:
        await attempt.save_application(withdrawn=attempt.application.withdrawn | read)
    for each in versions:
        await disable(attempt, each)


def _is_made(attempt: Attempt, entry: VaultEntry, kept: frozenset[str]) -> bool:
    """Return whether this operation made a version, or used one that waited under the pending name.

    What lies there goes, whatever has become of it; of the others, what stays is none of its own any more.
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
        # It may have been added by a write without an answer, of which a later one has taken the place.
        return True
    if progress.key_id is None:
        return False
    # What it only found there is another's; what the vault does not show any more may be its own.
    found = [entry for some in versions.values() for entry in some if entry.version == progress.version]
    return not found or any(entry in made for entry in found)


async def _remove(
    attempt: Attempt,
    seen: SeenApplication,
    live: Mapping[str, CredentialType],
    made: Sequence[VaultEntry],
    kept: frozenset[str],
) -> bool:
    """Remove what the directory shows of it; returns whether a read still shows any."""
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
    """Return what a read shows of this operation's credentials: by their mark, and by what the vault holds."""
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
    """Return whether a version holds this credential: by its tags, or by its thumbprint where it was named later."""
    if entry.tags.get("keyId") == key_id:
        return True
    keys = seen.keys if seen is not None else ()
    return bool(entry.thumbprint) and any(key.key_id == key_id and key.thumbprint == entry.thumbprint for key in keys)
