"""Sends the answers of settled operations, as often as it takes: always the recorded one, with the recorded id."""

from contextlib import suppress
from dataclasses import dataclass

from shared.audit import events
from shared.core.errors import BusyError
from shared.core.runtime import Runtime
from shared.model.kept import kept_failure
from shared.model.operation import RESUME_AFTER, Operation, State
from shared.operations.replace import Replacements
from shared.ports import Audit, Operations, Queues, Versioned
from shared.tickets.notify import Notifier


@dataclass(frozen=True, kw_only=True)
class AnswerSender:
    """Sends answers to requesters, and publishes them as events and ticket updates."""

    runtime: Runtime
    operations: Operations
    queues: Queues
    audit: Audit
    notifier: Notifier
    replacements: Replacements

    async def send(self, stored: Versioned[Operation]) -> None:
        """Send, or resend, a settled operation's recorded answer."""
        operation = stored.value
        if operation.answer is None:
            raise ValueError(f"operation {operation.id} is settled and has no answer")
        if operation.replaced_by is not None and operation.answered_at is None:
            await self.replacements.carry_on(operation)  # the replacing worker may have died before completing it
        if operation.answered_at is None:
            await self.audit.note(events.settled(operation, self.runtime.now()))
        text = operation.answer.to_json()
        if not operation.is_our_own:
            await self.queues.send_answer(text)
        if operation.answered_at is not None:
            return
        await self.queues.send_event(text)
        await self.notifier.notify(operation, operation.answer)
        if operation.generation > 1:
            await self.queues.remove_kept(operation.id, before=operation.generation)
        if operation.state is State.FAILED:
            await self.queues.send_poison(kept_failure(operation))
        answered = operation.model_copy(update={"answered_at": self.runtime.now()})
        with suppress(BusyError):  # another worker delivered the same answer meanwhile
            await self.operations.save(answered, stored.etag)
            await self.operations.unlist(operation.id, operation.generation)

    async def redeliver(self, stored: Versioned[Operation]) -> None:
        """Deliver the answer of an operation settled by another attempt, unless that may still be doing so."""
        operation, now = stored.value, self.runtime.now()
        if operation.answered_at is not None:
            await self.operations.unlist(operation.id, operation.generation)
        elif operation.answer is None or now - operation.answer.time >= RESUME_AFTER:
            await self.send(stored)
