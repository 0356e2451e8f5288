"""One message as an entity keeps it."""

import base64
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any
from uuid import UUID

from devstack.doubles.documents import Document
from devstack.doubles.servicebus.amqp.message import Message, read_message
from devstack.doubles.servicebus.amqp.types import Int, Long, Symbol, Timestamp, UInt

ENQUEUED_TIME = Symbol("x-opt-enqueued-time")
SEQUENCE_NUMBER = Symbol("x-opt-sequence-number")
ENQUEUE_SEQUENCE_NUMBER = Symbol("x-opt-enqueue-sequence-number")
LOCKED_UNTIL = Symbol("x-opt-locked-until")
STATE = Symbol("x-opt-message-state")
SCHEDULED_TIME = Symbol("x-opt-scheduled-enqueue-time")
DEAD_LETTER_SOURCE = Symbol("x-opt-deadletter-source")
LOCK_TOKEN = Symbol("x-opt-lock-token")


class MessageState(IntEnum):
    """What `x-opt-message-state` says."""

    ACTIVE = 0
    DEFERRED = 1
    SCHEDULED = 2


@dataclass
class Lock:
    """A receiver's hold on a message, or on a session, until a moment."""

    token: UUID
    until: int


@dataclass
class Stored:
    """A message in an entity. Its sequence number changes once, when a scheduled one becomes active."""

    message: Message
    sequence_number: int
    enqueued_at: int
    state: MessageState = MessageState.ACTIVE
    due_at: int | None = None
    expires_at: int | None = None
    delivery_count: int = 0
    enqueue_sequence_number: int = 0
    dead_letter_source: str | None = None
    lock: Lock | None = field(default=None, compare=False)

    @property
    def session_id(self) -> str | None:
        """The session that it belongs to."""
        return self.message.properties.group_id

    @property
    def is_ready(self) -> bool:
        """Return whether a receiver may have it."""
        return self.state is MessageState.ACTIVE and self.lock is None

    def outward(self, *, lock: Lock | None = None) -> Message:
        """The message as receivers get it, what the broker says of it included; `lock` is for who locks it now."""
        given = self.message
        annotations: dict[Any, Any] = {
            key: value for key, value in given.annotations.items() if key not in (SCHEDULED_TIME, LOCKED_UNTIL)
        }
        annotations |= {
            SEQUENCE_NUMBER: Long(self.sequence_number),
            ENQUEUED_TIME: Timestamp(self.enqueued_at),
            ENQUEUE_SEQUENCE_NUMBER: Long(self.enqueue_sequence_number),
            STATE: Int(self.state),
        }
        if self.due_at is not None:
            annotations[SCHEDULED_TIME] = Timestamp(self.due_at)
        if self.dead_letter_source is not None:
            annotations[DEAD_LETTER_SOURCE] = self.dead_letter_source
        delivery: dict[Any, Any] = {}
        if lock is not None:
            annotations[LOCKED_UNTIL] = Timestamp(lock.until)
            delivery[LOCK_TOKEN] = lock.token
        header = replace(given.header, delivery_count=UInt(self.delivery_count))
        return replace(given, header=header, annotations=annotations, delivery_annotations=delivery)

    def document(self) -> Document:
        """What is kept over a restart: everything but locks, which a restart ends."""
        return {
            "message": base64.b64encode(self.message.encoded()).decode(),
            "sequenceNumber": self.sequence_number,
            "enqueuedAt": self.enqueued_at,
            "state": int(self.state),
            "dueAt": self.due_at,
            "expiresAt": self.expires_at,
            "deliveryCount": self.delivery_count,
            "enqueueSequenceNumber": self.enqueue_sequence_number,
            "deadLetterSource": self.dead_letter_source,
        }


def read_stored(document: Document) -> Stored:
    """The message of a document."""
    return Stored(
        read_message(base64.b64decode(document["message"])),
        document["sequenceNumber"],
        document["enqueuedAt"],
        MessageState(document["state"]),
        document["dueAt"],
        document["expiresAt"],
        document["deliveryCount"],
        document["enqueueSequenceNumber"],
        document["deadLetterSource"],
    )
