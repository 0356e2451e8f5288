"""The port `Queues` over Service Bus: queues, topics for what others read, and dead letters."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from itertools import compress
from typing import Any

from azure.servicebus import ServiceBusMessage, ServiceBusMessageState, ServiceBusReceivedMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender
from azure.servicebus.exceptions import MessageAlreadySettled, MessageLockLostError

from shared.adapters.servicebus import messages
from shared.adapters.servicebus.client import Links
from shared.adapters.servicebus.errors import translated
from shared.core.log import event
from shared.core.naming import (
    DECISIONS_POISON_QUEUE,
    DECISIONS_QUEUE,
    EVENTS_QUEUE,
    INTAKE_QUEUE,
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

_TOPICS = (RESULTS_QUEUE, EVENTS_QUEUE)
_DEAD_LETTERS = {
    INTAKE_QUEUE: POISON_QUEUE,
    WEBHOOK_REQUESTS_QUEUE: WEBHOOK_REQUESTS_POISON_QUEUE,
    WORK_QUEUE: WORK_POISON_QUEUE,
    ROTATIONS_QUEUE: ROTATIONS_POISON_QUEUE,
    DECISIONS_QUEUE: DECISIONS_POISON_QUEUE,
    TICKET_UPDATES_QUEUE: TICKET_UPDATES_POISON_QUEUE,
}
"""Queues whose dead letters are what the host gave up on, and by which name the app knows those."""
_PAGE, _BATCH, _MOST_PAGES = 32, 8, 100
_WAIT_SECONDS = 2.0
"""For a message that a peek has just shown."""


class ServiceBusQueues:
    """Implements the port `Queues`."""

    def __init__(self, client: ServiceBusClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._senders: Links[ServiceBusSender] = Links(self._sender)
        self._dead_letters: Links[ServiceBusReceiver] = Links(self._dead_letter_receiver)
        self._work: Links[ServiceBusReceiver] = Links(self._receiver)
        self._held: dict[str, ServiceBusReceivedMessage] = {}

    async def close(self) -> None:
        """Close all links; the client is its maker's to close."""
        await asyncio.gather(self._senders.close(), self._dead_letters.close(), self._work.close())

    async def send_work(self, operation_id: str, generation: int, delay: timedelta = timedelta(0)) -> None:
        """Enqueue an operation's next attempt after a delay, without expiry."""
        message = {"schemaVersion": "1", "operationId": operation_id, "generation": generation}
        await self._send_own(WORK_QUEUE, json.dumps(message), delay)

    async def send_rotation(self, message: str, delay: timedelta = timedelta(0)) -> None:
        """Send to `credential-rotations` after a delay, without expiry."""
        await self._send_own(ROTATIONS_QUEUE, message, delay)

    async def send_decision(self, message: str, delay: timedelta = timedelta(0)) -> None:
        """Enqueue a ticket's decision after a delay, without expiry."""
        await self._send_own(DECISIONS_QUEUE, message, delay)

    async def send_ticket_update(self, update_id: str, delay: timedelta = timedelta(0)) -> None:
        """Enqueue a ticket update after a delay, without expiry."""
        message = {"schemaVersion": "1", "updateId": update_id}
        await self._send_own(TICKET_UPDATES_QUEUE, json.dumps(message), delay)

    async def is_work_piling_up(self) -> bool:
        """Return whether more work is due than a host takes at once: a peek shows delayed messages, too."""
        active, start = 0, 1
        with translated(f"read the queue {WORK_QUEUE}"):
            async with self._work.held(WORK_QUEUE) as receiver:
                for _ in range(_MOST_PAGES):
                    page = await receiver.peek_messages(_PAGE, sequence_number=start)
                    active += sum(message.state is ServiceBusMessageState.ACTIVE for message in page)
                    if active >= _PAGE or not page:
                        break
                    start = (page[-1].sequence_number or start) + 1
        return active >= _PAGE

    async def send_proven(self, request: str) -> None:
        """Put a request from a verified source on the internal queue for those."""
        await self._send_own(WEBHOOK_REQUESTS_QUEUE, request)

    async def send_answer(self, answer: str) -> None:
        """Deliver an answer to the topic of results."""
        await self._send(RESULTS_QUEUE, messages.answer(answer))

    async def send_event(self, event: str) -> None:
        """Publish to the topic `registrar-events`."""
        await self._send(EVENTS_QUEUE, messages.event(event))

    async def send_poison(self, message: str) -> None:
        """Keep a request that cannot be served, with its reason and original."""
        await self._send(POISON_QUEUE, messages.kept(message))

    async def host_poisoned(self) -> AsyncIterator[PoisonedMessage]:
        """List the dead letters of the queues that the host listens to; the log says why they are there."""
        # Each on a link of its own, which takes half a second to open.
        has_any = await asyncio.gather(*(self._has_dead_letters(queue) for queue in _DEAD_LETTERS))
        for queue, known_as in compress(_DEAD_LETTERS.items(), has_any):
            async for found in self._dead_letters_of(queue):
                receipt = str(found.lock_token)
                self._held[receipt] = found
                event(
                    "message.dead_lettered",
                    queue=queue,
                    message=found.sequence_number,
                    reason=found.dead_letter_reason,
                    deliveries=found.delivery_count,
                )
                yield PoisonedMessage(
                    known_as,
                    str(found.sequence_number),
                    receipt,
                    _body(found).decode("utf-8", "replace"),
                    found.enqueued_time_utc or datetime.now(UTC),
                )

    async def remove_poisoned(self, message: PoisonedMessage) -> None:
        """Remove a dead letter; already gone is a success.

        Where its lock has lapsed it comes again, and its handling is repeated.
        """
        found = self._held.pop(message.receipt, None)
        if found is None:
            return
        queue = next(name for name, known_as in _DEAD_LETTERS.items() if known_as == message.queue)
        with translated(f"remove from the dead letters of {queue}"):
            async with self._dead_letters.held(queue) as receiver:
                try:
                    await receiver.complete_message(found)
                except (MessageLockLostError, MessageAlreadySettled, ValueError):
                    # ValueError: the link that it came on is gone, and this one is new.
                    event("message.dead_letter_comes_again", queue=queue, message=message.id)

    async def remove_kept(self, operation_id: str, before: int) -> None:
        """Remove the kept messages of an operation's generations before this one: the first of its session."""
        with translated(f"remove from the queue {POISON_QUEUE}"):
            async with self._client.get_queue_receiver(POISON_QUEUE, session_id=operation_id) as receiver:
                shown = await receiver.peek_messages(_PAGE, sequence_number=1)
                older = sum(messages.generation_of(_body(message)) < before for message in shown)
                while older > 0:
                    taken = await receiver.receive_messages(older, max_wait_time=_WAIT_SECONDS)
                    if not taken:
                        break
                    for message in taken:
                        if messages.generation_of(_body(message)) < before:
                            await receiver.complete_message(message)
                    older -= len(taken)

    async def _dead_letters_of(self, queue: str) -> AsyncIterator[ServiceBusReceivedMessage]:
        """All of them, a batch at a time; one that is not removed meanwhile stays locked and is not seen twice."""
        for _ in range(_MOST_PAGES):
            batch = await self._take_dead_letters(queue)
            for message in batch:
                yield message
            if not batch:
                return

    async def _has_dead_letters(self, queue: str) -> bool:
        with translated(f"read the dead letters of {queue}"):
            async with self._dead_letters.held(queue) as receiver:
                return bool(await receiver.peek_messages(1, sequence_number=1))

    async def _take_dead_letters(self, queue: str) -> list[ServiceBusReceivedMessage]:
        with translated(f"read the dead letters of {queue}"):
            async with self._dead_letters.held(queue) as receiver:
                # Asked for more than there are, the client waits for the rest.
                shown = len(await receiver.peek_messages(_BATCH, sequence_number=1))
                return await receiver.receive_messages(shown, max_wait_time=_WAIT_SECONDS) if shown else []

    async def _send_own(self, queue: str, text: str, delay: timedelta = timedelta(0)) -> None:
        due = self._now() + delay if delay > timedelta(0) else None
        await self._send(queue, messages.plain(text, due))

    async def _send(self, entity: str, message: ServiceBusMessage) -> None:
        with translated(f"send to {entity}"):
            async with self._senders.held(entity) as sender:
                await sender.send_messages(message)

    def _sender(self, entity: str) -> ServiceBusSender:
        client = self._client
        return client.get_topic_sender(entity) if entity in _TOPICS else client.get_queue_sender(entity)

    def _receiver(self, queue: str) -> ServiceBusReceiver:
        return self._client.get_queue_receiver(queue)

    def _dead_letter_receiver(self, queue: str) -> ServiceBusReceiver:
        return self._client.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER)


def _body(message: ServiceBusReceivedMessage) -> bytes:
    parts: Any = message.body
    return parts if isinstance(parts, bytes) else b"".join(parts)
