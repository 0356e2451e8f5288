"""The CONNECT proxy, over real sockets."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from devstack.doubles.proxy import proxying

HOSTS = ("graph.microsoft.com", "*.vault.azure.net")


@asynccontextmanager
async def echoing() -> AsyncGenerator[int]:
    """A server that says everything twice after its client has finished speaking."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = await reader.read()
        writer.write(heard * 2)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def ask(port: int, request: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode())
    return reader, writer, await reader.readuntil(b"\r\n\r\n")


def connect(authority: str) -> str:
    return f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"


@pytest.mark.parametrize("host", ["graph.microsoft.com", "GRAPH.microsoft.com", "any.vault.azure.net"])
async def test_known_hosts_lead_to_the_doubles_and_half_closed_connections_finish(host: str) -> None:
    async with echoing() as target, proxying(HOSTS, target) as port:
        reader, writer, head = await ask(port, connect(f"{host}:443"))
        assert head.startswith(b"HTTP/1.1 200 ")
        writer.write(b"ab")
        writer.write_eof()
        assert await reader.read() == b"abab"
        writer.close()


@pytest.mark.parametrize(
    "authority",
    [
        "example.com:443",
        "graph.microsoft.com:80",
        "graph.microsoft.com.evil.example:443",
        "vault.azure.net:443",
        "a.b.vault.azure.net:443",
        "127.0.0.1:443",
        "",
    ],
)
async def test_everything_else_is_refused(authority: str) -> None:
    async with echoing() as target, proxying(HOSTS, target) as port:
        reader, writer, head = await ask(port, connect(authority))
        assert head.startswith(b"HTTP/1.1 403 ")
        assert b"lets nothing out" in await reader.read()
        writer.close()


async def test_plain_http_is_refused() -> None:
    async with echoing() as target, proxying(HOSTS, target) as port:
        _, writer, head = await ask(port, "GET http://graph.microsoft.com/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 403 ")
        writer.close()


async def test_nothing_is_left_behind() -> None:
    before = asyncio.all_tasks()
    async with echoing() as target:
        async with proxying(HOSTS, target) as port:
            _, writer, _ = await ask(port, connect("graph.microsoft.com:443"))
        writer.close()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
