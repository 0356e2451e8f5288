"""Clients of the storage account, from a connection string or an identity, created once per worker."""

from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from shared.settings import StorageSettings

_DIRECT: dict[str, Any] = {"use_env_settings": False}
"""Storage is reached as the Functions host reaches it, without a proxy. Looking for one in the environment, and for a
password in ~/.netrc, would cost every call two threads and a fifth of its time."""
_RETRIES: dict[str, Any] = {
    **_DIRECT,
    "retry_total": 3,
    "initial_backoff": 0.5,
    "increment_base": 2,
    "random_jitter_range": 0.25,
}
"""The SDKs' own first pause is 15 s: a lost answer would cost an attempt a quarter of its lease. What three short
retries do not resolve is left to the queue, like everything that has to wait."""
_TABLE_RETRIES: dict[str, Any] = {**_DIRECT, "retry_total": 3, "retry_backoff_factor": 0.5}


class Storage:
    """The account's three services."""

    def __init__(self, settings: StorageSettings, credential: AsyncTokenCredential) -> None:
        if settings.connection_string is not None:
            self.queues = QueueServiceClient.from_connection_string(settings.connection_string, **_RETRIES)
            self.tables = TableServiceClient.from_connection_string(settings.connection_string, **_TABLE_RETRIES)
            self.blobs = BlobServiceClient.from_connection_string(settings.connection_string, **_RETRIES)
            return
        self.queues = QueueServiceClient(settings.queue_service_uri or "", credential=credential, **_RETRIES)
        self.tables = TableServiceClient(settings.table_service_uri or "", credential=credential, **_TABLE_RETRIES)
        self.blobs = BlobServiceClient(settings.blob_service_uri or "", credential=credential, **_RETRIES)
