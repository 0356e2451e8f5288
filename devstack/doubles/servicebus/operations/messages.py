"""Messages of an entity: peeked at, scheduled, cancelled, fetched when deferred, renewed and settled by lock token."""

from typing import Any
from uuid import UUID

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.amqp.message import read_message
from devstack.doubles.servicebus.amqp.types import Array, Long, Timestamp
from devstack.doubles.servicebus.answers import NO_CONTENT, Answer, succeeded
from devstack.doubles.servicebus.entities.queue import Queue, scheduled_for
from devstack.doubles.servicebus.entities.stored import Lock, Stored
from devstack.doubles.servicebus.operations.asked import Asked, as_map, items

_LONG, _TIMESTAMP = 0x81, 0x83


def peek(asked: Asked) -> Answer:
    """`peek-message`: up to `message-count` messages from a number on; 204 when there are none."""
    start, count = int(asked.body["from-sequence-number"]), int(asked.body["message-count"])
    found = asked.queue.peek(start, count, asked.now, asked.body.get("session-id"))
    if not found:
        return succeeded(None, NO_CONTENT)
    return succeeded({"messages": [{"message": stored.outward().encoded()} for stored in found]})


def schedule(asked: Asked) -> Answer:
    """`schedule-message`: the numbers under which the messages can be cancelled."""
    target = asked.broker.entities.sending(asked.address)
    read = [read_message(as_map(item)["message"]) for item in asked.body["messages"]]
    numbers = [asked.broker.enqueue(target, message, scheduled_for(message)) for message in read]
    asked.broker.pump(target)
    return succeeded({"sequence-numbers": Array(_LONG, tuple(Long(number) for number in numbers))})


def cancel(asked: Asked) -> Answer:
    """`cancel-scheduled-message`: 404 for one that is not scheduled any more."""
    target = asked.broker.entities.sending(asked.address)
    queue = target if isinstance(target, Queue) else target.waiting
    for number in items(asked.body["sequence-numbers"]):
        queue.cancel(number)
    return succeeded(None)


def receive_deferred(asked: Asked) -> Answer:
    """`receive-by-sequence-number`: deferred messages, all that are asked for or none."""
    numbers = [int(number) for number in items(asked.body["sequence-numbers"])]
    locks = int(asked.body.get("receiver-settle-mode", 0)) == 1
    taken = asked.queue.take_deferred(numbers, asked.now, asked.body.get("session-id"), locks=locks)
    return succeeded({"messages": [_received(stored, lock) for stored, lock in taken]})


def renew_lock(asked: Asked) -> Answer:
    """`renew-lock`: until when each message is held now."""
    until = [asked.queue.renew(token, asked.now) for token in _tokens(asked.body)]
    return succeeded({"expirations": Array(_TIMESTAMP, tuple(Timestamp(moment) for moment in until))})


def settle(asked: Asked) -> Answer:
    """`update-disposition`: what clients fall back to when the link that a message came on is gone."""
    queue, body = asked.queue, asked.body
    changes = body.get("properties-to-modify")
    for token in _tokens(body):
        match body["disposition-status"]:
            case "completed":
                queue.complete(token, asked.now)
            case "abandoned":
                queue.abandon(token, asked.now, changes)
            case "defered":
                queue.defer(token, asked.now, changes)
            case "suspended":
                reason, description = body.get("deadletter-reason"), body.get("deadletter-description")
                queue.bury(token, asked.now, reason, description, changes)
            case other:
                raise errors.bad_argument(f"{other!r} is no disposition.")
    asked.broker.pump(queue)
    return succeeded(None)


def _received(stored: Stored, lock: Lock | None) -> dict[str, Any]:
    item: dict[str, Any] = {"message": stored.outward(lock=lock).encoded()}
    if lock is not None:
        item["lock-token"] = lock.token
    return item


def _tokens(body: dict[str, Any]) -> list[UUID]:
    return list(items(body["lock-tokens"]))
