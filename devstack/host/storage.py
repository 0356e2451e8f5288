"""Storage clients for the connections that bindings name.

A connection is a setting with a connection string, or a group of settings `<name>__...` for an identity
(Microsoft Learn, "Manage connections in Azure Functions"; prefix rule: WebJobs SDK, `AzureWebJobs<name>` first).
"""

import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from devstack.azurite import Azurite, AzuritePorts
from devstack.host.errors import BindingError
from devstack.host.settings import AppSettings

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

_log = logging.getLogger("Host.Startup")

_OPTIONS: dict[str, Any] = {
    # The SDKs' own default waits 15 s before it tries again, far too long for a person at a terminal.
    "initial_backoff": 0.5,
    "increment_base": 2,
    "retry_total": 2,
    "random_jitter_range": 0,
    # Storage is not behind a proxy: looking for one in the environment costs every call two threads.
    "use_env_settings": False,
}

_DEVELOPMENT_STORAGE = "UseDevelopmentStorage=true"
_DEFAULT_AZURITE = Azurite(Path(), Path(), AzuritePorts(blob=10000, queue=10001, table=10002))

type ServiceKind = Literal["blob", "queue"]


@dataclass(frozen=True)
class Account:
    """One service of a storage account and how to sign in: a connection string, or a URL and identity settings."""

    connection_string: str | None = None
    url: str = ""
    identity: tuple[tuple[str, str], ...] = ()


def find_account(connection: str, service: ServiceKind, settings: AppSettings) -> Account:
    """Look up a connection by the name that a binding gives. Raises BindingError when no setting describes it."""
    for name in (f"AzureWebJobs{connection}", connection):
        if value := settings.get(name):
            string = _DEFAULT_AZURITE.connection_string() if value.startswith(_DEVELOPMENT_STORAGE) else value
            return Account(connection_string=string)
        section = settings.section(name)
        account = section.get("accountname")
        url = section.get(f"{service}serviceuri") or (account and f"https://{account}.{service}.core.windows.net")
        if url:
            names = ("credential", "clientid", "managedidentityresourceid", "tenantid", "clientsecret")
            identity = tuple((key, section[key]) for key in names if section.get(key))
            return Account(url=url, identity=identity)
    raise BindingError(
        f"the connection '{connection}' is neither a setting with a connection string "
        f"nor a group with {connection}__{service}ServiceUri"
    )


class Storage:
    """Service clients, one per account, made at first use and closed together."""

    def __init__(self, settings: AppSettings) -> None:
        self._settings = settings
        self._queues: dict[Account, QueueServiceClient] = {}
        self._blobs: dict[Account, BlobServiceClient] = {}
        self._open = AsyncExitStack()

    async def queue(self, connection: str, name: str) -> QueueClient:
        """A client for one queue. Raises BindingError for an unknown connection."""
        account = find_account(connection, "queue", self._settings)
        if account not in self._queues:
            self._queues[account] = await self._connect(QueueServiceClient, connection, account)
        return self._queues[account].get_queue_client(name)

    async def blobs(self, connection: str) -> BlobServiceClient:
        """A client for the account's blobs. Raises BindingError for an unknown connection."""
        account = find_account(connection, "blob", self._settings)
        if account not in self._blobs:
            self._blobs[account] = await self._connect(BlobServiceClient, connection, account)
        return self._blobs[account]

    async def close(self) -> None:
        """Close all connections and credentials."""
        await self._open.aclose()

    async def _connect[Client: (QueueServiceClient, BlobServiceClient)](
        self, kind: type[Client], connection: str, account: Account
    ) -> Client:
        if account.connection_string:
            _log.info("Connection '%s': by connection string.", connection)
            client = kind.from_connection_string(account.connection_string, **_OPTIONS)
        else:
            _log.info("Connection '%s': %s, by identity.", connection, account.url)
            credential = await self._open.enter_async_context(identity_credential(dict(account.identity)))
            client = kind(account.url, credential, **_OPTIONS)
        return await self._open.enter_async_context(client)


def identity_credential(identity: dict[str, str]) -> "AsyncTokenCredential":
    """The credential that a connection's settings describe, by their names in lower case."""
    # Imported when needed: it costs a third of a second, and most local stacks use a connection string.
    from azure.identity.aio import (
        ClientSecretCredential,
        DefaultAzureCredential,
        ManagedIdentityCredential,
    )

    client_id = identity.get("clientid")
    if identity.get("credential", "").casefold() == "managedidentity":
        if resource := identity.get("managedidentityresourceid"):
            return ManagedIdentityCredential(identity_config={"resource_id": resource})
        return ManagedIdentityCredential(client_id=client_id)
    if client_id and identity.get("tenantid") and identity.get("clientsecret"):
        return ClientSecretCredential(identity["tenantid"], client_id, identity["clientsecret"])
    return DefaultAzureCredential()
