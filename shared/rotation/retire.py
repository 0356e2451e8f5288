"""Ends overlaps: the replaced credential is removed from the directory, and its version disabled."""

from shared.audit.events import Removal
from shared.audit.noting import note_removal
from shared.core import log
from shared.core.errors import NotYetVisibleError
from shared.core.naming import vault_secret_name
from shared.credentials.ending import remove_credential
from shared.credentials.life import Retirement, disabled, ended
from shared.credentials.tags import ours
from shared.model.vault import VaultEntry
from shared.operations.attempt import AppPorts, AppWork


async def retire(ports: AppPorts, unique_name: str, credential: str) -> tuple[VaultEntry, ...]:
    """End every replaced credential that is due; return our versions as they are afterwards.

    What is removed is read from the vault under the app's lease: the keyId that a version of ours names as the one it
    replaced, and of which the vault has a version. First the directory, then the version: so a readable version has
    not been retired yet, and an interruption only costs a repetition. Raises BusyError while another operation holds
    the lease.
    """
    name = vault_secret_name(unique_name, credential)
    async with ports.leases.hold(unique_name) as lease:
        versions = ours(await ports.vault.versions(unique_name, name))
        now = ports.runtime.now()
        due = ended(versions, now)
        if not due:
            return versions
        record = await ports.applications.read(unique_name)
        work = AppWork(ports, lease, record)
        object_id = await _object_id(work)
        for retirement in due:
            await _retire(work, object_id, name, retirement)
        gone = {retirement.version for retirement in due}
        return tuple(disabled(entry, now) if entry.version in gone else entry for entry in versions)


async def _retire(work: AppWork, object_id: str, name: str, retirement: Retirement) -> None:
    unique_name = work.application.unique_name
    await work.lease.keep()
    await remove_credential(work, object_id, retirement.kind, retirement.key_id)
    await note_removal(
        work.ports.audit,
        work.now(),
        unique_name,
        retirement.key_id,
        Removal.OVERLAP_ENDED,
        object_id=object_id,
        secret_name=name,
        version=retirement.version,
    )
    await work.ports.vault.disable(unique_name, name, retirement.version, retirement.kind)
    log.event("credential.retired", app=unique_name, secret=name, key_id=retirement.key_id)


async def _object_id(work: AppWork) -> str:
    """Return the application's object id: from our record, or from the directory if that was lost."""
    if work.application.object_id is not None:
        return work.application.object_id
    unique_name = work.application.unique_name
    seen = await work.ports.directory.application(unique_name)
    if seen is None:
        raise NotYetVisibleError(f"the directory does not show the application {unique_name}")
    return seen.object_id
