"""The storage account as one identity reaches it: its tables, and the blobs with the anchors."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from azure.data.tables.aio import TableServiceClient
from azure.identity.aio import DefaultAzureCredential
from azure.storage.blob.aio import BlobServiceClient

from doctor.collect.azure_storage import blob_service, table_service
from doctor.settings import StorageSettings


@dataclass(frozen=True)
class AuditStorage:
    """Clients for reading; made by `open_storage`."""

    tables: TableServiceClient
    blobs: BlobServiceClient


@asynccontextmanager
async def open_storage(settings: StorageSettings, **options: Any) -> AsyncGenerator[AuditStorage]:  # noqa: ANN401  the SDKs' own
    """Open the account; without a connection string, with DefaultAzureCredential: az login, or AZURE_CLIENT_…"""
    async with AsyncExitStack() as opened:
        identity = None
        if settings.connection_string is None:
            identity = await opened.enter_async_context(DefaultAzureCredential())
        tables = await opened.enter_async_context(table_service(settings, identity, options))
        blobs = await opened.enter_async_context(blob_service(settings, identity, options))
        yield AuditStorage(tables, blobs)
