"""Delivers updates to tickets: one attempt at one update, and its outcome."""

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from shared.core import log
from shared.core.errors import (
    BusyError,
    CrashLoopError,
    NotFailedError,
    NotFoundError,
    NotShownError,
    Problem,
    RefusedError,
    RegistrarError,
    RejectedError,
)
from shared.core.naming import OPERATION_ID_PATTERN
from shared.core.runtime import Runtime
from shared.core.text import echo
from shared.model.kept import kept_message
from shared.model.operation import RESUME_AFTER
from shared.model.ticket_update import MALFORMED, ON_DEMAND, TicketUpdate, UpdateState, mark_of
from shared.ports import Note, Operations, Queues, Target, TicketUpdates, Versioned
from shared.tickets.backoff import next_attempt
from shared.tickets.text import note_text
from shared.tickets.turns import Turns

REASON = "ticket_update_failed"
_EARLY = timedelta(seconds=5)
_BUSY = timedelta(minutes=5)
"""host.json's timeout ends an invocation by then."""
_INTERRUPTED_AT_MOST = 5


type NoteSeen = Callable[[str, str, datetime], Awaitable[None]]
"""Called when a note was seen in its ticket: (operation id, note id, time)."""
type HasRequest = Callable[[TicketUpdate], Awaitable[bool]]
"""Returns whether the ticket of a malformed form has, or may have, a request."""


class TicketUpdateDelivery:
    """Delivers ticket updates. Idempotent: safe to call for every delivery of a message."""

    def __init__(
        self,
        *,
        runtime: Runtime,
        ticket_updates: TicketUpdates,
        queues: Queues,
        operations: Operations,
        targets: Mapping[str, Target],
        note_seen: NoteSeen,
        has_request: HasRequest,
    ) -> None:
        self._runtime = runtime
        self._updates = ticket_updates
        self._queues = queues
        self._operations = operations
        self._targets = targets
        self._note_seen = note_seen
        self._has_request = has_request
        self._turns = Turns()

    async def run(self, update_id: str) -> None:
        """Make one attempt at an update, unless it is settled, under way, or not yet due.

        Raises only if not even the outcome can be recorded: the host then delivers the message again.
        """
        now = self._runtime.now()
        stored = await self._updates.read(update_id)
        if stored is None or stored.value.state is not UpdateState.WAITING:
            await self._updates.unlist(update_id)
            return
        update = stored.value
        is_under_way = update.busy_until is not None and now < update.busy_until
        if is_under_way or update.is_early(now, _EARLY):
            return
        # At its end it gets a last attempt, regardless of turns.
        wait = self._turns.wait(update.source, now) if now < update.end else None
        if wait is not None:
            wait += timedelta(seconds=5 * self._runtime.draw())
            await self._updates.relist(update.id, now + wait + RESUME_AFTER)
            await self._queues.send_ticket_update(update.id, wait)
            return
        with suppress(BusyError), self._turns.taken(update.source):  # Busy: another delivery makes this attempt
            await self._attempt(await self._begin(stored))

    async def _begin(self, stored: Versioned[TicketUpdate]) -> Versioned[TicketUpdate]:
        """Record that an attempt is under way. Raises BusyError if another one is."""
        update = stored.value
        begun = update.model_copy(
            update={
                "attempts": update.attempts + 1,
                "interrupted": update.interrupted + 1 if update.busy_until is not None else 0,
                "busy_until": self._runtime.now() + _BUSY,
            }
        )
        return Versioned(begun, await self._updates.save(begun, stored.etag))

    async def _attempt(self, stored: Versioned[TicketUpdate]) -> None:
        update = stored.value
        if update.interrupted >= _INTERRUPTED_AT_MOST:
            await self._give_up(stored, CrashLoopError("attempts end their worker"))
            return
        target = self._targets.get(update.source)
        try:
            if target is None:
                raise RefusedError(f"no updates are set up for the source {update.source}")
            await self._add_note(target, update)
        except Exception as error:
            self._turns.note(update.source, update.id, error, self._runtime.now())
            await self._stop(stored, error)
            return
        self._turns.note(update.source, update.id, None, self._runtime.now())
        done = update.model_copy(update={"state": UpdateState.DONE, "busy_until": None, "reason": None})
        await self._updates.save(done, stored.etag)
        await self._updates.unlist(update.id)
        log.event("ticket.told", update=update.id, source=update.source, what=update.what, attempts=update.attempts)

    async def _add_note(self, target: Target, update: TicketUpdate) -> None:
        """Write whatever of the update the ticket does not show yet."""
        ticket = update.ticket or ""
        mark = mark_of(update.id)
        text = note_text(update.event, update.what, mark)
        note = Note(update.id, mark, text, update.event.to_json(), update.event.time)
        if not await target.system.has_note(ticket, note):
            if update.sent:
                raise NotShownError("a note that was taken does not show; it is not written twice")
            await target.system.add_note(ticket, note)
            if update.what == ON_DEMAND and target.shows_notes and not await target.system.has_note(ticket, note):
                raise NotShownError("a note that was taken does not show yet")
        if update.what == ON_DEMAND and update.is_its_own and update.operation_id is not None:
            # Decisions in the ticket count from here on: what follows may take long, or fail.
            await self._note_seen(update.operation_id, update.id, self._runtime.now())
        if await self._has_state(target, update):
            await target.system.set_state(ticket, update.status)

    async def _has_state(self, target: Target, update: TicketUpdate) -> bool:
        """Return whether the ticket's state is to show this outcome; not if its operation has moved on since."""
        if update.status not in target.statuses or not update.is_its_own:
            return False
        if update.what == MALFORMED:
            return not await self._has_request(update)
        if update.operation_id is None:
            return False
        stored = await self._operations.read(update.operation_id)
        if stored is None:
            return True
        operation = stored.value
        is_settled_so = operation.answer is not None and operation.answer.id == update.id
        return is_settled_so or (operation.generation == update.generation and operation.state.value == update.what)

    async def _stop(self, stored: Versioned[TicketUpdate], error: Exception) -> None:
        update = stored.value
        now = self._runtime.now()
        log.warning(
            "ticket.not_told",
            update=update.id,
            source=update.source,
            error=type(error).__name__,
            message=str(error) if isinstance(error, RegistrarError) else None,
        )
        if not isinstance(error, RegistrarError):
            log.unexpected(error)
        is_hopeless = isinstance(error, NotShownError) and update.sent
        at = next_attempt(error, now=now, first_at=update.first_at, attempts=update.attempts, draw=self._runtime.draw())
        if at is None or is_hopeless:
            await self._give_up(stored, error)
            return
        sent = update.sent or isinstance(error, NotShownError)
        changes = {"due": at, "busy_until": None, "reason": _reason(error), "sent": sent}
        await self._updates.save(update.model_copy(update=changes), stored.etag)
        await self._updates.relist(update.id, at + RESUME_AFTER)
        await self._queues.send_ticket_update(update.id, at - now)

    async def _give_up(self, stored: Versioned[TicketUpdate], error: Exception) -> None:
        update = stored.value
        reason = _reason(error)
        reference = {
            "updateId": update.id,
            "requestId": update.event.data.request_id,
            "source": update.source,
            "ticket": update.ticket,
            "what": update.what,
            "operationId": update.operation_id,
            "generation": update.generation,
            "attempts": update.attempts,
        }
        await self._queues.send_poison(kept_message(f"{REASON}: {reason}", reference))
        failed = update.model_copy(update={"state": UpdateState.FAILED, "busy_until": None, "reason": reason})
        await self._updates.save(failed, stored.etag)
        await self._updates.unlist(update.id)
        log.warning("ticket.given_up", update=update.id, source=update.source, reason=reason)


