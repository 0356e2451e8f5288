"""Both brokers as an operator opens them, empty; the one who signs in is the stack's administrator."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
from azure.identity.aio import ClientSecretCredential, DefaultAzureCredential
from azure.servicebus.aio import ServiceBusClient

from devstack.azurite import Azurite
from queues.broker import Broker, BrokerName, Kind, Place
from queues.envelopes import envelope
from queues.opening import open_broker
from queues.servicebus import ServiceBusBroker
from queues.settings import BrokerSettings
from queues.storage import PLACES, StorageBroker
from shared.adapters.servicebus.client import connect
from shared.adapters.servicebus.queues import ServiceBusQueues
from shared.adapters.storage.queues import StorageQueues
from shared.ports import Queues
from tests.contract.adapters.stores import storage_account
from tests.devstack.doubles.local import Local


@dataclass(frozen=True)
class Operated:
    """Both brokers, and the app's side of each."""

    storage: StorageBroker
    bus: ServiceBusBroker
    on_storage: Queues
    on_bus: Queues
    administrator: ServiceBusClient
    local: Local

    def advance(self, time: timedelta) -> None:
        """Let time pass."""
        self.local.world.clock.advance(time)

    async def empty_bus(self) -> None:
        """Remove everything from the namespace."""
        await empty_bus(self.local)

    def of(self, name: str) -> tuple[Broker, Queues]:
        """One of the two."""
        return (self.storage, self.on_storage) if name == "storage" else (self.bus, self.on_bus)


def place(broker: Broker, queue: str, kind: Kind = Kind.WAITING) -> Place:
    """A place of a broker."""
    (found,) = (each for each in broker.places if (each.queue, each.kind) == (queue, kind))
    return found


async def texts(broker: Broker, queue: str, kind: Kind = Kind.WAITING) -> list[str]:
    """What lies in a place, as a look shows it."""
    return [each.text for each in (await broker.look(place(broker, queue, kind))).messages]


async def everything(broker: Broker) -> dict[str, int]:
    """How many messages lie in each place that has any."""
    counts = await asyncio.gather(*(broker.count(each) for each in broker.places))
    return {each.name: count for each, count in zip(broker.places, counts, strict=True) if count}


def settings(local: Local, azurite: Azurite) -> BrokerSettings:
    """The settings of both."""
    return BrokerSettings(connection_string=azurite.connection_string(), bus_namespace=local.config.bus_namespace)


async def empty_bus(local: Local) -> None:
    """Remove everything from the namespace of the doubles."""
    async with httpx.AsyncClient(trust_env=False) as control:
        (await control.delete(f"{local.control}/bus")).raise_for_status()


@asynccontextmanager
async def operated(local: Local, azurite: Azurite) -> AsyncGenerator[Operated]:
    """Open both brokers and empty them."""
    await empty_bus(local)
    person, both = local.config.administrator, settings(local, azurite)
    namespace = local.config.bus_namespace
    async with (
        storage_account(azurite) as account,
        ClientSecretCredential(local.config.tenant_id, person.client_id, person.client_secret) as administrator,
        DefaultAzureCredential() as app,
        connect(namespace, app) as client,
        connect(namespace, administrator) as looking,
        open_broker(both, BrokerName.STORAGE, administrator) as storage,
        open_broker(both, BrokerName.SERVICEBUS, administrator, envelope=envelope) as bus,
    ):
        for each in PLACES:
            await account.queues.get_queue_client(each.name).clear_messages()
        assert isinstance(storage, StorageBroker)
        assert isinstance(bus, ServiceBusBroker)
        on_bus = ServiceBusQueues(client, local.world.clock.now)
        yield Operated(storage, bus, StorageQueues(account.queues), on_bus, looking, local)
