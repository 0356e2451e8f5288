"""The broker: entities, who waits for messages of which, and what time brings about."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.amqp.message import Message
from devstack.doubles.servicebus.amqp.outcomes import Error
from devstack.doubles.servicebus.amqp.types import Symbol
from devstack.doubles.servicebus.entities.namespace import Namespace
from devstack.doubles.servicebus.entities.queue import Queue, scheduled_for
from devstack.doubles.servicebus.entities.settings import NamespaceSettings
from devstack.doubles.servicebus.entities.topic import Topic
from devstack.doubles.servicebus.receiver import Receiver
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World

LARGEST_MESSAGE = 256 * 1024
"""The Standard tier's limit, in bytes."""

_TICK_SECONDS = 0.05
"""How late delays, lapses and expiries may be, on the wall clock: the stack clock may jump at any time."""


class Broker:
    """One namespace and everybody who is connected to it."""

    def __init__(self, world: World, tokens: Tokens, name: str, settings: NamespaceSettings) -> None:
        self.world = world
        self.tokens = tokens
        self.name = name
        self.entities = Namespace(settings, world.documents, uuid4)
        self._waiting: dict[str, deque[Receiver]] = {}
        self._changed = asyncio.Event()

    def now(self) -> int:
        """Milliseconds since 1970 on the stack clock."""
        return int(self.world.clock.time() * 1000)

    def send(self, address: str, messages: list[Message], payload_size: int) -> None:
        """Take messages in, all or none, each at once or when its sender wants it to be visible."""
        if payload_size > LARGEST_MESSAGE:
            raise errors.too_large(payload_size, LARGEST_MESSAGE)
        target = self.entities.sending(address)
        for message in messages:
            target.check(message)
        for message in messages:
            self.enqueue(target, message, scheduled_for(message))
        self.pump(target)

    def enqueue(self, target: Queue | Topic, message: Message, due_at: int | None) -> int:
        """Take one message in. Return its sequence number.

        Without an id it gets one: the client for Node cannot settle a message that has none.
        """
        now = self.now()
        if message.properties.message_id is None:
            message.set_properties(replace(message.properties, message_id=uuid4().hex))
        if isinstance(target, Topic):
            return target.publish(message, now, due_at)
        return target.enqueue(message, now, due_at)

    def pump(self, entity: Queue | Topic) -> None:
        """Deliver what there is to whoever waits, in turn."""
        queues = [entity] if isinstance(entity, Queue) else [kept.queue for kept in entity.subscriptions.values()]
        for queue in queues:
            self._pump(queue)
            if queue.dead_letters is not None:
                self._pump(queue.dead_letters)
        self._changed.set()
        self._changed = asyncio.Event()

    def add(self, receiver: Receiver) -> None:
        """Somebody waits."""
        self._waiting.setdefault(receiver.queue.path, deque()).append(receiver)

    def remove(self, receiver: Receiver) -> None:
        """Somebody is gone, and with them their session."""
        with suppress(ValueError, KeyError):
            self._waiting[receiver.queue.path].remove(receiver)
        if receiver.session is not None:
            session_id, lock = receiver.session
            if receiver.queue.sessions.give_back(session_id, lock):
                receiver.queue.give_back_session(session_id)
                self.pump(receiver.queue)

    def end_lapsed_sessions(self, queue: Queue) -> None:
        """Have those who have held a session for too long lose it."""
        for session_id in queue.sessions.lapsed(self.now()):
            self._lose_session(queue, session_id)

    async def wait_for_change(self, seconds: float) -> None:
        """Return when something was sent, given back or has become due, or after so long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    async def keep_time(self) -> None:
        """Do what becomes due, for ever."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = self.now()
            for topic in self.entities.topics():
                if topic.pass_on(now):
                    self.pump(topic)
            for queue in self.entities.queues():
                self.end_lapsed_sessions(queue)
                if queue.has_due(now):
                    queue.catch_up(now)
                    self.pump(queue)

    def _pump(self, queue: Queue) -> None:
        receivers = self._waiting.get(queue.path)
        if not receivers:
            return
        now, idle = self.now(), 0
        while idle < len(receivers):
            receivers.rotate(-1)
            if receivers[0].deliver(now):
                receivers[0].flush()
                idle = 0
            else:
                idle += 1

    def _lose_session(self, queue: Queue, session_id: str) -> None:
        refusal = errors.session_lock_lost(queue.path, session_id)
        for receiver in [kept for kept in self._waiting.get(queue.path, ()) if kept.session_id == session_id]:
            receiver.link.detach(Error(Symbol(refusal.condition), refusal.description))
            receiver.flush()
            self._waiting[queue.path].remove(receiver)
        queue.give_back_session(session_id)
        self.pump(queue)
