"""Handles messages that the host gave up on: unreadable ones, and those whose every invocation failed or died.

The host moves such a message to a poison queue silently. An unreadable one is rejected here as by the intake, and
kept with a reason like everything else that could not be served. A valid request is not at fault: settings or
storage were, or its worker died. Without a record it is accepted again; with one, `resume_unsettled` resumes it, and
a request that crashes every worker fails by its own record (CrashLoopError).
"""

import json
from typing import cast

from shared.core import log
from shared.core.naming import (
    DECISIONS_POISON_QUEUE,
    ROTATIONS_POISON_QUEUE,
    TICKET_UPDATES_POISON_QUEUE,
    WEBHOOK_REQUESTS_POISON_QUEUE,
    WORK_POISON_QUEUE,
)
from shared.intake.proven import WebhookIntake
from shared.intake.proven_request import UnprovenError
from shared.intake.queue import Intake
from shared.model.kept import kept_message
from shared.ports import Operations, PoisonedMessage, Queues, TicketUpdates

REASON = "given_up_by_host"


async def drain_poison_queues(
    queues: Queues,
    operations: Operations,
    ticket_updates: TicketUpdates,
    intake: Intake,
    webhook_intake: WebhookIntake,
) -> int:
    """Handle every message that the host gave up on; return how many there were."""
    settled = 0
    async for message in queues.host_poisoned():
        if message.queue == WORK_POISON_QUEUE:
            await _settle_work(queues, operations, message)
        elif message.queue == TICKET_UPDATES_POISON_QUEUE:
            await _settle_ticket_update(queues, ticket_updates, message)
        elif message.queue == WEBHOOK_REQUESTS_POISON_QUEUE:
            await _settle_webhook_request(queues, webhook_intake, message)
        elif message.queue in (ROTATIONS_POISON_QUEUE, DECISIONS_POISON_QUEUE):
            # The next sweep sends another hint; a decision can be made again. Kept, so that operators can investigate.
            await queues.send_poison(kept_message(REASON, message.text))
        else:
            await _settle_request(queues, intake, message)
        await queues.remove_poisoned(message)
        log.warning("message.given_up_by_host", queue=message.queue, message=message.id)
        settled += 1
    return settled


async def _settle_work(queues: Queues, operations: Operations, message: PoisonedMessage) -> None:
    """Keep a work message without a record; one with a record is dispensable."""
    operation_id = _reference(message.text, "operationId")
    if operation_id is None or await operations.read(operation_id) is None:
        await queues.send_poison(kept_message(REASON, message.text))


async def _settle_request(queues: Queues, intake: Intake, message: PoisonedMessage) -> None:
    """Accept a valid request again; reject an invalid one as the intake does, and keep it."""
    if not await intake.take_up(message.text.encode(), message.id, message.inserted):
        await queues.send_poison(kept_message(REASON, message.text))


async def _settle_webhook_request(queues: Queues, intake: WebhookIntake, message: PoisonedMessage) -> None:
    """Accept a proven request again; keep what is not a message of the webhook."""
    try:
        await intake.accept(message.text.encode(), message.id)
    except UnprovenError:
        await queues.send_poison(kept_message(REASON, message.text))


async def _settle_ticket_update(queues: Queues, ticket_updates: TicketUpdates, message: PoisonedMessage) -> None:
    """Keep a message without a record; one with a record is dispensable: `resume_updates` resumes it."""
    update_id = _reference(message.text, "updateId")
    if update_id is None or await ticket_updates.read(update_id) is None:
        await queues.send_poison(kept_message(REASON, message.text))


def _reference(text: str, name: str) -> str | None:
    try:
        work: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = cast("dict[str, object]", work).get(name) if isinstance(work, dict) else None
    return found if isinstance(found, str) else None
