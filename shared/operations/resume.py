"""Operations that nobody carries on are sent again."""

from datetime import timedelta

from shared.core import log
from shared.core.runtime import Runtime
from shared.model.operation import RESUME_AFTER
from shared.ports import Operations, Queues

_BACKLOG_PATIENCE = timedelta(hours=1)


async def resume_unsettled(operations: Operations, queues: Queues, runtime: Runtime) -> int:
    """Send every unsettled operation that shows no sign of life again; returns how many.

    A message may have been lost with its queue, or with a worker between record and queue. One too many does no
    harm: an attempt that finds nothing to do does nothing. But where work piles up, silence means that its turn has
    not come, and every message more would make the pile higher: only what has been silent for an hour is sent then.
    """
    now, resumed = runtime.now(), 0
    silent_since = now - _BACKLOG_PATIENCE if await queues.is_work_piling_up() else now
    async for operation_id, generation in operations.due(silent_since):
        await queues.send_work(operation_id, generation)
        await operations.relist(operation_id, generation, now + RESUME_AFTER)
        resumed += 1
    if resumed:
        log.event("operations.resumed", count=resumed)
    return resumed
