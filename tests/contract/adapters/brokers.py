"""Both brokers as an exam sees them: the port `Queues`, and what a host and an administrator do to the queues."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from azure.identity.aio import ClientSecretCredential, DefaultAzureCredential
from azure.servicebus import ServiceBusMessage, ServiceBusMessageState, ServiceBusReceivedMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from shared.adapters.servicebus.client import connect
from shared.adapters.servicebus.queues import ServiceBusQueues
from shared.adapters.storage.account import Storage
from shared.adapters.storage.queues import StorageQueues
from shared.core.naming import EVENTS_QUEUE, POISON_QUEUE, RESULTS_QUEUE
from shared.ports import Queues
from tests.contract.adapters.stores import storage_queues
from tests.devstack.doubles.local import Local

_PAGE = 32
_TOPICS = (RESULTS_QUEUE, EVENTS_QUEUE)
_SUBSCRIPTION = "all"


class Broker(ABC):
    """A broker with empty queues."""

    @property
    @abstractmethod
    def queues(self) -> Queues:
        """The app's side."""

    @abstractmethod
    async def visible(self, queue: str) -> list[str]:
        """What a receiver would get now, in order; nothing is taken."""

    @abstractmethod
    async def give_up(self, queue: str, *texts: str) -> None:
        """Have the host give up on messages of one of the queues that it listens to."""

    @abstractmethod
    async def given_up(self, queue: str) -> list[str]:
        """What the host has given up on, of a queue."""

    @abstractmethod
    async def kept(self) -> list[str]:
        """What the app keeps for people."""


class StorageBroker(Broker):
    """Storage queues."""

    def __init__(self, storage: Storage) -> None:
        self._queues = storage_queues(storage)
        self._storage = storage

    @property
    def queues(self) -> StorageQueues:
        return self._queues

    async def visible(self, queue: str) -> list[str]:
        client = self._storage.queues.get_queue_client(queue)
        return [message.content for message in await client.peek_messages(_PAGE)]

    async def give_up(self, queue: str, *texts: str) -> None:
        client = self._storage.queues.get_queue_client(f"{queue}-poison")
        for text in texts:
            await client.send_message(text)

    async def given_up(self, queue: str) -> list[str]:
        return await self.visible(f"{queue}-poison")

    async def kept(self) -> list[str]:
        return await self.visible(POISON_QUEUE)


class ServiceBusBroker(Broker):
    """A Service Bus namespace: `queues` is the app's, everything else is done by the administrator."""

    def __init__(self, queues: ServiceBusQueues, administrator: ServiceBusClient) -> None:
        self._queues = queues
        self._administrator = administrator
        self._receivers: dict[tuple[str, bool], ServiceBusReceiver] = {}

    @property
    def queues(self) -> ServiceBusQueues:
        return self._queues

    async def visible(self, queue: str) -> list[str]:
        found = await _peek_all(self._receiver(queue))
        return [_text(message) for message in found if message.state is ServiceBusMessageState.ACTIVE]

    async def give_up(self, queue: str, *texts: str) -> None:
        async with self._administrator.get_queue_sender(queue) as sender:
            await sender.send_messages([ServiceBusMessage(text) for text in texts])
        receiver = self._receiver(queue)
        for _ in texts:
            (message,) = await receiver.receive_messages(1, max_wait_time=5)
            await receiver.dead_letter_message(message, reason="MaxDeliveryCountExceeded")

    async def given_up(self, queue: str) -> list[str]:
        receiver = self._receiver(queue, is_given_up=True)
        return [_text(message) for message in await _peek_all(receiver)]

    async def kept(self) -> list[str]:
        found: list[str] = []
        async for session_id in self._administrator.list_queue_sessions(POISON_QUEUE):
            async with self._administrator.get_queue_receiver(POISON_QUEUE, session_id=session_id) as receiver:
                found += [_text(message) for message in await _peek_all(receiver)]
        return found

    async def messages(self, queue: str) -> list[ServiceBusReceivedMessage]:
        """All messages, delayed ones included, with their properties."""
        return await _peek_all(self._receiver(queue))

    async def close(self) -> None:
        """Close all links."""
        await asyncio.gather(self.queues.close(), *(receiver.close() for receiver in self._receivers.values()))

    def _receiver(self, queue: str, *, is_given_up: bool = False) -> ServiceBusReceiver:
        """One for each queue: opening it takes half a second, and closing it nearly as long."""
        known = self._receivers.get((queue, is_given_up))
        if known is not None:
            return known
        if queue in _TOPICS:
            made = self._administrator.get_subscription_receiver(queue, _SUBSCRIPTION)
        else:
            letters = ServiceBusSubQueue.DEAD_LETTER if is_given_up else None
            made = self._administrator.get_queue_receiver(queue, sub_queue=letters)
        self._receivers[queue, is_given_up] = made
        return made


async def empty_namespace(local: Local) -> None:
    """Remove all messages from the namespace of the doubles."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as control:
        (await control.delete(f"{local.control}/bus")).raise_for_status()


@asynccontextmanager
async def service_bus_broker(local: Local) -> AsyncGenerator[ServiceBusBroker]:
    """The namespace of the doubles; the app signs in with its managed identity."""
    config = local.config
    person = config.administrator
    async with (
        DefaultAzureCredential() as app,
        ClientSecretCredential(config.tenant_id, person.client_id, person.client_secret) as administrator,
        connect(config.bus_namespace, app) as client,
        connect(config.bus_namespace, administrator) as looking,
    ):
        broker = ServiceBusBroker(ServiceBusQueues(client, local.world.clock.now), looking)
        yield broker
        await broker.close()


async def _peek_all(receiver: ServiceBusReceiver) -> list[ServiceBusReceivedMessage]:
    found: list[ServiceBusReceivedMessage] = []
    start = 1
    while page := await receiver.peek_messages(_PAGE, sequence_number=start):
        found += page
        start = (page[-1].sequence_number or start) + 1
    return found


def _text(message: ServiceBusReceivedMessage) -> str:
    parts: Any = message.body
    return (parts if isinstance(parts, bytes) else b"".join(parts)).decode()
