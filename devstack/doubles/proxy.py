"""The CONNECT proxy: true host names lead to the doubles, every other host is refused.

Clients get it as HTTPS_PROXY. TLS passes through it untouched, so it sees host names and nothing else.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from devstack.doubles.dispatch import matches

_HEAD_SECONDS = 10.0
_LINGER_SECONDS = 5.0
"""How long one direction may go on after the other ended."""


@asynccontextmanager
async def proxying(hosts: Sequence[str], target: int, port: int = 0) -> AsyncGenerator[int]:
    """Run the proxy on 127.0.0.1 and yield its port; `hosts` (patterns) lead to `target` on 127.0.0.1.

    On exit, connections are cut and every task has ended. Raises OSError when the port is taken.
    """
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        try:
            await _serve(reader, writer, hosts, target)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()
        finally:
            writer.close()
            serving.discard(asyncio.current_task())

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        open_ones = [task for task in serving if task is not None]
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)
        server.abort_clients()
        await server.wait_closed()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hosts: Sequence[str], target: int) -> None:
    async with asyncio.timeout(_HEAD_SECONDS):
        head = await reader.readuntil(b"\r\n\r\n")
    method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
    authority = rest.partition(" ")[0]
    host, _, asked_port = authority.rpartition(":")
    if method != "CONNECT" or asked_port != "443" or not any(matches(h, host.casefold()) for h in hosts):
        await _refuse(writer, authority)
        return
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", target)
    try:
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join((reader, writer), (inner_reader, inner_writer))
    finally:
        inner_writer.close()


async def _refuse(writer: asyncio.StreamWriter, authority: str) -> None:
    reason = f"The local stack has no double of {authority}, and lets nothing out.\n".encode()
    head = f"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: {len(reason)}\r\n"
    writer.write(head.encode() + b"Connection: close\r\n\r\n" + reason)
    await writer.drain()


type _End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _join(client: _End, server: _End) -> None:
    """Copy both ways until both directions ended, or the second one outstays the first by too long."""
    pumps = {
        asyncio.ensure_future(_pump(client[0], server[1])),
        asyncio.ensure_future(_pump(server[0], client[1])),
    }
    try:
        _, open_ones = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        if open_ones:
            await asyncio.wait(open_ones, timeout=_LINGER_SECONDS)
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, then pass the end on, so that the other direction can still finish."""
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        # A reset is passed on as one: the other side must not take it for a regular end.
        writer.transport.abort()
