"""Replays a failed request once its cause is fixed: the same operation in a new generation."""

from dataclasses import dataclass

from shared.audit.events import replayed
from shared.core import log
from shared.core.errors import BusyError, NotFailedError, NotFoundError
from shared.core.runtime import Runtime
from shared.model.operation import RESUME_AFTER, EarlierGeneration, Operation, State
from shared.ports import Audit, Operations, Queues


@dataclass(frozen=True)
class Replayed:
    """An operation that was sent again, in its new generation."""

    operation_id: str
    generation: int


@dataclass(frozen=True, kw_only=True)
class Replays:
    """Replays failed operations."""

    runtime: Runtime
    operations: Operations
    queues: Queues
    audit: Audit

    async def replay(self, operation_id: str) -> Replayed:
        """Begin a new generation of a failed operation and remove its request from the poison queue.

        The request, its sequence number and its credentials' progress are kept; policy is checked again, and a change
        that was overtaken meanwhile is superseded. Raises NotFoundError, NotFailedError, or BusyError on a concurrent
        replay.
        """
        stored = await self.operations.read(operation_id)
        if stored is None:
            raise NotFoundError(f"There is no operation {operation_id}")
        if stored.value.state is not State.FAILED or stored.value.answered_at is None:
            raise NotFailedError(f"Only a failed operation can be replayed, and this one is {stored.value.state}")
        now = self.runtime.now()
        again = _next_generation(stored.value).model_copy(update={"started_at": now})
        # Listed first: a settled operation is not listed, and an unlisted generation would be lost after a crash.
        await self.operations.relist(again.id, again.generation, now + RESUME_AFTER)
        await self.audit.note(replayed(again, now))
        await self.operations.save(again, stored.etag)
        await self.queues.send_work(again.id, again.generation)
        await self.queues.remove_kept(again.id, before=again.generation)
        log.event("operation.replayed", operation=again.id, app=again.unique_name, generation=again.generation)
        return Replayed(again.id, again.generation)

    async def replay_all(self, reason: str) -> list[Replayed]:
        """Replay every operation that failed for this reason; those that changed meanwhile are skipped."""
        replayed: list[Replayed] = []
        async for operation_id in self.operations.failed(reason):
            try:
                replayed.append(await self.replay(operation_id))
            except (NotFoundError, NotFailedError, BusyError) as error:
                log.warning("operation.not_replayed", operation=operation_id, cause=type(error).__name__)
        return replayed


def _next_generation(failed: Operation) -> Operation:
    ended = EarlierGeneration(generation=failed.generation, state=failed.state, reason=failed.reason)
    return failed.model_copy(
        update={
            "generation": failed.generation + 1,
            "earlier": (*failed.earlier, ended),
            "state": State.ACCEPTED,
            "attempts": 0,
            "pauses": 0,
            "steps_at_pause": 0,
            "next_attempt": None,
            "reason": None,
            "steps": (),
            "begun": {},
            "refusal": None,
            "answer": None,
            "answered_at": None,
        }
    )
