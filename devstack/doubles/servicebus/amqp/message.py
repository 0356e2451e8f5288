"""Messages: sections of properties and annotations around a body (part 3.2), and Service Bus's batches of them."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from devstack.doubles.servicebus.amqp.composite import Composite
from devstack.doubles.servicebus.amqp.decoding import Decoder
from devstack.doubles.servicebus.amqp.encoding import encode
from devstack.doubles.servicebus.amqp.types import (
    AmqpDecodeError,
    Described,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
)

BATCH_FORMAT = 0x80013700
"""The message format in which every data section is an encoded message of its own."""

_HEADER, _DELIVERY, _ANNOTATIONS, _PROPERTIES, _APPLICATION = 0x70, 0x71, 0x72, 0x73, 0x74
_DATA, _SEQUENCE, _VALUE, _FOOTER = 0x75, 0x76, 0x77, 0x78
_NAMES = {
    "amqp:header:list": _HEADER,
    "amqp:delivery-annotations:map": _DELIVERY,
    "amqp:message-annotations:map": _ANNOTATIONS,
    "amqp:properties:list": _PROPERTIES,
    "amqp:application-properties:map": _APPLICATION,
    "amqp:data:binary": _DATA,
    "amqp:amqp-sequence:list": _SEQUENCE,
    "amqp:amqp-value:*": _VALUE,
    "amqp:footer:map": _FOOTER,
}


@dataclass(slots=True)
class Header(Composite):
    """How a message is to be transported."""

    CODE, NAME = _HEADER, "amqp:header:list"

    durable: bool | None = None
    priority: UByte | None = None
    ttl: UInt | None = None
    first_acquirer: bool | None = None
    delivery_count: UInt | None = None


@dataclass(slots=True)
class Properties(Composite):
    """The standard properties of a message."""

    CODE, NAME = _PROPERTIES, "amqp:properties:list"

    message_id: str | ULong | UUID | bytes | None = None
    user_id: bytes | None = None
    to: str | None = None
    subject: str | None = None
    reply_to: str | None = None
    correlation_id: str | ULong | UUID | bytes | None = None
    content_type: Symbol | None = None
    content_encoding: Symbol | None = None
    absolute_expiry_time: Timestamp | None = None
    creation_time: Timestamp | None = None
    group_id: str | None = None
    group_sequence: UInt | None = None
    reply_to_group_id: str | None = None


@dataclass(slots=True)
class Message:
    """One message. `body` is its body sections as they came; properties of both kinds go out as they came, too,
    unless they are replaced by `with_properties` or `with_application_properties`.
    """

    header: Header = field(default_factory=Header)
    delivery_annotations: dict[Any, Any] = field(default_factory=dict[Any, Any])
    annotations: dict[Any, Any] = field(default_factory=dict[Any, Any])
    properties: Properties = field(default_factory=Properties)
    application_properties: dict[Any, Any] = field(default_factory=dict[Any, Any])
    body: bytes = b""
    _properties_as_sent: bytes | None = None
    _application_as_sent: bytes | None = None

    def set_properties(self, properties: Properties) -> None:
        """Replace the standard properties."""
        self.properties, self._properties_as_sent = properties, None

    def set_application_properties(self, properties: dict[Any, Any]) -> None:
        """Replace the application properties."""
        self.application_properties, self._application_as_sent = properties, None

    def encoded(self) -> bytes:
        """The message's bytes."""
        sections = [self.header.encoded()]
        if self.delivery_annotations:
            sections.append(_section(_DELIVERY, self.delivery_annotations))
        if self.annotations:
            sections.append(_section(_ANNOTATIONS, self.annotations))
        sections.append(self.bare())
        return b"".join(sections)

    def bare(self) -> bytes:
        """The part that nobody between sender and receiver changes."""
        properties = self._properties_as_sent
        application = self._application_as_sent
        if properties is None:
            properties = self.properties.encoded()
        if application is None:
            application = _section(_APPLICATION, self.application_properties) if self.application_properties else b""
        return properties + application + self.body

    def body_value(self) -> Any:  # noqa: ANN401 - any AMQP value
        """What the first section of the body holds: a value, a list, or the bytes of all data sections."""
        decoder, data = Decoder(self.body), list[bytes]()
        while not decoder.is_at_end:
            code, value = _read_section(decoder)
            if code == _DATA:
                data.append(value)
            elif code in (_VALUE, _SEQUENCE):
                return value
        return b"".join(data)


def value_message(value: Any, application_properties: dict[Any, Any]) -> Message:  # noqa: ANN401
    """A message whose body is one value."""
    return Message(application_properties=application_properties, body=_section(_VALUE, value))


def data_message(body: bytes) -> Message:
    """A message of nothing but a body of bytes."""
    return Message(body=_section(_DATA, body))


def read_message(payload: bytes) -> Message:
    """The message in a delivery. Raises AmqpDecodeError."""
    decoder = Decoder(payload)
    message = Message()
    last = 0
    while not decoder.is_at_end:
        start = decoder.at
        code, value = _read_section(decoder)
        if code < last:
            raise AmqpDecodeError("a message's sections are not in their order")
        last = code
        raw = payload[start : decoder.at]
        match code:
            case 0x70:
                message.header = Header.read(value)
            case 0x71:
                message.delivery_annotations = _as_map(value)
            case 0x72:
                message.annotations = _as_map(value)
            case 0x73:
                message.properties, message._properties_as_sent = Properties.read(value), raw  # pyright: ignore[reportPrivateUsage]
            case 0x74:
                message.application_properties, message._application_as_sent = _as_map(value), raw  # pyright: ignore[reportPrivateUsage]
            case _:
                message.body += raw
    return message


def read_delivery(payload: bytes, message_format: int) -> list[Message]:
    """The messages in a delivery: several in a batch. Raises AmqpDecodeError."""
    if message_format != BATCH_FORMAT:
        return [read_message(payload)]
    decoder, messages = Decoder(payload), list[Message]()
    while not decoder.is_at_end:
        code, value = _read_section(decoder)
        if code == _DATA:
            messages.append(read_message(value))
    if not messages:
        raise AmqpDecodeError("a batch without messages")
    return messages


def _section(code: int, value: Any) -> bytes:  # noqa: ANN401
    return encode(Described(ULong(code), value))


def _read_section(decoder: Decoder) -> tuple[int, Any]:
    value = decoder.value()
    if not isinstance(value, Described):
        raise AmqpDecodeError("a message has something between its sections")
    code = _NAMES.get(value.descriptor) if isinstance(value.descriptor, Symbol) else value.descriptor
    if not isinstance(code, int) or not _HEADER <= code <= _FOOTER:
        raise AmqpDecodeError(f"{value.descriptor!r} is no section of a message")
    if code == _DATA and not isinstance(value.value, bytes):
        raise AmqpDecodeError("a data section without bytes")
    return code, value.value


def _as_map(value: Any) -> dict[Any, Any]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise AmqpDecodeError("annotations or application properties are no map")
    return value  # pyright: ignore[reportUnknownVariableType]