def _reason(error: Exception) -> str:
    if isinstance(error, RegistrarError):
        return f"{error.reason} ({error})"
    return f"unexpected_{type(error).__name__}"


async def resume_updates(ticket_updates: TicketUpdates, queues: Queues, runtime: Runtime) -> int:
    """Resend every stalled waiting update; return how many. A redundant message does no harm."""
    now, resumed = runtime.now(), 0
    async for update_id in ticket_updates.due(now):
        await queues.send_ticket_update(update_id)
        await ticket_updates.relist(update_id, now + RESUME_AFTER)
        resumed += 1
    if resumed:
        log.event("tickets.resumed", count=resumed)
    return resumed


def parse_update_id(text: str) -> str:
    """Parse the path of `POST /api/ticket-updates/{updateId}/replay`. Raises RejectedError."""
    if not re.fullmatch(OPERATION_ID_PATTERN[1:-1], text, re.ASCII):
        raise RejectedError(
            [Problem("updateId", "invalid_parameter", f"{echo(text)} is not the id of a ticket update.")]
        )
    return text


async def replay_update(ticket_updates: TicketUpdates, queues: Queues, runtime: Runtime, update_id: str) -> None:
    """Retry a failed update for another day.

    Raises NotFoundError, NotFailedError, or BusyError on a concurrent replay.
    """
    stored = await ticket_updates.read(update_id)
    if stored is None:
        raise NotFoundError(f"There is no ticket update {update_id}")
    if stored.value.state is not UpdateState.FAILED:
        raise NotFailedError(f"Only a failed ticket update can be replayed, and this one is {stored.value.state}")
    now = runtime.now()
    changes = {
        "state": UpdateState.WAITING,
        "first_at": now,
        "due": now,
        "attempts": 0,
        "interrupted": 0,
        "sent": False,
    }
    await ticket_updates.relist(update_id, now + RESUME_AFTER)
    await ticket_updates.save(stored.value.model_copy(update=changes), stored.etag)
    await queues.send_ticket_update(update_id)
    log.event("ticket.replayed", update=update_id)
