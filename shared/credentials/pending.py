"""The pending name: holds a credential until its sign-in is verified; no client reads it.

    <uniqueName>--<credential>--pending     issued, and stored at once
    <uniqueName>--<credential>              promoted: the newest version, which clients read

The pending secret stays, its used versions disabled: a deleted name is reserved by soft delete.
"""

from collections.abc import Sequence
from datetime import timedelta

from shared.audit.events import Removal
from shared.audit.noting import note_removal
from shared.core.errors import NotYetVisibleError
from shared.core.naming import pending_secret_name, vault_secret_name
from shared.credentials.ending import disable, key_id_of, remove_credential
from shared.credentials.issuing import TargetApplication
from shared.credentials.tags import SecretTags, ours, read_tags
from shared.model.vault import VaultEntry
from shared.operations.attempt import Attempt

_MAX_UNPROVEN = timedelta(hours=1)
"""A pending credential of an earlier operation that has not signed in for so long is replaced."""


def is_given_up(attempt: Attempt, entry: VaultEntry) -> bool:
    """Return whether an earlier operation failed to verify a sign-in with this pending credential in time."""
    tags = read_tags(entry)
    is_old = entry.created is not None and attempt.now() - entry.created >= _MAX_UNPROVEN
    return tags is not None and tags.operation_id != attempt.operation.id and is_old


async def end_pending(attempt: Attempt, holder: TargetApplication, entry: VaultEntry) -> None:
    """Remove a pending credential from the directory, and disable its version."""
    key_id = key_id_of(entry, holder)
    if key_id is not None:
        await _remove_unpromoted(attempt, holder, entry, key_id)
    await disable(attempt, entry)


async def promote(attempt: Attempt, credential: str, pending: VaultEntry, tags: SecretTags) -> VaultEntry:
    """Make the proven value the newest version of the name that clients read."""
    unique_name, vault = attempt.operation.unique_name, attempt.ports.vault
    if pending.expires is None:
        raise NotYetVisibleError(f"somebody changed the attributes of {pending.name}")
    value = await vault.value(unique_name, pending.name, pending.version)
    await attempt.save_operation(attempt.operation.with_credential(credential, promoting_at=attempt.now()))
    await attempt.lease.keep()
    name = vault_secret_name(unique_name, credential)
    if pending.type == "certificate":
        return await vault.import_certificate(unique_name, name, value, tags.to_tags())
    return await vault.store(
        unique_name, name, value, not_before=attempt.now(), expires=pending.expires, tags=tags.to_tags()
    )


async def clear_pending(
    attempt: Attempt, credential: str, holder: TargetApplication, promoted: Sequence[VaultEntry]
) -> None:
    """Disable our versions under the pending name, and end any credential of theirs that was not promoted.

    The versions are read again: a store whose answer was lost may have left two versions of one value.
    """
    unique_name = attempt.operation.unique_name
    done = {entry.tags.get("keyId") for entry in promoted}
    for entry in ours(await attempt.ports.vault.versions(unique_name, pending_secret_name(unique_name, credential))):
        if not entry.enabled:
            continue
        key_id = key_id_of(entry, holder)
        if key_id is not None and key_id not in done:
            if attempt.is_recent(attempt.operation.credential(credential).promoting_at):
                # If it were removed now, its value could still become the newest version, and would not sign in.
                raise NotYetVisibleError(f"the value of {entry.name} may be on its way to where clients read it")
            await _remove_unpromoted(attempt, holder, entry, key_id)
        await disable(attempt, entry)


async def _remove_unpromoted(attempt: Attempt, holder: TargetApplication, entry: VaultEntry, key_id: str) -> None:
    await note_removal(
        attempt.ports.audit,
        attempt.now(),
        attempt.operation.unique_name,
        key_id,
        Removal.NEVER_PROMOTED,
        object_id=holder.object_id,
        secret_name=entry.name,
        version=entry.version,
        operation=attempt.operation,
    )
    await remove_credential(attempt, holder.object_id, entry.type, key_id)
