"""The queues, through the SDK: an output binding re-serialises JSON, and has neither delay nor expiry."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from shared.adapters.azure_errors import translated
from shared.core.naming import (
    DECISIONS_POISON_QUEUE,
    DECISIONS_QUEUE,
    EVENTS_QUEUE,
    POISON_QUEUE,
    RESULTS_QUEUE,
    ROTATIONS_POISON_QUEUE,
    ROTATIONS_QUEUE,
    TICKET_UPDATES_POISON_QUEUE,
    TICKET_UPDATES_QUEUE,
    WEBHOOK_REQUESTS_POISON_QUEUE,
    WEBHOOK_REQUESTS_QUEUE,
    WORK_POISON_QUEUE,
    WORK_QUEUE,
)
from shared.ports import PoisonedMessage

LONGEST_DELAY = timedelta(days=7)
"""The longest delay of a storage queue (Microsoft Learn, "Put Message")."""
_NEVER_EXPIRES = -1
_QUEUES = (
    WEBHOOK_REQUESTS_QUEUE,
    WORK_QUEUE,
    ROTATIONS_QUEUE,
    DECISIONS_QUEUE,
    TICKET_UPDATES_QUEUE,
    RESULTS_QUEUE,
    EVENTS_QUEUE,
)
_POISON_QUEUES = (
    POISON_QUEUE,
    WEBHOOK_REQUESTS_POISON_QUEUE,
    WORK_POISON_QUEUE,
    ROTATIONS_POISON_QUEUE,
    DECISIONS_POISON_QUEUE,
    TICKET_UPDATES_POISON_QUEUE,
)
_PAGE, _MOST, _HIDE = 32, 5000, 120
"""For reading a poison queue: messages a page, messages in all, and seconds they stay hidden meanwhile."""
_KEPT = {"schemaVersion", "reason", "operationId", "generation", "attempts", "original"}
"""A message that we keep has these members and no others. One that imitates it gets past the intake only with one more,
which hides the message's own metadata from the host."""


class StorageQueues:
    """Implements the port `Queues`."""

    def __init__(self, service: QueueServiceClient) -> None:
        self._clients = {name: service.get_queue_client(name) for name in (*_QUEUES, *_POISON_QUEUES)}

    async def send_work(self, operation_id: str, generation: int, delay: timedelta = timedelta(0)) -> None:
        """Enqueue an operation's next attempt after a delay, without expiry."""
        message = {"schemaVersion": "1", "operationId": operation_id, "generation": generation}
        await self._send(WORK_QUEUE, json.dumps(message), min(delay, LONGEST_DELAY))

    async def send_rotation(self, message: str, delay: timedelta = timedelta(0)) -> None:
        """Send to `credential-rotations` after a delay, without expiry."""
        await self._send(ROTATIONS_QUEUE, message, min(delay, LONGEST_DELAY))

    async def send_decision(self, message: str, delay: timedelta = timedelta(0)) -> None:
        """Enqueue a ticket's decision after a delay, without expiry."""
        await self._send(DECISIONS_QUEUE, message, min(delay, LONGEST_DELAY))

    async def send_ticket_update(self, update_id: str, delay: timedelta = timedelta(0)) -> None:
        """Enqueue a ticket update after a delay, without expiry."""
        message = {"schemaVersion": "1", "updateId": update_id}
        await self._send(TICKET_UPDATES_QUEUE, json.dumps(message), min(delay, LONGEST_DELAY))

    async def is_work_piling_up(self) -> bool:
        """Return whether more work is due than a host takes at once: a peek shows only visible messages."""
        with translated(f"read the queue {WORK_QUEUE}"):
            return len(await self._clients[WORK_QUEUE].peek_messages(_PAGE)) == _PAGE

    async def send_proven(self, request: str) -> None:
        """Put a request from a verified source on the internal queue for those."""
        await self._send(WEBHOOK_REQUESTS_QUEUE, request)

    async def send_answer(self, answer: str) -> None:
        """Deliver an answer to the results queue."""
        await self._send(RESULTS_QUEUE, answer)

    async def send_event(self, event: str) -> None:
        """Publish to `registrar-events`."""
        await self._send(EVENTS_QUEUE, event)

    async def send_poison(self, message: str) -> None:
        """Keep a request that cannot be served, with its reason and original."""
        await self._send(POISON_QUEUE, message)

    async def host_poisoned(self) -> AsyncIterator[PoisonedMessage]:
        """List the messages that the host, not we, put on the poison queues."""
        for queue in _POISON_QUEUES:
            client = self._clients[queue]
            with translated(f"read the queue {queue}"):
                first = await client.peek_messages(_PAGE)
                if len(first) < _PAGE and all(_is_ours(message.content) for message in first):
                    continue
                received = client.receive_messages(
                    messages_per_page=_PAGE, max_messages=_MOST, visibility_timeout=_HIDE
                )
                async for message in received:
                    if not _is_ours(message.content):
                        inserted = message.inserted_on or datetime.now(UTC)
                        yield PoisonedMessage(queue, message.id, message.pop_receipt or "", message.content, inserted)

    async def remove_poisoned(self, message: PoisonedMessage) -> None:
        """Remove a poisoned message; already gone is a success."""
        with translated(f"remove from the queue {message.queue}"), suppress(ResourceNotFoundError):
            await self._clients[message.queue].delete_message(message.id, message.receipt)

    async def remove_kept(self, operation_id: str, before: int) -> None:
        """Remove the kept messages of an operation's generations before this one from the poison queue."""
        client = self._clients[POISON_QUEUE]
        others: list[QueueMessage] = []
        with translated(f"read the queue {POISON_QUEUE}"):
            async for message in client.receive_messages(
                messages_per_page=_PAGE, max_messages=_MOST, visibility_timeout=_HIDE
            ):
                kept_id, generation = _kept_operation(message.content)
                if kept_id == operation_id and generation < before:
                    await client.delete_message(message)
                else:
                    others.append(message)
            # Only after the loop, or it would receive the same messages again and again.
            for message in others:
                await client.update_message(message, visibility_timeout=0)

    async def _send(self, queue: str, text: str, delay: timedelta = timedelta(0)) -> None:
        client: QueueClient = self._clients[queue]
        with translated(f"send to the queue {queue}"):
            await client.send_message(text, visibility_timeout=ceil(delay.total_seconds()), time_to_live=_NEVER_EXPIRES)


def _is_ours(text: str) -> bool:
    """Return whether a message on a poison queue is one that we keep."""
    try:
        message: object = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and _KEPT <= message.keys() <= _KEPT | {"truncated"}


def _kept_operation(text: str) -> tuple[str | None, int]:
    """Return operation id and generation of a message that we keep; (None, 0) for any other."""
    message: dict[str, Any] = json.loads(text) if _is_ours(text) else {}
    return message.get("operationId"), message.get("generation") or 0
