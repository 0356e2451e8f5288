"""The Service Bus double over TCP, with entities of the tests' own, in a thread of the test process."""

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, override

from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusSubQueue

from devstack.clock import StackClock
from devstack.doubles.servicebus.access import NAMESPACES
from devstack.doubles.servicebus.broker import Broker
from devstack.doubles.servicebus.entities.settings import NamespaceSettings
from devstack.doubles.servicebus.transport import serving_tcp
from devstack.doubles.tokens import Caller, Tokens
from devstack.doubles.world import Tenant, open_world
from tests.devstack.host.running import wait_until

_TENANT = Tenant("00000000-0000-4000-8000-000000000001", "Contoso", "contoso.example")
_OWNER = Caller("owner", "owner", _TENANT.id, frozenset(), "owner")


class _AnyKey(Tokens):
    """Whoever has a connection string of the emulator's kind is the namespace's owner."""

    @override
    def verify(self, *arguments: Any, **options: Any) -> Caller:
        return _OWNER


@dataclass(frozen=True)
class Bus:
    """Sends to entities, and looks at what is in them. Entities of the namespace are read on the broker's own loop."""

    connection_string: str
    client: ServiceBusClient
    _broker: Broker
    _loop: asyncio.AbstractEventLoop

    def send(self, queue: str, *bodies: str | bytes, session_id: str | None = None, **properties: Any) -> None:
        """Send to a queue, or to a topic whose name begins with topic-."""
        entity = self.client.get_topic_sender if queue.startswith("topic-") else self.client.get_queue_sender
        with entity(queue) as sender:
            sender.send_messages([ServiceBusMessage(body, session_id=session_id, **properties) for body in bodies])

    def counts(self, path: str) -> dict[str, int]:
        """How many messages there are, by state; locked ones are counted in the state they were locked in."""
        return self._ask(lambda: self._broker.entities.receiving(path).counts())

    def locked_until(self, path: str) -> int:
        """When the last lock on a message of this entity lapses, in milliseconds; 0 when nothing is locked."""

        def last() -> int:
            queue = self._broker.entities.receiving(path)
            locks = [message.lock for message in queue.peek(1, 100, self._broker.now())]
            return max((lock.until for lock in locks if lock), default=0)

        return self._ask(last)

    def session_locked_until(self, path: str, session_id: str) -> int:
        """When the lock on a session lapses, in milliseconds; 0 when nobody holds it."""

        def until() -> int:
            lock = self._broker.entities.receiving(path).sessions.lock_of(session_id)
            return lock.until if lock else 0

        return self._ask(until)

    def is_empty(self, path: str) -> bool:
        """Return whether nothing is there, nothing locked either."""
        return not any(self.counts(path).values())

    def wait_until_empty(self, path: str) -> None:
        wait_until(lambda: self.is_empty(path), f"all messages of {path} to be completed")

    def dead_letters(self, queue: str, count: int = 1) -> list[ServiceBusReceivedMessage]:
        """Wait for so many dead letters, and look at them."""
        wait_until(lambda: sum(self.counts(f"{queue}/$DeadLetterQueue").values()) >= count, f"dead letters of {queue}")
        with self.client.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
            return receiver.peek_messages(count + 1)

    def _ask[T](self, question: Callable[[], T]) -> T:
        async def answer() -> T:
            return question()

        return asyncio.run_coroutine_threadsafe(answer(), self._loop).result()


@contextmanager
def running_bus(clock_file: Path, entities: dict[str, Any]) -> Generator[Bus]:
    """Run a namespace with these queues and topics, as `infra/bus.json` has them."""
    clock = StackClock(clock_file)
    world = open_world(_TENANT, clock)
    owner = {"principalId": _OWNER.object_id, "roleDefinitionName": "Azure Service Bus Data Owner"}
    world.documents.put(NAMESPACES, "local", {"name": "local", "roleAssignments": [owner]})
    loop, started, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    made: list[tuple[Broker, int]] = []

    async def serve() -> None:
        broker = Broker(world, _AnyKey(_TENANT.id, clock.time), "local", NamespaceSettings.model_validate(entities))
        keeper = asyncio.create_task(broker.keep_time())
        async with serving_tcp(broker) as port:
            made.append((broker, port))
            started.set()
            await stop.wait()
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            started.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(10)
    ((broker, port),) = made
    string = f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=any;SharedAccessKey=any;UseDevelopmentEmulator=true;"
    try:
        with ServiceBusClient.from_connection_string(string) as client:
            yield Bus(string, client, broker, loop)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
