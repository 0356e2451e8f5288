"""Resends stalled operations."""

from datetime import timedelta

from shared.core import log
from shared.core.runtime import Runtime
from shared.model.operation import RESUME_AFTER
from shared.ports import Operations, Queues

_BACKLOG_PATIENCE = timedelta(hours=1)


async def resume_unsettled(operations: Operations, queues: Queues, runtime: Runtime) -> int:
    """Resend every stalled unsettled operation; return how many.

    A message may have been lost with its queue, or with a worker between record and queue. A redundant message does no
    harm: its attempt does nothing. But if work is piling up, silent operations are only waiting for their turn, and
    more messages would add to the backlog: then only those silent for an hour are resent.
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
