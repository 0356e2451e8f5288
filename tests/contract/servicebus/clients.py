"""Microsoft's two clients for Python, behind one face: a test is written once and sits with both."""

import asyncio
import inspect
import ssl
import threading
from collections.abc import Awaitable, Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from azure.identity import ClientSecretCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from azure.servicebus import (
    ServiceBusClient,
    ServiceBusReceivedMessage,
    ServiceBusReceiver,
    ServiceBusSender,
)
from azure.servicebus.aio import ServiceBusClient as AsyncServiceBusClient
from azure.servicebus.aio import ServiceBusSession as AsyncServiceBusSession

from devstack.config import Client, StackConfig

_QUICK: dict[str, Any] = {"retry_total": 0}
"""A refusal is seen as it is, and at once."""
_MANY = 32
"""Threads that open or close links: they sleep."""


class Loop:
    """An event loop in a thread of its own: what is awaitable is awaited there."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run[T](self, call: Callable[[], Awaitable[T] | T]) -> T:
        """Call something in the loop and return what comes of it."""

        async def called() -> T:
            result = call()
            return await cast("Awaitable[T]", result) if inspect.isawaitable(result) else cast("T", result)

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result()

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Blocking:
    """An object of the asynchronous client, whose methods return when they are done."""

    def __init__(self, inner: Any, loop: Loop) -> None:
        self.inner = inner
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if isinstance(found, AsyncServiceBusSession):
            return _Blocking(found, self._loop)
        if not callable(found):
            return found

        def call(*values: Any, **named: Any) -> Any:
            return self._loop.run(lambda: found(*values, **named))

        return call

    def __enter__(self) -> "_Blocking":
        self._loop.run(self.inner.__aenter__)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run(lambda: self.inner.__aexit__(None, None, None))


@dataclass(frozen=True)
class Link:
    """A link for sending to a queue or a topic; with options, for receiving. A subscription is `topic/name`."""

    entity: str
    options: tuple[tuple[str, Any], ...] | None = None


def from_(entity: str, **options: Any) -> Link:
    """A link for receiving."""
    return Link(entity, tuple(options.items()))


class Bus:
    """A client of the namespace. Opening a link takes it half a second, closing one as long: links stay open."""

    def __init__(self, client: Any, credential: Any, loop: Loop | None) -> None:
        self._client = client
        self._credential = credential
        self._loop = loop
        self._kept: dict[Link, Any] = {}
        self._closing = ThreadPoolExecutor(_MANY)

    def open(self, links: Iterable[Link]) -> None:
        """Open these links at the same time, if they are not open."""
        with ThreadPoolExecutor(_MANY) as threads:
            for opened in [threads.submit(self._open, link) for link in links]:
                opened.result()

    def sender(self, entity: str) -> ServiceBusSender:
        """The one link for sending to a queue or a topic."""
        return self._open(Link(entity))

    def receiver(self, entity: str, **options: Any) -> ServiceBusReceiver:
        """The one link for receiving; a subscription is `topic/name`."""
        return self._open(from_(entity, **options))

    @contextmanager
    def another_receiver(self, entity: str, **options: Any) -> Generator[ServiceBusReceiver]:
        """A link for receiving that is closed afterwards, and with it its session."""
        with self._made(from_(entity, **options)) as receiver:
            yield receiver

    @contextmanager
    def passing_receiver(self, entity: str, **options: Any) -> Generator[ServiceBusReceiver]:
        """A link for receiving of which nobody cares when it is closed."""
        receiver = self._made(from_(entity, **options)).__enter__()
        try:
            yield receiver
        finally:
            self._closing.submit(receiver.close)

    @contextmanager
    def another_sender(self, entity: str) -> Generator[ServiceBusSender]:
        """A link for sending that is closed afterwards."""
        with self._made(Link(entity)) as sender:
            yield sender

    def complete(self, receiver: ServiceBusReceiver, messages: list[ServiceBusReceivedMessage]) -> None:
        """Complete many messages, one after the other, without a change of thread for each."""
        if self._loop is None:
            for message in messages:
                receiver.complete_message(message)
            return
        inner: Any = cast("Any", receiver).inner

        async def completed() -> None:
            for message in messages:
                await inner.complete_message(message)

        self._loop.run(completed)

    def session_ids(self, queue: str) -> list[str]:
        """Sessions that have messages or a state."""
        if self._loop is None:
            return list(self._client.list_queue_sessions(queue))

        async def listed() -> list[str]:
            return [session_id async for session_id in self._client.list_queue_sessions(queue)]

        return self._loop.run(listed)

    def close(self) -> None:
        """Close all links, at the same time."""
        for link in self._kept.values():
            self._closing.submit(link.close)
        self._closing.shutdown()
        for opened in (self._client, self._credential):
            self._run(opened.close)

    def _open(self, link: Link) -> Any:
        if link not in self._kept:
            self._kept[link] = self._made(link).__enter__()
        return self._kept[link]

    def _made(self, link: Link) -> Any:
        topic, _, subscription = link.entity.partition("/")
        if link.options is None:
            method, names, options = "get_queue_sender", (link.entity,), {}
        elif subscription:
            method, names, options = "get_subscription_receiver", (topic, subscription), dict(link.options)
        else:
            method, names, options = "get_queue_receiver", (link.entity,), dict(link.options)
        made = self._run(lambda: getattr(self._client, method)(*names, **options))
        return made if self._loop is None else _Blocking(made, self._loop)

    def _run(self, call: Callable[[], Any]) -> Any:
        return call() if self._loop is None else self._loop.run(call)


def sync_bus(config: StackConfig, client: Client, **options: Any) -> Bus:
    """The synchronous client, with a client's identity, over WebSockets through the proxy."""
    credential = ClientSecretCredential(config.tenant_id, client.client_id, client.client_secret)
    proxy = {"proxy_hostname": "127.0.0.1", "proxy_port": config.ports.proxy}
    given: dict[str, Any] = {"http_proxy": proxy, "ssl_context": ssl.create_default_context(), **_QUICK, **options}
    return Bus(ServiceBusClient(config.bus_namespace, credential, **given), credential, None)


