"""The frames' bodies, and what they hold: parts 2.7, 3.5 and 5.3 of the standard."""

from dataclasses import dataclass, field
from typing import Any

from devstack.doubles.servicebus.amqp.composite import Composite, one_of
from devstack.doubles.servicebus.amqp.outcomes import Error, Outcome
from devstack.doubles.servicebus.amqp.types import (
    AmqpDecodeError,
    Array,
    Described,
    Symbol,
    UByte,
    UInt,
    ULong,
    UShort,
)


@dataclass(slots=True)
class Source(Composite):
    """Where a link's messages come from."""

    CODE, NAME = 0x28, "amqp:source:list"

    address: str | None = None
    durable: UInt | None = None
    expiry_policy: Symbol | None = None
    timeout: UInt | None = None
    dynamic: bool | None = None
    dynamic_node_properties: dict[Any, Any] | None = None
    distribution_mode: Symbol | None = None
    filter: dict[Any, Any] | None = None
    default_outcome: Outcome | None = None
    outcomes: Symbol | Array | None = None
    capabilities: Symbol | Array | None = None


@dataclass(slots=True)
class Target(Composite):
    """Where a link's messages go to."""

    CODE, NAME = 0x29, "amqp:target:list"

    address: str | None = None
    durable: UInt | None = None
    expiry_policy: Symbol | None = None
    timeout: UInt | None = None
    dynamic: bool | None = None
    dynamic_node_properties: dict[Any, Any] | None = None
    capabilities: Symbol | Array | None = None


@dataclass(slots=True)
class Coordinator(Composite):
    """The target of a link for transactions."""

    CODE, NAME = 0x30, "amqp:coordinator:list"

    capabilities: Symbol | Array | None = None


@dataclass(slots=True)
class Open(Composite):
    """A connection begins."""

    CODE, NAME = 0x10, "amqp:open:list"

    container_id: str
    hostname: str | None = None
    max_frame_size: UInt = field(default_factory=lambda: UInt(0xFFFFFFFF))
    channel_max: UShort = field(default_factory=lambda: UShort(0xFFFF))
    idle_time_out: UInt | None = None
    outgoing_locales: Symbol | Array | None = None
    incoming_locales: Symbol | Array | None = None
    offered_capabilities: Symbol | Array | None = None
    desired_capabilities: Symbol | Array | None = None
    properties: dict[Any, Any] | None = None


@dataclass(slots=True)
class Begin(Composite):
    """A session begins."""

    CODE, NAME = 0x11, "amqp:begin:list"

    remote_channel: UShort | None
    next_outgoing_id: UInt
    incoming_window: UInt
    outgoing_window: UInt
    handle_max: UInt = field(default_factory=lambda: UInt(0xFFFFFFFF))
    offered_capabilities: Symbol | Array | None = None
    desired_capabilities: Symbol | Array | None = None
    properties: dict[Any, Any] | None = None


@dataclass(slots=True)
class Attach(Composite):
    """A link begins. `role` true: who sends this receives."""

    CODE, NAME = 0x12, "amqp:attach:list"

    name: str
    handle: UInt
    role: bool
    snd_settle_mode: UByte | None = None
    rcv_settle_mode: UByte | None = None
    source: Source | None = None
    target: Target | Coordinator | None = None
    unsettled: dict[Any, Any] | None = None
    incomplete_unsettled: bool | None = None
    initial_delivery_count: UInt | None = None
    max_message_size: ULong | None = None
    offered_capabilities: Symbol | Array | None = None
    desired_capabilities: Symbol | Array | None = None
    properties: dict[Any, Any] | None = None


@dataclass(slots=True)
class Flow(Composite):
    """How much may come: on the session, and on a link where it names one."""

    CODE, NAME = 0x13, "amqp:flow:list"

    next_incoming_id: UInt | None
    incoming_window: UInt
    next_outgoing_id: UInt
    outgoing_window: UInt
    handle: UInt | None = None
    delivery_count: UInt | None = None
    link_credit: UInt | None = None
    available: UInt | None = None
    drain: bool | None = None
    echo: bool | None = None
    properties: dict[Any, Any] | None = None


@dataclass(slots=True)
class Transfer(Composite):
    """A message or part of one; the payload follows it in the frame."""

    CODE, NAME = 0x14, "amqp:transfer:list"

    handle: UInt
    delivery_id: UInt | None = None
    delivery_tag: bytes | None = None
    message_format: UInt | None = None
    settled: bool | None = None
    more: bool | None = None
    rcv_settle_mode: UByte | None = None
    state: Any = None
    resume: bool | None = None
    aborted: bool | None = None
    batchable: bool | None = None


@dataclass(slots=True)
class Disposition(Composite):
    """What became of deliveries. `role` true: the receiver says so."""

    CODE, NAME = 0x15, "amqp:disposition:list"

    role: bool
    first: UInt
    last: UInt | None = None
    settled: bool | None = None
    state: Any = None
    batchable: bool | None = None


@dataclass(slots=True)
class Detach(Composite):
    """A link ends."""

    CODE, NAME = 0x16, "amqp:detach:list"

    handle: UInt
    closed: bool | None = None
    error: Error | None = None


@dataclass(slots=True)
class End(Composite):
    """A session ends."""

    CODE, NAME = 0x17, "amqp:end:list"

    error: Error | None = None


@dataclass(slots=True)
class Close(Composite):
    """A connection ends."""

    CODE, NAME = 0x18, "amqp:close:list"

    error: Error | None = None


@dataclass(slots=True)
class SaslMechanisms(Composite):
    """How one may sign in."""

    CODE, NAME = 0x40, "amqp:sasl-mechanisms:list"

    sasl_server_mechanisms: Symbol | Array


@dataclass(slots=True)
class SaslInit(Composite):
    """How the client signs in."""

    CODE, NAME = 0x41, "amqp:sasl-init:list"

    mechanism: Symbol
    initial_response: bytes | None = None
    hostname: str | None = None


@dataclass(slots=True)
class SaslOutcome(Composite):
    """Whether it was let in; 0 is yes."""

    CODE, NAME = 0x44, "amqp:sasl-outcome:list"

    code: UByte
    additional_data: bytes | None = None


_PERFORMATIVES: list[type[Composite]] = [Open, Begin, Attach, Flow, Transfer, Disposition, Detach, End, Close]
_SASL: list[type[Composite]] = [SaslMechanisms, SaslInit, SaslOutcome]


def performative(value: Any, *, sasl: bool = False) -> Composite:  # noqa: ANN401 - any AMQP value
    """The body of a frame. Raises AmqpDecodeError."""
    if not isinstance(value, Described):
        raise AmqpDecodeError("a frame's body is not described")
    return one_of(value, _SASL if sasl else _PERFORMATIVES)
