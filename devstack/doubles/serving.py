"""uvicorn inside an event loop that is not its own, on a port of 127.0.0.1."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from devstack.certificates import Certificates
from devstack.doubles.middleware import DroppableProtocol, DroppableWebSocket


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process has its own."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0, certificates: Certificates | None = None) -> AsyncGenerator[int]:
    """Serve `app` and yield the port; TLS with `certificates`, else plain HTTP. OSError when the port is taken."""
    listener = _listener(port)
    config = uvicorn.Config(
        app,
        lifespan="off",
        http=DroppableProtocol,
        ws=DroppableWebSocket,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=120,  # longer than the clients' pools keep idle connections
        timeout_graceful_shutdown=1,
        ssl_certfile=certificates.server if certificates else None,
        ssl_keyfile=certificates.server_key if certificates else None,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )
    server = _Server(config)
    running = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        while not (server.started or running.done()):  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.005)
        if running.done():
            running.result()
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running
        listener.close()


def _listener(port: int) -> socket.socket:
    # With the protocol left at 0, asyncio does not see that it is TCP and leaves Nagle's algorithm on:
    # every answer would wait 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise
    return listener
