"""Revokes a leaked credential at once, and verifies that it is refused."""

from datetime import datetime

from shared.audit.events import Removal
from shared.audit.noting import note_removal
from shared.contract.request import RotationRequest
from shared.core.errors import NotYetVisibleError
from shared.core.naming import vault_secret_name
from shared.credentials.ending import disable, remove_credential
from shared.credentials.sign_in import audience_of
from shared.model.vault import VaultEntry
from shared.operations.attempt import Attempt
from shared.rotation.observe import Found


async def revoke(attempt: Attempt, request: RotationRequest, found: Found) -> datetime:
    """Revoke the old credential, and see a sign-in with its value refused; return when it was removed."""
    await remove_old(attempt, request, found)
    if not await confirm_old_refused(attempt, request, found):
        raise NotYetVisibleError("the token endpoint still takes the old credential")
    for entry in _old_versions(found):
        await disable(attempt, entry)
    return attempt.operation.credential(request.credential).old_gone_at or attempt.now()


async def remove_old(attempt: Attempt, request: RotationRequest, found: Found) -> None:
    """Remove the old credential from the directory, once.

    Raises NotYetVisibleError if it may be too new to be seen.
    """
    progress = attempt.operation.credential(request.credential)
    if progress.old_gone_at is not None:
        return
    await attempt.lease.keep()
    removed = await remove_credential(attempt, found.holder.object_id, found.newest.type, found.replaces)
    if not removed and any(attempt.is_recent(entry.created) for entry in _old_versions(found)):
        raise NotYetVisibleError("the directory does not show the old credential yet")
    old = _old_versions(found)
    await note_removal(
        attempt.ports.audit,
        attempt.now(),
        attempt.operation.unique_name,
        found.replaces,
        Removal.REVOKED,
        object_id=found.holder.object_id,
        secret_name=vault_secret_name(attempt.operation.unique_name, request.credential),
        version=old[-1].version if old else None,
        operation=attempt.operation,
    )
    await attempt.save_operation(attempt.operation.with_credential(request.credential, old_gone_at=attempt.now()))


async def confirm_old_refused(attempt: Attempt, request: RotationRequest, found: Found) -> bool:
    """Try a sign-in with the old value unless one was already refused, and record when; return whether one was.

    Raises SignInUnclearError for an inconclusive answer: only a refusal of the credential itself proves its end.
    """
    if attempt.operation.credential(request.credential).old_refused_at is not None:
        return True
    versions = _old_versions(found)
    if not versions:
        return True
    value = await attempt.ports.vault.value(attempt.operation.unique_name, versions[-1].name, versions[-1].version)
    audience = audience_of((), attempt.policy)
    try:
        await attempt.ports.sign_in.verify(found.holder.client_id, value, audience, versions[-1].type)
    except NotYetVisibleError:
        await attempt.save_operation(
            attempt.operation.with_credential(request.credential, old_refused_at=attempt.now())
        )
        return True
    return False


def _old_versions(found: Found) -> list[VaultEntry]:
    """List the versions that hold the old value and can still be read."""
    return [each for each in found.current.versions if each.enabled and each.tags.get("keyId") == found.replaces]
