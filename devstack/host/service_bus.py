"""Clients of the Service Bus namespaces that bindings name, found as the extension finds them.

A connection is a setting with a connection string, or a group `<name>__fullyQualifiedNamespace` with an identity
(azure-sdk-for-net, Microsoft.Azure.WebJobs.Extensions.ServiceBus, ServiceBusClientFactory).
"""

import ssl
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from devstack.host.errors import BindingError
from devstack.host.settings import AppSettings
from devstack.host.storage import identity_credential

if TYPE_CHECKING:
    from azure.servicebus.aio import ServiceBusClient

_EMULATOR = "usedevelopmentemulator=true"
"""In a connection string, in lower case: plain TCP on this machine or in its network, so neither proxy nor roots."""


class ServiceBusClients:
    """One client per connection, made at first use and closed together."""

    def __init__(self, settings: AppSettings) -> None:
        self._settings = settings
        self._clients: dict[str, ServiceBusClient] = {}
        self._open = AsyncExitStack()

    async def client(self, connection: str) -> "ServiceBusClient":
        """The connection's client. Raises BindingError when no setting describes it."""
        if connection not in self._clients:
            self._clients[connection] = await self._open.enter_async_context(await self._connect(connection))
        return self._clients[connection]

    async def close(self) -> None:
        """Close all connections and credentials."""
        await self._open.aclose()

    async def _connect(self, connection: str) -> "ServiceBusClient":
        from azure.servicebus import parse_connection_string  # only an app with such a trigger pays for it
        from azure.servicebus.aio import ServiceBusClient

        for name in (f"AzureWebJobs{connection}", connection):
            if string := self._settings.get(name):
                is_emulator = _EMULATOR in string.casefold()
                host = parse_connection_string(string).fully_qualified_namespace
                network = {} if is_emulator else _network(host)
                return ServiceBusClient.from_connection_string(string, user_agent="devstack-host", **network)
            section = self._settings.section(name)
            if namespace := section.get("fullyqualifiednamespace"):
                credential = await self._open.enter_async_context(identity_credential(section))
                return ServiceBusClient(namespace, credential, user_agent="devstack-host", **_network(namespace))
        raise BindingError(
            f"the connection '{connection}' is neither a setting with a connection string "
            f"nor a group with {connection}__fullyQualifiedNamespace"
        )


def _network(namespace: str) -> dict[str, Any]:
    """The environment's proxy and roots, which the client does not look for."""
    options: dict[str, Any] = {"ssl_context": ssl.create_default_context()}
    proxy = getproxies().get("https")
    if proxy and not proxy_bypass(namespace):
        at = urlsplit(proxy)
        options["http_proxy"] = {"proxy_hostname": f"http://{at.hostname}", "proxy_port": at.port}
    return options