def async_bus(config: StackConfig, client: Client, loop: Loop, **options: Any) -> Bus:
    """The asynchronous client, with a client's identity, over WebSockets through the proxy."""
    credential = AsyncClientSecretCredential(config.tenant_id, client.client_id, client.client_secret)
    proxy = {"proxy_hostname": "http://127.0.0.1", "proxy_port": config.ports.proxy}
    given: dict[str, Any] = {"http_proxy": proxy, "ssl_context": ssl.create_default_context(), **_QUICK, **options}
    made = loop.run(lambda: AsyncServiceBusClient(config.bus_namespace, credential, **given))
    return Bus(made, credential, loop)


def tcp_bus(config: StackConfig, client: Client, loop: Loop | None) -> Bus:
    """Either client over TCP without TLS, as it speaks to Microsoft's emulator; with a loop the asynchronous one."""
    given: dict[str, Any] = {"use_tls": False, **_QUICK}
    names = (config.tenant_id, client.client_id, client.client_secret)
    host = f"127.0.0.1:{config.ports.amqp}"
    if loop is None:
        credential = ClientSecretCredential(*names)
        return Bus(ServiceBusClient(host, credential, **given), credential, None)
    async_credential = AsyncClientSecretCredential(*names)
    return Bus(loop.run(lambda: AsyncServiceBusClient(host, async_credential, **given)), async_credential, loop)


def take(receiver: ServiceBusReceiver, count: int) -> list[ServiceBusReceivedMessage]:
    """Exactly so many messages: no more is asked for, so that nothing that is sent later lands here."""
    taken: list[ServiceBusReceivedMessage] = []
    while len(taken) < count:
        batch = receiver.receive_messages(count - len(taken), max_wait_time=10)
        assert batch, f"{len(taken)} of {count} messages came"
        taken += batch
    return taken


def text(message: ServiceBusReceivedMessage) -> str:
    """A message's body."""
    parts: Any = message.body
    return (parts if isinstance(parts, bytes) else b"".join(parts)).decode()
