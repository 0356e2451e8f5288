"""Ends a credential of either kind: removed from the directory, and its value made unreadable."""

from shared.credentials.issuing import TargetApplication
from shared.credentials.keys import remove_key
from shared.credentials.tags import read_tags
from shared.model.directory import CredentialType
from shared.model.vault import VaultEntry
from shared.operations.attempt import AppWork, Attempt


def key_id_of(entry: VaultEntry, holder: TargetApplication) -> str | None:
    """Return the keyId of a version's live credential, by its tags, or by its thumbprint if the keyId came later."""
    seen, tags = holder.seen, read_tags(entry)
    if seen is None or tags is None:
        return None
    if tags.key_id:
        return tags.key_id if seen.find(tags.key_id) is not None else None
    return next((key.key_id for key in seen.keys if key.thumbprint == entry.thumbprint), None)


async def remove_credential(work: AppWork, object_id: str, kind: CredentialType, key_id: str) -> bool:
    """Remove a credential from the directory; False when the directory does not show it: gone, or too recent."""
    if kind == "certificate":
        return await remove_key(work, object_id, key_id)
    with work.tolerate_lag(work.application.written_at):
        return await work.ports.directory.remove_password(object_id, key_id)


async def disable(attempt: Attempt, entry: VaultEntry) -> None:
    """Disable a version, so that its value cannot be read."""
    await attempt.ports.vault.disable(attempt.operation.unique_name, entry.name, entry.version, entry.type)
