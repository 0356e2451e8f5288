"""The Service Bus double as an ASGI application, for the one namespace of `devstack.toml`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from devstack.doubles.servicebus.broker import Broker
from devstack.doubles.servicebus.entities.namespace import read_namespace
from devstack.doubles.servicebus.transport import websocket_app
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World
from devstack.project import REPOSITORY, project


class ServiceBus:
    """The application, and the broker behind it. Without a namespace in `devstack.toml` there is neither."""

    def __init__(self, app: ASGIApp, broker: Broker | None) -> None:
        self.app = app
        self.broker = broker

    @asynccontextmanager
    async def keeping_time(self) -> AsyncGenerator[None]:
        """Have what becomes due done meanwhile."""
        if self.broker is None:
            yield
            return
        keeper = asyncio.ensure_future(self.broker.keep_time())
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper


def create(world: World, tokens: Tokens, entities: str | None = None) -> ServiceBus:
    """The double of the namespace. `entities` is a file that says what is in it; by default `devstack.toml`'s."""
    bus = project().bus
    if bus is None:
        return ServiceBus(PlainTextResponse("devstack.toml names no Service Bus namespace.\n", 404), None)
    broker = Broker(world, tokens, bus.name, read_namespace((REPOSITORY / (entities or bus.entities)).read_text()))
    served = websocket_app(broker)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        known = host.partition(":")[0].casefold() == f"{bus.name}.servicebus.windows.net"
        await (served if known else PlainTextResponse("There is no such namespace.\n", 404))(scope, receive, send)

    return ServiceBus(app, broker)
