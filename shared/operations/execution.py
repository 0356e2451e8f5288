"""Runs one attempt at an operation, under its app's lease, and settles or postpones the operation."""

from contextlib import suppress
from datetime import datetime, timedelta

from shared.approval.wait import ApprovalWait
from shared.contract.answer import Answer, Status
from shared.core import log
from shared.core.errors import ApprovalNeededError, BusyError, CrashLoopError, DeferredError, Problem, RegistrarError
from shared.model.approval import Approval
from shared.model.labels import AnswerContext
from shared.model.operation import RESUME_AFTER, Operation, State
from shared.operations.action import Actions, carry_out
from shared.operations.answers import stopped
from shared.operations.attempt import Attempt, AttemptPorts
from shared.operations.retry import Fail, Later, Reject
from shared.operations.schedule import Schedule
from shared.operations.sending import AnswerSender
from shared.operations.turns import OTHERS_TURN, Turns
from shared.policy.policy_file import Policy
from shared.ports import Versioned

_EARLY = timedelta(seconds=5)
"""How early a message may arrive, to allow for skew between the queue's clock and ours."""

_INTERRUPTED_AT_MOST = 5
"""A host is updated, moved or out of memory now and then; five times in a row, the request is the cause."""


class Execution:
    """Runs operations. Idempotent: safe to call for every delivery of a message."""

    def __init__(
        self,
        *,
        ports: AttemptPorts,
        policy: Policy,
        answers: AnswerContext,
        actions: Actions,
        schedule: Schedule,
        approvals: ApprovalWait,
        sender: AnswerSender,
    ) -> None:
        self._ports = ports
        self._policy = policy
        self._answers = answers
        self._actions = actions
        self._schedule = schedule
        self._approvals = approvals
        self._sender = sender
        self._turns = Turns(ports.runtime.now, policy.limits.attempts_at_once_per_requester)

    async def run(self, operation_id: str, generation: int) -> None:
        """Make one attempt, unless the operation is settled, not yet due, or of another generation.

        Raises only if not even the outcome can be recorded: the host then delivers the message again.
        """
        operations = self._ports.operations
        stored = await operations.read(operation_id)
        if stored is None:
            log.warning("operation.unknown", operation=operation_id)
            await operations.unlist(operation_id, generation)
            return
        if stored.value.generation != generation:
            log.warning("operation.other_generation", operation=operation_id, generation=generation)
            await operations.unlist(operation_id, generation)
            return
        if stored.value.state.settled:
            await self._sender.redeliver(stored)
            return
        await self._go_on(stored, listed_until=None, is_new=False)

    async def begin(self, stored: Versioned[Operation]) -> None:
        """Make the first attempt at an operation whose record was just written and listed as unsettled."""
        await self._go_on(stored, listed_until=stored.value.accepted_at + RESUME_AFTER, is_new=True)

    async def _go_on(self, stored: Versioned[Operation], listed_until: datetime | None, *, is_new: bool) -> None:
        """Make an attempt, unless it is too early, all workers pause, or it is other requesters' turn."""
        operation, now = stored.value, self._ports.runtime.now()
        if operation.state is State.AWAITING_APPROVAL and not operation.is_overdue_for_approval(now):
            await self._approvals.wait(stored)
            return
        if operation.next_attempt is not None and operation.next_attempt - now > _EARLY:
            log.event("operation.early", operation=operation.id, next_attempt=operation.next_attempt)
            return
        pause = await self._schedule.paused_until()
        # Deadlines override the pause: an operation is answered, and a leaked credential removed.
        latest = self._schedule.deadline_of(operation)
        if operation.revoke_by is not None:
            latest = min(latest, operation.revoke_by)
        if pause is not None and now < pause and now < latest:
            spread = timedelta(seconds=5 * self._ports.runtime.draw())
            later = Later(pause + spread, "throttled", costs_attempt=False, pause_everybody=False)
            with suppress(BusyError):  # another delivery of the same operation has postponed it
                await self._schedule.postpone(stored, later)
            return
        who = operation.requester_key
        if self._is_others_turn(operation, is_new=is_new) and now < latest:
            await self._line_up(stored)
            return
        with self._turns.attempt(who):
            await self._attempt(stored, listed_until)

    def _is_others_turn(self, operation: Operation, *, is_new: bool) -> bool:
        """Return whether this requester already has enough attempts under way.

        New requests leave one turn of each requester free, as the next message may be another requester's. A running
        operation never waits: its attempt is under way, or died and is being resumed.
        """
        may_wait = not operation.is_our_own and operation.state in (State.ACCEPTED, State.WAITING)
        return may_wait and not self._turns.may_begin(operation.requester_key, alone=is_new)

    async def _line_up(self, stored: Versioned[Operation]) -> None:
        """Queue an operation behind its requester's others; one for a leaked credential goes first."""
        operation = stored.value
        at = self._turns.line_up(operation.requester_key, first=operation.revoke_by is not None)
        if operation.revoke_by is not None:
            at = min(at, max(self._ports.runtime.now(), operation.revoke_by))
        changes = {"state": State.WAITING, "next_attempt": at, "reason": operation.reason or OTHERS_TURN}
        with suppress(BusyError):  # another delivery of the same operation has begun it, or lined it up
            await self._schedule.send_back(stored, operation.model_copy(update=changes), at)

    async def _attempt(self, stored: Versioned[Operation], listed_until: datetime | None) -> None:
        ports, operation = self._ports, stored.value
        attempt: Attempt | None = None
        try:
            async with ports.leases.hold(operation.unique_name) as lease:
                record = await ports.applications.read(operation.unique_name)
                attempt = Attempt(ports, self._policy, self._answers, lease, record, stored, listed_until)
                settled = await self._work(attempt)
        except BusyError as busy:
            if attempt is None:
                await self._schedule.come_back(operation)
            else:
                await self._yield_to_other_attempt(attempt, busy)
            return
        if settled is not None and settled.value.state.settled:
            await self._sender.send(settled)
        elif settled is not None:
            await self._approvals.wait(settled)

    async def _work(self, attempt: Attempt) -> Versioned[Operation] | None:
        """Make the attempt and record its outcome; return the record if settled or waiting for approval, else None."""
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
            outcome = await carry_out(self._actions[operation.request.action], attempt, self._approvals.requests)
        except BusyError:
            raise
        except Exception as error:
            return await self._stop(attempt, error)
        if isinstance(outcome, Approval):
            return await self._ask(attempt, outcome)
        log.event("operation.completed", operation=operation.id, app=operation.unique_name)
        return await self._settle(attempt, State.COMPLETED, outcome, reason=None)

    async def _ask(self, attempt: Attempt, approval: Approval) -> Versioned[Operation]:
        """Start waiting for a decision."""
        operation = attempt.operation
        log.event("operation.awaiting_approval", operation=operation.id, app=operation.unique_name)
        waiting = {"state": State.AWAITING_APPROVAL, "approval": approval, "reason": ApprovalNeededError.reason}
        await attempt.save_operation(operation.model_copy(update=waiting))
        return attempt.stored_operation

    async def _yield_to_other_attempt(self, attempt: Attempt, busy: BusyError) -> None:
        """Postpone after losing the lease or a race; do nothing if another attempt has taken over."""
        stored = await self._ports.operations.read(attempt.operation.id)
        if stored is None or stored.etag != attempt.stored_operation.etag:
            return
        step = self._schedule.next_step(busy, stored.value)
        if isinstance(step, Later):
            with suppress(BusyError):
                await self._schedule.postpone(stored, step)

    async def _stop(self, attempt: Attempt, error: Exception) -> Versioned[Operation] | None:
        operation = attempt.operation
        step = self._schedule.next_step(error, operation)
        log.warning(
            "operation.stopped",
            operation=operation.id,
            app=operation.unique_name,
            decision=type(step).__name__,
            error=type(error).__name__,
            message=str(error) if isinstance(error, DeferredError) else None,
        )
        if not isinstance(error, RegistrarError):
            log.unexpected(error)
        match step:
            case Reject(problems) if operation.is_our_own:
                # There is no requester to send a corrected one: it fails, is kept, and is retried after a while.
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
                if not step.costs_attempt:
                    operation = operation.model_copy(update={"attempts": operation.attempts - 1})
                await self._schedule.postpone(Versioned(operation, attempt.stored_operation.etag), step)
                return None

    def _stopped(self, attempt: Attempt, status: Status, problems: tuple[Problem, ...]) -> Answer:
        return stopped(attempt.answers, attempt.operation, attempt.application, status, problems, attempt.now())

    async def _settle(self, attempt: Attempt, state: State, answer: Answer, reason: str | None) -> Versioned[Operation]:
        settled = attempt.operation.model_copy(update={"state": state, "answer": answer, "reason": reason})
        await attempt.save_operation(settled)
        return attempt.stored_operation
