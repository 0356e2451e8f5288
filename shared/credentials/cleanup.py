"""Ends credentials that an operation left behind: their value was lost, or they were never promoted."""

from collections.abc import Mapping
from datetime import datetime

from shared.audit.events import Removal
from shared.audit.noting import note_removal
from shared.core import log
from shared.core.naming import is_pending, operation_of, promoted_name
from shared.credentials.ending import remove_credential
from shared.model.directory import SeenApplication
from shared.model.vault import VaultEntry
from shared.operations.attempt import AppPorts, AppWork
from shared.ports import Cleanup, Operations


async def clean_up_credentials(ports: AppPorts, cleanup: Cleanup) -> int:
    """Remove an operation's orphaned credentials; return how many.

    These are secrets whose value never reached the vault, and credentials that were never promoted.
    """
    now = ports.runtime.now()
    if await _is_at_work(ports.operations, cleanup):
        return 0
    async with ports.leases.hold(cleanup.unique_name) as lease:
        seen = await ports.directory.application(cleanup.unique_name)
        stored, kept = set[str](), dict[str, tuple[VaultEntry, ...]]()
        for name in cleanup.secret_names:
            versions = kept[name] = await ports.vault.versions(cleanup.unique_name, name)
            stored |= {entry.tags.get("keyId", "") for entry in versions}
            # A deleted secret may be recovered: the value it held last is not lost yet.
            deleted = await ports.vault.deleted_tags(cleanup.unique_name, name) or {}
            stored.add(deleted.get("keyId", ""))
        lost = (
            [
                (seen.object_id, password.key_id)
                for password in seen.passwords
                if operation_of(password.display_name) == cleanup.operation_id and password.key_id not in stored
            ]
            if seen is not None
            else []
        )
        for object_id, key_id in lost:
            await lease.keep()
            await note_removal(
                ports.audit,
                ports.runtime.now(),
                cleanup.unique_name,
                key_id,
                Removal.VALUE_LOST,
                object_id=object_id,
                secret_name=", ".join(cleanup.secret_names),
            )
            await ports.directory.remove_password(object_id, key_id)
            log.warning("credential.lost_value_removed", app=cleanup.unique_name, key_id=key_id)
        record = await ports.applications.read(cleanup.unique_name)
        work = AppWork(ports, lease, record)
        unproven = await _end_unproven(work, cleanup, seen, kept)
        if lost or unproven:
            # Checked once more: only a later read that shows none closes the entry.
            await ports.cleanups.put(_again(cleanup, now))
        else:
            await ports.cleanups.remove(cleanup.unique_name, cleanup.operation_id)
        return len(lost) + unproven


async def _end_unproven(
    work: AppWork,
    cleanup: Cleanup,
    seen: SeenApplication | None,
    kept: Mapping[str, tuple[VaultEntry, ...]],
) -> int:
    """End what this operation left unpromoted under pending names; return how many."""
    ended, pending = 0, [(name, entry) for name in kept if is_pending(name) for entry in kept[name]]
    for name, entry in pending:
        if entry.tags.get("operationId") != cleanup.operation_id:
            continue
        is_promoted = any(_is_same(entry, each) for each in kept.get(promoted_name(name), ()))
        for object_id, key_id in _live(entry, seen) if not is_promoted else ():
            await work.lease.keep()
            await note_removal(
                work.ports.audit,
                work.now(),
                cleanup.unique_name,
                key_id,
                Removal.NEVER_PROMOTED,
                object_id=object_id,
                secret_name=name,
                version=entry.version,
            )
            await remove_credential(work, object_id, entry.type, key_id)
            log.warning("credential.unproven_removed", app=cleanup.unique_name, key_id=key_id)
            ended += 1
        if entry.enabled:
            await work.lease.keep()
            await work.ports.vault.disable(cleanup.unique_name, name, entry.version, entry.type)
            ended += 1
    return ended


def _is_same(entry: VaultEntry, other: VaultEntry) -> bool:
    """Return whether two versions hold the same credential: a certificate may have got its keyId only later."""
    if entry.type == "certificate":
        return entry.thumbprint == other.thumbprint
    return entry.tags.get("keyId") == other.tags.get("keyId")


def _live(entry: VaultEntry, seen: SeenApplication | None) -> list[tuple[str, str]]:
    """List (object id, keyId) of a version's live credentials in the directory."""
    if seen is None:
        return []
    if entry.type == "certificate":
        return [(seen.object_id, key.key_id) for key in seen.keys if key.thumbprint == entry.thumbprint]
    key_id = entry.tags.get("keyId")
    return [(seen.object_id, password.key_id) for password in seen.passwords if password.key_id == key_id]


def _again(cleanup: Cleanup, now: datetime) -> Cleanup:
    return Cleanup(cleanup.unique_name, cleanup.operation_id, cleanup.secret_names, now)


async def _is_at_work(operations: Operations, cleanup: Cleanup) -> bool:
    """Return whether the operation is still unsettled: it then removes its own losses."""
    stored = await operations.read(cleanup.operation_id)
    return stored is not None and not stored.value.state.settled
