"""Schedules retries: the time is in the operation's record, on the list of unsettled ones, and on a message."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.core import log
from shared.core.runtime import Runtime
from shared.model.operation import RESUME_AFTER, Operation, State
from shared.operations.retry import Later, NextStep, next_step, reason_of
from shared.ports import Backoff, Operations, Queues, Versioned


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Postpones operations, and has them retried."""

    runtime: Runtime
    operations: Operations
    queues: Queues
    backoff: Backoff
    request_deadline: timedelta

    def deadline_of(self, operation: Operation) -> datetime:
        """Return the time at which an operation is answered regardless of its progress."""
        return operation.started_at + self.request_deadline

    def next_step(self, error: Exception, operation: Operation) -> NextStep:
        """Decide how an operation continues that an error stopped."""
        return next_step(
            error,
            now=self.runtime.now(),
            deadline=self.deadline_of(operation),
            pauses=operation.pauses_for(reason_of(error)),
            draw=self.runtime.draw(),
        )

    async def paused_until(self) -> datetime | None:
        """Read when the shared pause ends; None if there is none."""
        return await self.backoff.until()

    async def come_back(self, operation: Operation) -> None:
        """Retry when the lease may be free, unless it is held by this operation's own attempt.

        Leaves the record unchanged: the holder may be writing it.
        """
        stored = await self.operations.read(operation.id)
        if stored is not None and stored.value.state in (State.ACCEPTED, State.WAITING):
            delay = timedelta(seconds=5 + 5 * self.runtime.draw())
            await self.queues.send_work(operation.id, operation.generation, delay)

    async def postpone(self, stored: Versioned[Operation], later: Later) -> None:
        """Postpone an operation until the service it needs may be available."""
        operation, now = stored.value, self.runtime.now()
        if later.pause_everybody:
            await self.backoff.extend(later.at, later.reason)
        if operation.revoke_by is not None and now < operation.revoke_by < later.at:
            later = replace(later, at=operation.revoke_by)
        waiting = operation.model_copy(
            update={
                "state": State.WAITING,
                "next_attempt": later.at,
                "reason": later.reason,
                "pauses": operation.pauses_for(later.reason) + 1,
                "steps_at_pause": len(operation.steps),
            }
        )
        await self.send_back(stored, waiting, later.at)

    async def send_back(self, stored: Versioned[Operation], waiting: Operation, at: datetime) -> None:
        """Record that an operation waits, and have it retried at a given time."""
        now = self.runtime.now()
        await self.operations.save(waiting, stored.etag)
        await self.operations.relist(waiting.id, waiting.generation, at + RESUME_AFTER)
        await self.queues.send_work(waiting.id, waiting.generation, max(at - now, timedelta(0)))
        log.event("operation.waiting", operation=waiting.id, reason=waiting.reason, until=at)
