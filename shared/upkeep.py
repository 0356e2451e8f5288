"""What timers look after: operations nobody carries on, and secrets whose value may have been lost."""

from datetime import datetime, timedelta

from shared import log
from shared.errors import RegistrarError
from shared.job import RESUME_AFTER
from shared.naming import operation_of
from shared.ports import Cleanup
from shared.registration.convergence import within
from shared.services import Services

_BACKLOG_PATIENCE = timedelta(hours=1)


async def resume_unsettled(services: Services) -> int:
    """Send every unsettled operation that shows no sign of life again; returns how many.

    A message may have been lost with its queue, or with a worker between record and queue. One too many does no
    harm: an attempt that finds nothing to do does nothing. But where work piles up, silence means that its turn has
    not come, and every message more would make the pile higher: only what has been silent for an hour is sent then.
    """
    now, resumed = services.runtime.now(), 0
    silent_since = now - _BACKLOG_PATIENCE if await services.queues.is_work_piling_up() else now
    async for operation_id, generation in services.operations.due(silent_since):
        await services.queues.send_work(operation_id, generation)
        await services.operations.relist(operation_id, generation, now + RESUME_AFTER)
        resumed += 1
    if resumed:
        log.event("operations.resumed", count=resumed)
    return resumed


async def clean_up_credentials(services: Services) -> int:
    """Go through the clean-up entries and remove secrets whose value never reached the vault; returns how many.

    An entry is closed only by a read that is younger than the lag window and shows no secret of its operation
    that the vault does not know. One entry that fails keeps none of the others; the failures are raised at the end.
    """
    removed, failures = 0, list[RegistrarError]()
    async for cleanup in services.cleanups.all():
        try:
            removed += await _clean_up(services, cleanup)
        except RegistrarError as error:
            log.warning("cleanup.postponed", app=cleanup.unique_name, reason=error.reason)
            failures.append(error)
    if failures:
        raise failures[0]
    return removed


async def _clean_up(services: Services, cleanup: Cleanup) -> int:
    now = services.runtime.now()
    if within(services.lag_window, cleanup.since, now) or await _is_at_work(services, cleanup):
        return 0
    async with services.leases.hold(cleanup.unique_name) as lease:
        seen = await services.directory.application(cleanup.unique_name)
        if seen is None:
            await services.cleanups.remove(cleanup.unique_name, cleanup.operation_id)
            return 0
        stored = set[str]()
        for name in cleanup.secret_names:
            versions = await services.vault.versions(cleanup.unique_name, name)
            stored |= {entry.tags.get("keyId", "") for entry in versions}
            # Somebody deleted the secret and may recover it: what it held last is not lost yet.
            deleted = await services.vault.deleted_tags(cleanup.unique_name, name) or {}
            stored.add(deleted.get("keyId", ""))
        lost = [
            password.key_id
            for password in seen.passwords
            if operation_of(password.display_name) == cleanup.operation_id and password.key_id not in stored
        ]
        for key_id in lost:
            await lease.keep()
            await services.directory.remove_password(seen.object_id, key_id)
            log.warning("credential.lost_value_removed", app=cleanup.unique_name, key_id=key_id)
        if lost:
            # Looked at once more: only a later read that shows none closes the entry.
            await services.cleanups.put(_again(cleanup, now))
        else:
            await services.cleanups.remove(cleanup.unique_name, cleanup.operation_id)
        return len(lost)


def _again(cleanup: Cleanup, now: datetime) -> Cleanup:
    return Cleanup(cleanup.unique_name, cleanup.operation_id, cleanup.secret_names, now)


async def _is_at_work(services: Services, cleanup: Cleanup) -> bool:
    """Say whether the operation itself still goes on: it then removes its own losses."""
    stored = await services.operations.read(cleanup.operation_id)
    return stored is not None and not stored.value.state.settled
