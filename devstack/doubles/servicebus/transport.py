"""Connections on sockets: AMQP in binary messages of a WebSocket, or as it is over TCP."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

from starlette.types import ASGIApp, Receive, Scope, Send

from devstack.doubles.middleware import CUT
from devstack.doubles.servicebus.amqp.connection import Connection
from devstack.doubles.servicebus.broker import Broker
from devstack.doubles.servicebus.exposure import ConnectionCutError
from devstack.doubles.servicebus.peer import Peer

_PATH = "/$servicebus/websocket"
_PROTOCOLS = ("AMQPWSB10", "amqp")
_READ = 64 * 1024


async def converse(
    broker: Broker, read: Callable[[], Awaitable[bytes]], write: Callable[[bytes], Awaitable[None]]
) -> None:
    """Serve one connection until it ends. `read` gives b"" at the end. Raises ConnectionCutError."""
    connection = Connection(f"devstack-{uuid4()}")
    written = asyncio.Event()
    is_cut = asyncio.Event()
    peer = Peer(broker, written.set, is_cut.set)

    async def pass_on() -> None:
        """Write what the connection holds, also what other connections have caused; and heartbeats."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(written.wait(), connection.heartbeat_seconds)
            written.clear()
            if not (data := connection.data_to_send()):
                connection.beat()
                data = connection.data_to_send()
            await write(data)

    async def take_in() -> None:
        while not connection.is_over and (data := await read()):
            for event in connection.receive(data):
                peer.take(event)
            written.set()
        if data := connection.data_to_send():
            await write(data)

    writer, reader, cut = (asyncio.ensure_future(work) for work in (pass_on(), take_in(), is_cut.wait()))
    try:
        await asyncio.wait({reader, cut}, return_when=asyncio.FIRST_COMPLETED)
        if is_cut.is_set():
            raise ConnectionCutError
        reader.result()
    finally:
        for task in (writer, reader, cut):
            task.cancel()
        for event in connection.end_of_stream():
            peer.take(event)


def websocket_app(broker: Broker) -> ASGIApp:
    """The ASGI application for the namespace's host name: a WebSocket at one path, and nothing else."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await receive()
        protocol = next((offered for offered in scope.get("subprotocols", ()) if offered in _PROTOCOLS), None)
        if scope["path"].rstrip("/") != _PATH or protocol is None:
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept", "subprotocol": protocol})

        async def read() -> bytes:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return b""
            return message.get("bytes") or b""

        async def write(data: bytes) -> None:
            with suppress(RuntimeError, OSError):  # the client has gone in the meantime; the reader finds out
                await send({"type": "websocket.send", "bytes": data})

        try:
            await converse(broker, read, write)
        except ConnectionCutError:
            scope["extensions"][CUT]()
        else:
            with suppress(RuntimeError):
                await send({"type": "websocket.close"})

    return app


@asynccontextmanager
async def serving_tcp(broker: Broker, port: int = 0) -> AsyncGenerator[int]:
    """Serve AMQP without TLS on a port of 127.0.0.1, as Microsoft's emulator does, and yield the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        try:
            await converse(broker, lambda: reader.read(_READ), write)
        except (ConnectionCutError, ConnectionError):
            writer.transport.abort()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
