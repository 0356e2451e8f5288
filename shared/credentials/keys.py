"""An application's list of certificates, which Graph replaces whole: what others put there stays.

Graph offers no way to add one certificate to an application that is not signed in itself (Microsoft Learn,
application-addkey), and no If-Match. So the list is read right before it is written, and never built on a read that
does not show our own last write: that would undo it. What somebody else wrote within the lag window can still be lost.
"""

from shared.core.errors import DeferredError, NotYetVisibleError, RegistrarError
from shared.core.runtime import within
from shared.credentials.issuing import Holder
from shared.model.application import ApplicationRecord
from shared.model.directory import KeyCredential, PublicCertificate
from shared.model.writes import KeyWrite
from shared.operations.attempt import Job
from shared.ports import Lease
from shared.ports.services import Services


async def add_key(job: Job, holder: Holder, certificate: PublicCertificate, display_name: str) -> str:
    """Have the directory know a certificate, beside those that are there; returns its keyId.

    Raises NotYetVisibleError while the directory does not show it, or not our last write before it.
    """
    directory, added = job.services.directory, certificate.thumbprint
    keys = await _current(job.services, job.application, holder.object_id)
    if (key_id := _key_id(keys, added)) is not None:
        return key_id
    await job.lease.keep()
    async with job.announce(key_write=KeyWrite(at=job.now(), added=added)):
        with job.patience(job.application.written_at):
            await directory.write_keys(holder.object_id, keys, (certificate, display_name))
    key_id = _key_id(await directory.keys(holder.object_id), added)
    if key_id is None:
        raise NotYetVisibleError("the directory does not show the certificate yet")
    return key_id


async def remove_key_in(job: Job, object_id: str, key_id: str) -> bool:
    """Take a certificate out; False when the directory does not show it: gone, or made too recently."""
    keys = await _current(job.services, job.application, object_id)
    if all(key.key_id != key_id for key in keys):
        return False
    await job.lease.keep()
    async with job.announce(key_write=KeyWrite(at=job.now(), removed=key_id)):
        with job.patience(job.application.written_at):
            await job.services.directory.write_keys(object_id, tuple(key for key in keys if key.key_id != key_id))
    return True


async def remove_key(services: Services, lease: Lease, unique_name: str, object_id: str, key_id: str) -> bool:
    """Do the same for those who hold the app's lease, but no operation."""
    stored = await services.applications.read(unique_name)
    keys = await _current(services, stored.value, object_id)
    if all(key.key_id != key_id for key in keys):
        return False
    await lease.keep()
    write = KeyWrite(at=services.runtime.now(), removed=key_id)
    etag = await services.applications.save(stored.value.model_copy(update={"key_write": write}), stored.etag)
    try:
        await services.directory.write_keys(object_id, tuple(key for key in keys if key.key_id != key_id))
    except RegistrarError as error:
        if not isinstance(error, DeferredError) or error.took_effect is False:
            await services.applications.save(stored.value, etag)
        raise
    return True


async def _current(services: Services, record: ApplicationRecord, object_id: str) -> tuple[KeyCredential, ...]:
    """Read the list. Raises NotYetVisibleError when the read may be older than our last write of it."""
    keys, write = await services.directory.keys(object_id), record.key_write
    is_recent = within(services.lag_window, write.at if write is not None else None, services.runtime.now())
    if write is not None and is_recent and not write.is_reflected_in(keys):
        raise NotYetVisibleError("the directory does not show the application's certificates as they were written yet")
    return keys


def _key_id(keys: tuple[KeyCredential, ...], thumbprint: str) -> str | None:
    return next((key.key_id for key in keys if key.thumbprint == thumbprint), None)
