"""An application's list of certificates, which Graph replaces as a whole: others' entries are preserved.

Graph offers no way to add one certificate to an application that is not signed in itself (Microsoft Learn,
application-addkey), and no If-Match. So the list is read right before it is written, and never from a read that does
not show our own last write: that would undo it. Others' writes within the lag window can still be lost.
"""

from shared.core.errors import NotYetVisibleError
from shared.credentials.issuing import TargetApplication
from shared.model.directory import KeyCredential, PublicCertificate
from shared.model.writes import KeyWrite
from shared.operations.attempt import AppWork, Attempt


async def add_key(
    attempt: Attempt, holder: TargetApplication, certificate: PublicCertificate, display_name: str
) -> str:
    """Add a certificate to the directory's list; return its keyId.

    Raises NotYetVisibleError while the directory does not show it, or our last write before it.
    """
    directory, added = attempt.ports.directory, certificate.thumbprint
    keys = await _current(attempt, holder.object_id)
    if (key_id := _key_id(keys, added)) is not None:
        return key_id
    await attempt.lease.keep()
    async with attempt.record_intended_write(key_write=KeyWrite(at=attempt.now(), added=added)):
        with attempt.tolerate_lag(attempt.application.written_at):
            await directory.write_keys(holder.object_id, keys, (certificate, display_name))
    key_id = _key_id(await directory.keys(holder.object_id), added)
    if key_id is None:
        raise NotYetVisibleError("the directory does not show the certificate yet")
    return key_id


async def remove_key(work: AppWork, object_id: str, key_id: str) -> bool:
    """Remove a certificate; False when the directory does not show it: gone, or too recent."""
    keys = await _current(work, object_id)
    if all(key.key_id != key_id for key in keys):
        return False
    await work.lease.keep()
    async with work.record_intended_write(key_write=KeyWrite(at=work.now(), removed=key_id)):
        with work.tolerate_lag(work.application.written_at):
            await work.ports.directory.write_keys(object_id, tuple(key for key in keys if key.key_id != key_id))
    return True


async def _current(work: AppWork, object_id: str) -> tuple[KeyCredential, ...]:
    """Read the list. Raises NotYetVisibleError when the read may be older than our last write of it."""
    keys, write = await work.ports.directory.keys(object_id), work.application.key_write
    if write is not None and work.is_recent(write.at) and not write.is_reflected_in(keys):
        raise NotYetVisibleError("the directory does not show the application's certificates as they were written yet")
    return keys


def _key_id(keys: tuple[KeyCredential, ...], thumbprint: str) -> str | None:
    return next((key.key_id for key in keys if key.thumbprint == thumbprint), None)
