"""A broker as its operator sees it: places with messages, which are looked at, taken, removed and put."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.core.naming import (
    DECISIONS_QUEUE,
    EVENTS_QUEUE,
    INTAKE_QUEUE,
    RESULTS_QUEUE,
    ROTATIONS_QUEUE,
    TICKET_UPDATES_QUEUE,
    WEBHOOK_REQUESTS_QUEUE,
    WORK_QUEUE,
)


class BrokerName(StrEnum):
    """Which of the two it is, as MESSAGE_BROKER says it."""

    STORAGE = "storage"
    SERVICEBUS = "servicebus"


READ_BY_APP = (
    INTAKE_QUEUE,
    WEBHOOK_REQUESTS_QUEUE,
    WORK_QUEUE,
    ROTATIONS_QUEUE,
    DECISIONS_QUEUE,
    TICKET_UPDATES_QUEUE,
)
READ_BY_OTHERS = (RESULTS_QUEUE, EVENTS_QUEUE)
"""Queues on storage, topics on Service Bus."""


class Kind(StrEnum):
    """What the messages of a place are there for."""

    WAITING = "waiting"
    """For the app, or for whoever reads answers and events."""
    KEPT = "kept"
    """For people: what the app could not do."""
    GIVEN_UP = "given_up"
    """For the app's timer `settle_poison`: what the host gave up on."""
    STUCK = "stuck"
    """For nobody: what its reader gave up on, and no timer works off."""


@dataclass(frozen=True)
class Place:
    """Where messages lie: `name` is the broker's own, `queue` is where the app would send them."""

    name: str
    queue: str
    kind: Kind


@dataclass(frozen=True)
class Message:
    """A message as a place shows it or hands it out.

    `id` is unique within its place. `since` is when it came there, by the broker's clock. `due` is set for one that
    the broker delivers later. `reason` is why the broker gave up on it, as far as it says so. `receipt` is the broker's
    own.
    """

    id: str
    body: bytes
    since: datetime | None = None
    due: datetime | None = None
    reason: str | None = None
    receipt: object = None

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True)
class Look:
    """What a look at a place has shown. `more` says what exists beyond that; None if there is no more."""

    messages: tuple[Message, ...]
    more: str | None = None


class NotCarriedError(Exception):
    """The broker cannot carry a message; says why."""


class Broker(Protocol):
    """One of the two brokers.

    Every method raises AzureError when the broker does not answer or refuses: unknown is not empty.
    """

    @property
    def name(self) -> BrokerName:
        """Which of the two it is."""
        ...

    @property
    def places(self) -> Sequence[Place]:
        """All places, in the order in which they are shown and moved."""
        ...

    async def look(self, place: Place, *, everything: bool = False) -> Look:
        """Show a place's messages and leave them there.

        Where a look alone does not reach all of them, `everything` takes what can be taken and gives it back, which
        hides it from others for seconds.
        """
        ...

    async def count(self, place: Place) -> int:
        """Count a place's messages, whatever their state."""
        ...

    async def take(self, place: Place) -> Sequence[Message]:
        """Take some messages, so that nobody else gets them for a minute; none if there is nothing to be taken now."""
        ...

    async def remove(self, message: Message) -> bool:
        """Remove a message that was taken; False if somebody else has it, or will get it again."""
        ...

    async def give_back(self, messages: Sequence[Message]) -> None:
        """Let others have what was taken. What cannot be given back comes back by itself."""
        ...

    async def remove_kept(self, message_id: str) -> bool:
        """Remove exactly this one of the kept messages; False if there is none of this id."""
        ...

    async def put(self, queue: str, body: bytes, due: datetime | None = None) -> None:
        """Send a message to one of the app's queues, to be delivered at `due` or at once.

        Raises NotCarriedError for a message that this broker cannot carry.
        """
        ...


def place_of(broker: Broker, kind: Kind) -> Place:
    """Return the one place of a kind: that of what is kept."""
    (place,) = (each for each in broker.places if each.kind is kind)
    return place


def told(error: Exception) -> str:
    """Return what a client's error says, in one line."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
