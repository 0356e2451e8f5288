"""What can happen on a connection that its owner has to do something about."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devstack.doubles.servicebus.amqp.outcomes import Outcome
from devstack.doubles.servicebus.amqp.performatives import Open

if TYPE_CHECKING:
    from devstack.doubles.servicebus.amqp.links import IncomingLink, Link, OutgoingLink


@dataclass(frozen=True, slots=True)
class ConnectionOpened:
    """The client has introduced itself."""

    peer: Open


@dataclass(frozen=True, slots=True)
class ConnectionEnded:
    """Nothing more comes; the links have ended before."""


@dataclass(frozen=True, slots=True)
class LinkAttached:
    """A client asks for a link: accept or refuse it."""

    link: "Link"


@dataclass(frozen=True, slots=True)
class LinkDetached:
    """A link is gone: by its own wish, with its session, or with the connection."""

    link: "Link"


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A whole message. Unless it came `settled`, the sender waits for `link.settle`."""

    link: "IncomingLink"
    delivery_id: int
    message_format: int
    payload: bytes
    settled: bool


@dataclass(frozen=True, slots=True)
class CreditChanged:
    """The client of an outgoing link takes more, or less, or (with `link.drain`) what there is now."""

    link: "OutgoingLink"


@dataclass(frozen=True, slots=True)
class DeliverySettled:
    """The client has said what becomes of a message; unless it came `settled`, it waits for `link.settle`."""

    link: "OutgoingLink"
    delivery_id: int
    tag: bytes
    outcome: Outcome
    settled: bool


type LinkEvent = LinkAttached | LinkDetached | MessageReceived | CreditChanged | DeliverySettled
type Event = ConnectionOpened | ConnectionEnded | LinkEvent
