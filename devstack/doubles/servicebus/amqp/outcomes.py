"""What becomes of deliveries, and why something was refused: parts 2.8 and 3.4 of the standard."""

from dataclasses import dataclass
from typing import Any

from devstack.doubles.servicebus.amqp.composite import Composite, one_of
from devstack.doubles.servicebus.amqp.types import Described, Symbol, UInt, ULong


@dataclass(slots=True)
class Error(Composite):
    """Why a link, session or connection ended, or a delivery was refused. Always three fields: clients index them."""

    CODE, NAME, SHORTEST = 0x1D, "amqp:error:list", 3

    condition: Symbol
    description: str | None = None
    info: dict[Any, Any] | None = None


@dataclass(slots=True)
class Received(Composite):
    """Part of a delivery has arrived."""

    CODE, NAME = 0x23, "amqp:received:list"

    section_number: UInt
    section_offset: ULong


@dataclass(slots=True)
class Accepted(Composite):
    """The delivery was taken."""

    CODE, NAME = 0x24, "amqp:accepted:list"


@dataclass(slots=True)
class Rejected(Composite):
    """The delivery was refused."""

    CODE, NAME = 0x25, "amqp:rejected:list"

    error: Error | None = None


@dataclass(slots=True)
class Released(Composite):
    """The delivery was not looked at."""

    CODE, NAME = 0x26, "amqp:released:list"


@dataclass(slots=True)
class Modified(Composite):
    """The delivery was given back, changed."""

    CODE, NAME = 0x27, "amqp:modified:list"

    delivery_failed: bool | None = None
    undeliverable_here: bool | None = None
    message_annotations: dict[Any, Any] | None = None


type Outcome = Accepted | Rejected | Released | Modified


_OUTCOMES: list[type[Composite]] = [Accepted, Rejected, Released, Modified]


def outcome(value: Any) -> Outcome | None:  # noqa: ANN401
    """The outcome that a delivery's state is; None for no state, or one that is none. Raises AmqpDecodeError."""
    if not isinstance(value, Described) or value.descriptor in (Received.CODE, Received.NAME):
        return None
    read = one_of(value, _OUTCOMES)
    if isinstance(read, Accepted | Rejected | Released | Modified):
        return read
    return None
