"""The Service Bus namespace, as an operator uses it. Imported only where it is used: the client is large."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.servicebus import (
    ServiceBusMessage,
    ServiceBusMessageState,
    ServiceBusReceivedMessage,
    ServiceBusSubQueue,
)
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender
from azure.servicebus.amqp import AmqpMessageBodyType
from azure.servicebus.exceptions import (
    MessageAlreadySettled,
    MessageLockLostError,
    MessageNotFoundError,
    MessageSizeExceededError,
    SessionLockLostError,
)

from queues.broker import READ_BY_APP, READ_BY_OTHERS, BrokerName, Kind, Look, Message, NotCarriedError, Place
from shared.core.naming import POISON_QUEUE

type Envelope = Callable[[str, bytes, datetime | None], ServiceBusMessage]
"""Makes the message for a queue or topic of a body, to be delivered at a time or at once."""

_ALL, _DEAD = "all", "/$DeadLetterQueue"
PLACES = (
    *(Place(queue, queue, Kind.WAITING) for queue in READ_BY_APP),
    *(Place(f"{topic}/{_ALL}", topic, Kind.WAITING) for topic in READ_BY_OTHERS),
    Place(POISON_QUEUE, POISON_QUEUE, Kind.KEPT),
    *(Place(f"{queue}{_DEAD}", queue, Kind.GIVEN_UP) for queue in READ_BY_APP),
    *(Place(f"{topic}/{_ALL}{_DEAD}", topic, Kind.STUCK) for topic in READ_BY_OTHERS),
    Place(f"{POISON_QUEUE}{_DEAD}", POISON_QUEUE, Kind.STUCK),
)
"""Of the topics, the subscription that every deployment has; others are their readers' own."""

_PAGE, _BATCH, _MOST_SHOWN = 100, 16, 2000
_WAIT_SECONDS = 2.0
"""For messages that a peek has just shown."""
_AT_ONCE = 8
"""Sessions that are looked into at once: opening one takes half a second."""
_GONE = (MessageLockLostError, MessageAlreadySettled, MessageNotFoundError, SessionLockLostError)


@asynccontextmanager
async def connected(
    namespace: str,
    credential: AsyncTokenCredential,
    envelope: Envelope | None = None,
    *,
    proxy: str | None = None,
    ca_bundle: str | None = None,
) -> AsyncGenerator["ServiceBusBroker"]:
    """Open a namespace: through the proxy, or else the environment's, trusting a bundle or the environment's roots."""
    options: dict[str, Any] = {
        "ssl_context": ssl.create_default_context(cafile=ca_bundle),
        "retry_total": 2,
        "retry_backoff_factor": 0.5,
    }
    by_way_of = proxy or (None if proxy_bypass(namespace) else getproxies().get("https"))
    if by_way_of:
        at = urlsplit(by_way_of)
        # The asynchronous client wants the scheme in front of the host's name; with a proxy it speaks over WebSockets.
        options["http_proxy"] = {"proxy_hostname": f"http://{at.hostname}", "proxy_port": at.port}
    async with ServiceBusClient(namespace, credential, **options) as client:
        broker = ServiceBusBroker(client, envelope or _plain)
        try:
            yield broker
        finally:
            await broker.close()


@dataclass(frozen=True)
class _Locked:
    receiver: ServiceBusReceiver
    raw: ServiceBusReceivedMessage


@dataclass(frozen=True)
class _Scheduled:
    queue: str
    number: int


