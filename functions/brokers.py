"""The queue triggers, of whichever broker `MESSAGE_BROKER` names: the setting is read when the host indexes the app.

Functions keep their names under either broker, and with them what is set for them by name.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import azure.functions as func

_OLDEST = timedelta(days=365)
SERVICE_BUS = "servicebus"


@dataclass(frozen=True)
class Received:
    """One message, from either broker. `id` is the broker's, and stays the same when it is delivered again."""

    body: bytes
    id: str
    arrived: datetime


type Handler = Callable[[Received], Awaitable[None]]


def on_queue(blueprint: func.Blueprint, queue: str) -> Callable[[Handler], Handler]:
    """Have a handler called with every message of a queue, as a function of the handler's name."""

    def register(handler: Handler) -> Handler:
        async def from_storage(message: func.QueueMessage) -> None:
            await handler(storage_message(message, datetime.now(UTC)))

        async def from_service_bus(message: func.ServiceBusMessage) -> None:
            await handler(service_bus_message(message, datetime.now(UTC)))

        if os.environ.get("MESSAGE_BROKER") == SERVICE_BUS:
            # As bytes: members of a JSON text would take the place of the message's own properties in the host.
            trigger = blueprint.service_bus_queue_trigger(  # pyright: ignore[reportUnknownMemberType]  the SDK does not type its **kwargs
                "message", "MessageBus", queue, data_type=func.DataType.BINARY
            )
            built = trigger(from_service_bus)
        else:
            trigger = blueprint.queue_trigger("message", queue, "AzureWebJobsStorage")  # pyright: ignore[reportUnknownMemberType]
            built = trigger(from_storage)
        blueprint.function_name(handler.__name__)(built)
        return handler

    return register


def storage_message(message: func.QueueMessage, now: datetime) -> Received:
    """What a storage queue delivered."""
    return Received(message.get_body(), message.id or "", _likely(message.insertion_time, now))


def service_bus_message(message: func.ServiceBusMessage, now: datetime) -> Received:
    """What Service Bus delivered. The sequence number is the broker's; the message's id would be its sender's."""
    enqueued = message.enqueued_time_utc
    if enqueued is not None and enqueued.tzinfo is None:  # the host gives UTC without saying so
        enqueued = enqueued.replace(tzinfo=UTC)
    return Received(message.get_body(), str(message.sequence_number), _likely(enqueued, now))


def _likely(arrived: datetime | None, now: datetime) -> datetime:
    """Return when a message was put on the queue, or now if that cannot be true.

    The host lets members of a JSON payload override a storage queue's metadata (WebJobs SDK, binding data): one called
    `InsertionTime` may be of any year, and without a zone.
    """
    is_likely = arrived is not None and arrived.tzinfo is not None and abs(now - arrived) < _OLDEST
    return arrived if arrived is not None and is_likely else now
