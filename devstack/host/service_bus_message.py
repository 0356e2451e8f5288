"""What a function gets to know of a Service Bus message.

After ServiceBusTriggerBindingStrategy (azure-sdk-for-net, Microsoft.Azure.WebJobs.Extensions.ServiceBus): the same
names, and times in UTC that do not say so.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from devstack.host import wire
from devstack.host.payload_members import with_members
from devstack.host.wire import TypedData

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage


def body_of(message: "ServiceBusReceivedMessage") -> bytes:
    """The message's body, whatever its sender called it."""
    parts: Any = message.body
    return parts if isinstance(parts, bytes) else b"".join(parts)


def describe(message: "ServiceBusReceivedMessage", text: str) -> tuple[dict[str, TypedData], dict[str, Any]]:
    """The trigger metadata for the worker, and the data for binding expressions.

    `text` is the payload of a function that wants it as a text, whose members win over the message's own fields; empty
    for one that wants bytes.
    """
    properties = _plain(message.application_properties or {})
    fields: dict[str, Any] = {
        "ApplicationProperties": properties,
        "UserProperties": properties,
        "ContentType": message.content_type,
        "CorrelationId": message.correlation_id,
        "DeadLetterSource": message.dead_letter_source,
        "DeliveryCount": (message.delivery_count or 0) + 1,  # .NET counts the delivery under way, AMQP does not
        "EnqueuedTime": _with_zone(message.enqueued_time_utc),
        "EnqueuedTimeUtc": _without_zone(message.enqueued_time_utc),
        "ExpiresAt": _with_zone(message.expires_at_utc),
        "ExpiresAtUtc": _without_zone(message.expires_at_utc),
        "Label": message.subject,
        "LockToken": str(message.lock_token) if message.lock_token else None,
        "MessageId": message.message_id,
        "PartitionKey": message.partition_key,
        "ReplyTo": message.reply_to,
        "ReplyToSessionId": message.reply_to_session_id,
        "SequenceNumber": message.sequence_number,
        "SessionId": message.session_id,
        "Subject": message.subject,
        "To": message.to,
    }
    fields = with_members(fields, text)
    return {name: _typed(value) for name, value in fields.items() if value is not None}, fields


def _typed(value: Any) -> TypedData:  # noqa: ANN401
    return wire.text(value) if isinstance(value, str) else wire.json_text(value)


def _plain(properties: Mapping[Any, Any]) -> dict[str, Any]:
    """Application properties as JSON: bytes as text, what JSON does not know as its text."""
    return {
        _text(key): value if value is None or isinstance(value, bool | int | float) else _text(value)
        for key, value in properties.items()
    }


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _with_zone(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _without_zone(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() if moment else None
