"""The queues of the storage account, as an operator uses them."""

import base64
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueServiceClient

from queues.broker import READ_BY_APP, READ_BY_OTHERS, BrokerName, Kind, Look, Message, NotCarriedError, Place
from shared.core.naming import POISON_QUEUE

PLACES = (
    *(Place(queue, queue, Kind.WAITING) for queue in (*READ_BY_APP, *READ_BY_OTHERS)),
    Place(POISON_QUEUE, POISON_QUEUE, Kind.KEPT),
    *(Place(name, queue, Kind.GIVEN_UP) for queue in READ_BY_APP if (name := f"{queue}-poison") != POISON_QUEUE),
)
"""On `app-registrations-poison` lies what the app keeps, and among it what the host gave up on."""

_MOST_BYTES = 64 * 1024
"""Of a message (Microsoft Learn, "Scalability and performance targets for Queue Storage")."""
_LONGEST_DELAY_SECONDS = 7 * 24 * 3600
_NEVER_EXPIRES = -1
_PEEK, _BATCH, _HOLD_SECONDS = 32, 16, 120
"""A peek shows 32 messages at most, and always the first."""
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class StorageBroker:
    """Implements `Broker`."""

    name: BrokerName = BrokerName.STORAGE
    places: Sequence[Place] = PLACES

    def __init__(self, service: QueueServiceClient) -> None:
        self._service = service

    async def look(self, place: Place, *, everything: bool = False) -> Look:
        """Peek: 32 messages, and none that is delivered later. `everything` takes all that are visible."""
        count = await self.count(place)
        if everything:
            shown = await self._look_through(place)
        else:
            async with self._service.get_queue_client(place.name) as client:
                shown = [_message(place, each) for each in await client.peek_messages(_PEEK)]
        hidden = count - len(shown)
        if hidden <= 0:
            return Look(tuple(shown))
        return Look(tuple(shown), f"queue {place.name}: only {len(shown)} of about {count} messages are visible")

    async def count(self, place: Place) -> int:
        """Count messages, delayed and hidden ones, too."""
        async with self._service.get_queue_client(place.name) as client:
            return (await client.get_queue_properties()).approximate_message_count or 0

    async def take(self, place: Place) -> Sequence[Message]:
        """Receive a batch of what is visible, and hide it for two minutes."""
        async with self._service.get_queue_client(place.name) as client:
            received = client.receive_messages(
                messages_per_page=_BATCH, max_messages=_BATCH, visibility_timeout=_HOLD_SECONDS
            )
            return [_message(place, each) async for each in received]

    async def remove(self, message: Message) -> bool:
        """Delete a message; False if it is gone, or was given to somebody else meanwhile."""
        place, raw = _taken(message)
        try:
            async with self._service.get_queue_client(place.name) as client:
                await client.delete_message(raw)
        except ResourceNotFoundError:
            return False
        return True

    async def give_back(self, messages: Sequence[Message]) -> None:
        """Make messages visible again."""
        for message in messages:
            place, raw = _taken(message)
            with suppress(AzureError):
                async with self._service.get_queue_client(place.name) as client:
                    await client.update_message(raw, visibility_timeout=0)

    async def remove_kept(self, message_id: str) -> bool:
        """Take messages until the one is found; only a message that was taken can be deleted."""
        (place,) = (each for each in PLACES if each.kind is Kind.KEPT)
        others: list[Message] = []
        try:
            while batch := await self.take(place):
                found = [each for each in batch if each.id == message_id]
                others += [each for each in batch if each.id != message_id]
                if found:
                    return await self.remove(found[0])
            return False
        finally:
            await self.give_back(others)

    async def put(self, queue: str, body: bytes, due: datetime | None = None) -> None:
        """Send a message without expiry. A delay is seven days at most: the app then looks and waits again."""
        text = _as_text(body)
        if len(text.encode()) > _MOST_BYTES:
            raise NotCarriedError(f"it has {len(text.encode())} bytes, and a storage queue takes {_MOST_BYTES}")
        delay = 0
        async with self._service.get_queue_client(queue) as client:
            if due is not None:
                left = (due - await _time_of(client)).total_seconds()
                delay = min(max(0, ceil(left)), _LONGEST_DELAY_SECONDS)
            await client.send_message(text, visibility_timeout=delay, time_to_live=_NEVER_EXPIRES)

    async def _look_through(self, place: Place) -> list[Message]:
        taken: list[Message] = []
        try:
            while batch := await self.take(place):
                taken += batch
        finally:
            await self.give_back(taken)
        return taken


async def _time_of(client: Any) -> datetime:  # noqa: ANN401  the queue client, whose hooks have no types
    """The service's time, by which delays run. Raises HttpResponseError when it gives none."""
    dates: list[str] = []

    def note_date(response: Any) -> None:  # noqa: ANN401  the SDK's PipelineResponse
        dates.append(response.http_response.headers.get("Date", ""))

    await client.get_queue_properties(raw_response_hook=note_date)
    try:
        return parsedate_to_datetime(dates[0])
    except (ValueError, IndexError):
        raise HttpResponseError("the storage service gives no time, so no delay can be counted") from None


def _as_text(body: bytes) -> str:
    """A body as the text that a storage queue carries; what XML cannot hold goes in base64, which the intake knows."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()
    return base64.b64encode(body).decode() if _NOT_IN_XML.search(text) else text


def _message(place: Place, raw: QueueMessage) -> Message:
    content: str = raw.content
    return Message(raw.id, content.encode(), since=raw.inserted_on, receipt=(place, raw))


def _taken(message: Message) -> tuple[Place, QueueMessage]:
    match message.receipt:
        case (Place() as place, QueueMessage() as raw):
            return place, raw
        case _:
            raise TypeError("this message was not taken from a storage queue")