class ServiceBusBroker:
    """Implements `Broker`. Made by `connected`. No place may be used by two coroutines at once, as no link may be."""

    name: BrokerName = BrokerName.SERVICEBUS
    places: Sequence[Place] = PLACES

    def __init__(self, client: ServiceBusClient, envelope: Envelope) -> None:
        self._client = client
        self._envelope = envelope
        self._senders: dict[str, ServiceBusSender] = {}
        self._receivers: dict[str, ServiceBusReceiver] = {}
        self._session: ServiceBusReceiver | None = None

    async def look(self, place: Place, *, everything: bool = False) -> Look:
        """Peek, which shows all messages in any state. Sessions are looked into one by one and held meanwhile."""
        shown = [_shown(raw) for _, raw in await self._peek(place, None if everything else _MOST_SHOWN)]
        if everything or len(shown) < _MOST_SHOWN:
            return Look(tuple(shown))
        return Look(tuple(shown), f"{place.name}: only the first {len(shown)} messages are shown")

    async def count(self, place: Place) -> int:
        """Count messages, delayed and deferred ones, too."""
        return len(await self._peek(place, None))

    async def take(self, place: Place) -> Sequence[Message]:
        """Receive a batch of what is delivered now; when there is nothing, messages for later.

        Deferred messages stay: neither the app nor anything of ours defers one.
        """
        if place.kind is Kind.KEPT:
            return await self._take_of_sessions()
        receiver, is_tried = await self._receiver(place), False
        async for page in _pages(receiver):
            active = sum(each.state is ServiceBusMessageState.ACTIVE for each in page)
            if active and not is_tried:
                is_tried = True
                # No more than there are: the client waits for what is missing, and again when the link is closed.
                batch = await receiver.receive_messages(min(active, _BATCH), max_wait_time=_WAIT_SECONDS)
                if batch:
                    return [_taken(receiver, each) for each in batch]
            later = [each for each in page if each.state is ServiceBusMessageState.SCHEDULED]
            if later:
                return [_for_later(place, each) for each in later[:_BATCH]]
        return []

    async def remove(self, message: Message) -> bool:
        """Complete a message, or cancel one for later; False if it is gone, or its lock has lapsed."""
        try:
            match message.receipt:
                case _Locked(receiver, raw):
                    await receiver.complete_message(raw)
                case _Scheduled(queue, number):
                    await (await self._sender(queue)).cancel_scheduled_messages(number)
                case _:
                    raise TypeError("this message was not taken from a Service Bus namespace")
        except _GONE:
            return False
        return True

    async def give_back(self, messages: Sequence[Message]) -> None:
        """Abandon what was taken; messages for later were never away."""
        for message in messages:
            if isinstance(message.receipt, _Locked):
                with suppress(AzureError):
                    await message.receipt.receiver.abandon_message(message.receipt.raw)

    async def remove_kept(self, message_id: str) -> bool:
        """Take the session's messages up to the one, and complete that; the others stay in the session."""
        (place,) = (each for each in PLACES if each.kind is Kind.KEPT)
        found = await self._peek(place, None)
        session = next((session for session, raw in found if str(raw.sequence_number) == message_id), None)
        if session is None:
            return False
        left = sum(each == session and (raw.sequence_number or 0) <= int(message_id) for each, raw in found)
        async with self._client.get_queue_receiver(POISON_QUEUE, session_id=session) as receiver:
            while left and (batch := await receiver.receive_messages(left, max_wait_time=_WAIT_SECONDS)):
                for raw in batch:
                    if str(raw.sequence_number) == message_id:
                        await receiver.complete_message(raw)
                        return True
                left -= len(batch)
        return False

    async def put(self, queue: str, body: bytes, due: datetime | None = None) -> None:
        """Send a message as the app would."""
        sender = await self._sender(queue)
        try:
            await sender.send_messages(self._envelope(queue, body, due))
        except MessageSizeExceededError:
            raise NotCarriedError(f"it has {len(body)} bytes, more than the namespace takes") from None

    async def _take_of_sessions(self) -> Sequence[Message]:
        for session_id in await self._session_ids():
            if self._session is None or self._session.session.session_id != session_id:
                await self._leave_session()
                self._session = self._client.get_queue_receiver(POISON_QUEUE, session_id=session_id)
                await self._session.__aenter__()
            waiting = len(await _peek_all(self._session, _BATCH))
            batch = waiting and await self._session.receive_messages(waiting, max_wait_time=_WAIT_SECONDS)
            if batch:
                return [_taken(self._session, each) for each in batch]
        await self._leave_session()
        return []

    async def _leave_session(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def close(self) -> None:
        """Close all links, at once: each takes half a second."""
        await self._leave_session()
        await asyncio.gather(*(each.close() for each in (*self._receivers.values(), *self._senders.values())))

    async def _peek(self, place: Place, most: int | None) -> list[tuple[str | None, ServiceBusReceivedMessage]]:
        """Peek a place's messages, each with its session."""
        if place.kind is not Kind.KEPT:
            return [(None, raw) for raw in await _peek_all(await self._receiver(place), most)]
        slots = asyncio.Semaphore(_AT_ONCE)

        async def of_session(session_id: str) -> list[tuple[str | None, ServiceBusReceivedMessage]]:
            async with slots, self._client.get_queue_receiver(POISON_QUEUE, session_id=session_id) as receiver:
                return [(session_id, raw) for raw in await _peek_all(receiver, most)]

        found = await asyncio.gather(*(of_session(each) for each in await self._session_ids()))
        return sorted((each for some in found for each in some), key=lambda each: each[1].sequence_number or 0)

    async def _session_ids(self) -> list[str]:
        return [each async for each in self._client.list_queue_sessions(POISON_QUEUE)]

    async def _receiver(self, place: Place) -> ServiceBusReceiver:
        if place.name not in self._receivers:
            sub_queue = ServiceBusSubQueue.DEAD_LETTER if place.kind in (Kind.GIVEN_UP, Kind.STUCK) else None
            made = (
                self._client.get_subscription_receiver(place.queue, _ALL, sub_queue=sub_queue)
                if place.queue in READ_BY_OTHERS
                else self._client.get_queue_receiver(place.queue, sub_queue=sub_queue)
            )
            self._receivers[place.name] = await made.__aenter__()
        return self._receivers[place.name]

    async def _sender(self, queue: str) -> ServiceBusSender:
        if queue not in self._senders:
            made = (
                self._client.get_topic_sender(queue)
                if queue in READ_BY_OTHERS
                else self._client.get_queue_sender(queue)
            )
            self._senders[queue] = await made.__aenter__()
        return self._senders[queue]


async def _pages(receiver: ServiceBusReceiver) -> AsyncGenerator[list[ServiceBusReceivedMessage]]:
    start = 1
    while page := await receiver.peek_messages(_PAGE, sequence_number=start):
        yield page
        start = (page[-1].sequence_number or start) + 1


async def _peek_all(receiver: ServiceBusReceiver, most: int | None) -> list[ServiceBusReceivedMessage]:
    found: list[ServiceBusReceivedMessage] = []
    async for page in _pages(receiver):
        found += page
        if most is not None and len(found) >= most:
            return found[:most]
    return found


def _plain(queue: str, body: bytes, due: datetime | None) -> ServiceBusMessage:
    return ServiceBusMessage(body, content_type="application/json", scheduled_enqueue_time_utc=due)


def _shown(raw: ServiceBusReceivedMessage, receipt: object = None) -> Message:
    is_later = raw.state is ServiceBusMessageState.SCHEDULED
    why = ": ".join(text for text in (raw.dead_letter_reason, raw.dead_letter_error_description) if text)
    return Message(
        id=str(raw.sequence_number),
        body=_body(raw),
        since=_aware(raw.enqueued_time_utc),
        due=_aware(raw.scheduled_enqueue_time_utc) if is_later else None,
        reason=why or None,
        receipt=receipt,
    )


def _taken(receiver: ServiceBusReceiver, raw: ServiceBusReceivedMessage) -> Message:
    return _shown(raw, _Locked(receiver, raw))


def _for_later(place: Place, raw: ServiceBusReceivedMessage) -> Message:
    return _shown(raw, _Scheduled(place.queue, raw.sequence_number or 0))


def _aware(time: datetime | None) -> datetime | None:
    return time if time is None or time.tzinfo else time.replace(tzinfo=UTC)


def _body(raw: ServiceBusReceivedMessage) -> bytes:
    if raw.body_type is not AmqpMessageBodyType.DATA:
        return str(raw).encode()  # another client's value; the app would not read it either
    parts: Any = raw.body
    return parts if isinstance(parts, bytes) else b"".join(parts)
