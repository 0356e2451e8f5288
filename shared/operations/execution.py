"""Runs one attempt at an operation, under its app's lease, and settles or postpones what comes of it."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from shared.approval.wait import wait_for_approval
from shared.audit import events
from shared.contract.answer import Answer, Status
from shared.core import log
from shared.core.errors import ApprovalNeededError, BusyError, CrashLoopError, DeferredError, Problem, RegistrarError
from shared.model.approval import Approval
from shared.model.kept import kept_failure
from shared.model.operation import RESUME_AFTER, Operation, State
from shared.operations.action import Actions, carry_out
from shared.operations.answers import stopped
from shared.operations.attempt import Attempt
from shared.operations.replace import carry_on
from shared.operations.retry import Fail, Later, Reject, decide, reason_of
from shared.operations.turns import OTHERS_TURN, Turns
from shared.ports import Versioned
from shared.ports.services import Services
from shared.tickets.notify import notify

_EARLY = timedelta(seconds=5)
"""How much earlier than its due moment a message may come: the queue's clock and ours need not agree."""

_INTERRUPTED_AT_MOST = 5
"""A host is updated, moved or out of memory now and then; five times in a row it is the request."""


class Execution:
    """Carries operations on. Safe to call as often as a queue likes to deliver."""

    def __init__(self, services: Services, actions: Actions) -> None:
        self._services = services
        self._actions = actions
        self._turns = Turns(services.runtime.now, services.policy.limits.attempts_at_once_per_requester)

    async def run(self, operation_id: str, generation: int) -> None:
        """Make one attempt, unless the operation is settled, waits for a later moment, or is of another generation.

        Raises only what keeps even the outcome from being recorded: the host then delivers the message again.
        """
        services = self._services
        stored = await services.operations.read(operation_id)
        if stored is None:
            log.warning("operation.unknown", operation=operation_id)
            await services.operations.unlist(operation_id, generation)
            return
        if stored.value.generation != generation:
            log.warning("operation.other_generation", operation=operation_id, generation=generation)
            await services.operations.unlist(operation_id, generation)
            return
        if stored.value.state.settled:
            await self._redeliver_answer(stored)
            return
        await self._go_on(stored, listed_until=None, is_new=False)

    async def begin(self, stored: Versioned[Operation]) -> None:
        """Make the first attempt at an operation whose record was written, and listed as unsettled, just now."""
        await self._go_on(stored, listed_until=stored.value.accepted_at + RESUME_AFTER, is_new=True)

    async def _go_on(self, stored: Versioned[Operation], listed_until: datetime | None, *, is_new: bool) -> None:
        """Make an attempt, unless it is too early, everybody pauses, or it is others' turn."""
        services = self._services
        operation, now = stored.value, services.runtime.now()
        if operation.state is State.AWAITING_APPROVAL and not operation.is_overdue_for_approval(now):
            await wait_for_approval(services, stored)
            return
        if operation.next_attempt is not None and operation.next_attempt - now > _EARLY:
            log.event("operation.early", operation=operation.id, next_attempt=operation.next_attempt)
            return
        pause = await services.backoff.until()
        # At its deadline an operation gets an answer, and a leaked credential goes, whoever pauses.
        latest = operation.started_at + services.request_deadline
        if operation.revoke_by is not None:
            latest = min(latest, operation.revoke_by)
        if pause is not None and now < pause and now < latest:
            spread = timedelta(seconds=5 * services.runtime.draw())
            later = Later(pause + spread, "throttled", costs_attempt=False, pause_everybody=False)
            with suppress(BusyError):  # another delivery of the same operation has postponed it
                await self._postpone(stored, later)
            return
        who = operation.requester_key
        if self._is_others_turn(operation, is_new=is_new) and now < latest:
            await self._line_up(stored)
            return
        with self._turns.attempt(who):
            await self._attempt(stored, listed_until)

    def _is_others_turn(self, operation: Operation, *, is_new: bool) -> bool:
        """Return whether this requester has enough attempts under way.

        Whoever takes requests in makes one at a time for each requester: the next message may be somebody else's. An
        operation that runs is left alone: its own attempt is under way, or died and is carried on.
        """
        may_wait = not operation.is_our_own and operation.state in (State.ACCEPTED, State.WAITING)
        return may_wait and not self._turns.may_begin(operation.requester_key, alone=is_new)

    async def _line_up(self, stored: Versioned[Operation]) -> None:
        """Have an operation come back behind its requester's others; a leaked credential goes before them."""
        operation = stored.value
        at = self._turns.line_up(operation.requester_key, first=operation.revoke_by is not None)
        if operation.revoke_by is not None:
            at = min(at, max(self._services.runtime.now(), operation.revoke_by))
        changes = {"state": State.WAITING, "next_attempt": at, "reason": operation.reason or OTHERS_TURN}
        with suppress(BusyError):  # another delivery of the same operation has begun it, or lined it up
            await self._send_back(stored, operation.model_copy(update=changes), at)

    async def _redeliver_answer(self, stored: Versioned[Operation]) -> None:
        """Deliver the answer of an operation that somebody else settled, unless they are just doing so."""
        operation, now = stored.value, self._services.runtime.now()
        if operation.answered_at is not None:
            await self._services.operations.unlist(operation.id, operation.generation)
        elif operation.answer is None or now - operation.answer.time >= RESUME_AFTER:
            await self.deliver(stored)

    async def deliver(self, stored: Versioned[Operation]) -> None:
        """Send a settled operation's answer (again): always the recorded one, with the recorded id."""
        operation, services = stored.value, self._services
        if operation.answer is None:
            raise ValueError(f"operation {operation.id} is settled and has no answer")
        if operation.replaced_by is not None and operation.answered_at is None:
            await carry_on(services, operation)  # whoever replaced it may have died before it was
        if operation.answered_at is None:
            await services.audit.note(events.settled(operation, services.runtime.now()))
        text = operation.answer.to_json()
        if not operation.is_our_own:
            await services.queues.send_answer(text)
        if operation.answered_at is not None:
            return
        await services.queues.send_event(text)
        await notify(services, operation, operation.answer)
        if operation.generation > 1:
            await services.queues.remove_kept(operation.id, before=operation.generation)
        if operation.state is State.FAILED:
            await services.queues.send_poison(kept_failure(operation))
        answered = operation.model_copy(update={"answered_at": services.runtime.now()})
        with suppress(BusyError):  # somebody else delivered the same answer meanwhile
            await services.operations.save(answered, stored.etag)
            await services.operations.unlist(operation.id, operation.generation)

    async def _attempt(self, stored: Versioned[Operation], listed_until: datetime | None) -> None:
        services, operation = self._services, stored.value
        attempt: Attempt | None = None
        try:
            async with services.leases.hold(operation.unique_name) as lease:
                record = await services.applications.read(operation.unique_name)
                attempt = Attempt(
                    services=services,
                    lease=lease,
                    stored_application=record,
                    stored_operation=stored,
                    listed_until=listed_until,
                )
                settled = await self._work(attempt)
        except BusyError as busy:
            if attempt is None:
                await self._come_back(operation)
            else:
                await self._yield_to_other_attempt(attempt, busy)
            return
        if settled is not None and settled.value.state.settled:
            await self.deliver(settled)
        elif settled is not None:
            await wait_for_approval(services, settled)

    async def _work(self, attempt: Attempt) -> Versioned[Operation] | None:
        """Make the attempt and record how it ended: the record when it is settled or waits for approval, else None."""
        operation = attempt.operation
        begun = {
            "state": State.RUNNING,
            "attempts": operation.attempts + 1,
            "interrupted": operation.interrupted + 1 if operation.state is State.RUNNING else 0,
            "next_attempt": None,
        }
        await attempt.save_operation(operation.model_copy(update=begun))
        try:
            if attempt.operation.interrupted >= _INTERRUPTED_AT_MOST:
                raise CrashLoopError(f"The last {_INTERRUPTED_AT_MOST} attempts broke off without a result.")
            outcome = await carry_out(self._actions[operation.request.action], attempt)
        except BusyError:
            raise
        except Exception as error:
            return await self._stop(attempt, error)
        if isinstance(outcome, Approval):
            return await self._ask(attempt, outcome)
        log.event("operation.completed", operation=operation.id, app=operation.unique_name)
        return await self._settle(attempt, State.COMPLETED, outcome, reason=None)

    async def _ask(self, attempt: Attempt, approval: Approval) -> Versioned[Operation]:
        """Begin to wait for somebody's decision."""
        operation = attempt.operation
        log.event("operation.awaiting_approval", operation=operation.id, app=operation.unique_name)
        waiting = {"state": State.AWAITING_APPROVAL, "approval": approval, "reason": ApprovalNeededError.reason}
        await attempt.save_operation(operation.model_copy(update=waiting))
        return attempt.stored_operation

    async def _come_back(self, operation: Operation) -> None:
        """Try again when the lease may be free, unless it is this operation's own attempt that holds it.

        The record stays as it is: the holder may be writing it.
        """
        stored = await self._services.operations.read(operation.id)
        if stored is not None and stored.value.state in (State.ACCEPTED, State.WAITING):
            delay = timedelta(seconds=5 + 5 * self._services.runtime.draw())
            await self._services.queues.send_work(operation.id, operation.generation, delay)

    async def _yield_to_other_attempt(self, attempt: Attempt, busy: BusyError) -> None:
        """Go on later after the lease or a race was lost; do nothing when another attempt has taken over."""
        stored = await self._services.operations.read(attempt.operation.id)
        if stored is None or stored.etag != attempt.stored_operation.etag:
            return
        decision = self._decide(busy, stored.value)
        if isinstance(decision, Later):
            with suppress(BusyError):
                await self._postpone(stored, decision)

    async def _stop(self, attempt: Attempt, error: Exception) -> Versioned[Operation] | None:
        operation = attempt.operation
        decision = self._decide(error, operation)
        log.warning(
            "operation.stopped",
            operation=operation.id,
            app=operation.unique_name,
            decision=type(decision).__name__,
            error=type(error).__name__,
            message=str(error) if isinstance(error, DeferredError) else None,
        )
        if not isinstance(error, RegistrarError):
            log.unexpected(error)
        match decision:
            case Reject(problems) if operation.is_our_own:
                # Nobody could send another request: it fails, is kept, and is tried again after a while.
                answer = self._stopped(attempt, Status.FAILED, problems)
                return await self._settle(attempt, State.FAILED, answer, reason=problems[0].code)
            case Reject(problems):
                answer = self._stopped(attempt, Status.REJECTED, problems)
                return await self._settle(attempt, State.REJECTED, answer, reason=problems[0].code)
            case Fail(reason, problem):
                why = operation.refusal.problems if operation.refusal is not None else ()
                answer = self._stopped(attempt, Status.FAILED, (problem, *why))
                return await self._settle(attempt, State.FAILED, answer, reason=reason)
            case Later():
                if not decision.costs_attempt:
                    operation = operation.model_copy(update={"attempts": operation.attempts - 1})
                await self._postpone(Versioned(operation, attempt.stored_operation.etag), decision)
                return None

    def _stopped(self, attempt: Attempt, status: Status, problems: tuple[Problem, ...]) -> Answer:
        return stopped(self._services, attempt.operation, attempt.application, status, problems)

    async def _settle(self, attempt: Attempt, state: State, answer: Answer, reason: str | None) -> Versioned[Operation]:
        settled = attempt.operation.model_copy(update={"state": state, "answer": answer, "reason": reason})
        await attempt.save_operation(settled)
        return attempt.stored_operation

    async def _postpone(self, stored: Versioned[Operation], later: Later) -> None:
        services, operation = self._services, stored.value
        now = services.runtime.now()
        if later.pause_everybody:
            await services.backoff.extend(later.at, later.reason)
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
        await self._send_back(stored, waiting, later.at)

    async def _send_back(self, stored: Versioned[Operation], waiting: Operation, at: datetime) -> None:
        """Record that an operation waits, and have it come back."""
        services, now = self._services, self._services.runtime.now()
        await services.operations.save(waiting, stored.etag)
        await services.operations.relist(waiting.id, waiting.generation, at + RESUME_AFTER)
        await services.queues.send_work(waiting.id, waiting.generation, max(at - now, timedelta(0)))
        log.event("operation.waiting", operation=waiting.id, reason=waiting.reason, until=at)

    def _decide(self, error: Exception, operation: Operation) -> Later | Reject | Fail:
        runtime = self._services.runtime
        return decide(
            error,
            now=runtime.now(),
            deadline=operation.started_at + self._services.request_deadline,
            pauses=operation.pauses_for(reason_of(error)),
            draw=runtime.draw(),
        )
