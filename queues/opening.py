"""Opens a broker with the identity that is signed in; what reaching the other one takes is not imported."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential

from queues.broker import Broker, BrokerName
from queues.settings import BrokerSettings


@asynccontextmanager
async def open_broker(
    settings: BrokerSettings,
    name: BrokerName,
    credential: AsyncTokenCredential,
    *,
    envelope: Callable[[str, bytes, datetime | None], Any] | None = None,
    proxy: str | None = None,
    ca_bundle: str | None = None,
) -> AsyncGenerator[Broker]:
    """Open a broker. `proxy` and `ca_bundle` take the place of those of the environment.

    `envelope` makes the messages that are put on Service Bus, for a queue of a body to be delivered at a time; without
    it they have no properties. Raises SettingsError.
    """
    settings.check(name)
    async with AsyncExitStack() as opened:
        match name:
            case BrokerName.STORAGE:
                yield await _open_storage(settings, credential, opened, ca_bundle)
            case BrokerName.SERVICEBUS:
                from queues.servicebus import connected

                assert settings.bus_namespace is not None
                yield await opened.enter_async_context(
                    connected(settings.bus_namespace, credential, envelope, proxy=proxy, ca_bundle=ca_bundle)
                )


async def _open_storage(
    settings: BrokerSettings, credential: AsyncTokenCredential, opened: AsyncExitStack, ca_bundle: str | None
) -> Broker:
    from azure.storage.queue.aio import QueueServiceClient

    from queues.storage import StorageBroker

    # What is passed instead of the environment's is for a local stack, whose storage is not behind its proxy.
    options: dict[str, Any] = {"use_env_settings": False, "connection_verify": ca_bundle} if ca_bundle else {}
    options |= {"retry_total": 2, "initial_backoff": 1, "increment_base": 2}  # a person waits
    if settings.connection_string is not None:
        service = QueueServiceClient.from_connection_string(settings.connection_string, **options)
    else:
        service = QueueServiceClient(settings.queue_service_uri or "", credential=credential, **options)
    return StorageBroker(await opened.enter_async_context(service))
