"""The network under calls to ticketing systems: names are resolved once, and only checked addresses are used."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, override

import httpcore

from shared.core.errors import RefusedError, UnavailableError
from shared.tickets.addresses import why_refused

type Resolve = Callable[[str, int], Awaitable[list[str]]]


async def resolve(host: str, port: int) -> list[str]:
    """Resolve a name's addresses with the system's resolver, in its order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only; `on_premises` are names that may have private ones.

    The checked address is the one connected to: a second look-up could return another one. TLS still verifies the
    name.
    """

    def __init__(
        self,
        on_premises: Collection[str],
        resolve: Resolve = resolve,
        connect: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._on_premises = frozenset(on_premises)
        self._resolve = resolve
        system: Any = httpcore.AnyIOBackend()
        self._connect: httpcore.AsyncNetworkBackend = connect or system

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect. Raises RefusedError for a name with a forbidden address, UnavailableError for one without any."""
        async with asyncio.timeout(timeout):
            addresses = await self._addresses(host, port)
            error: Exception | None = None
            for address in addresses:
                try:
                    return await self._connect.connect_tcp(address, port, timeout, local_address, socket_options)
                except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as failed:
                    error = failed
        raise UnavailableError(f"no connection to {host}: {type(error).__name__}", sent=False) from error

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = await self._resolve(host, port)
        except OSError as error:
            raise UnavailableError(f"the name {host} leads to no address", sent=False) from error
        for address in addresses:
            why = why_refused(address, on_premises=host in self._on_premises)
            if why is not None:
                raise RefusedError(f"{host} leads to an address that nothing is sent to: {why}")
        return addresses
