"""The storage account as one identity reaches it: its tables, and its blobs with the anchors."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from azure.data.tables.aio import TableServiceClient
from azure.identity.aio import DefaultAzureCredential
from azure.storage.blob.aio import BlobServiceClient

from doctor.settings import SettingsError


@dataclass(frozen=True)
class AuditStorage:
    """Clients for reading; made by `open_storage`."""

    tables: TableServiceClient
    blobs: BlobServiceClient


@asynccontextmanager
async def open_storage(environment: Mapping[str, str], **sdk: Any) -> AsyncGenerator[AuditStorage]:  # noqa: ANN401  the SDKs' own
    """Open the account that an environment names, by the app's own settings. Raises SettingsError.

    A connection string, or two service URIs and DefaultAzureCredential: az login, or AZURE_CLIENT_…
    """
    present = {name: value for name, value in environment.items() if value.strip()}
    connection_string = present.get("AzureWebJobsStorage") or present.get("AZURE_STORAGE_CONNECTION_STRING")
    table, blob = (present.get(f"AzureWebJobsStorage__{kind}ServiceUri") for kind in ("table", "blob"))
    async with AsyncExitStack() as opened:
        if connection_string is not None:
            tables = TableServiceClient.from_connection_string(connection_string, **sdk)
            blobs = BlobServiceClient.from_connection_string(connection_string, **sdk)
        elif table and blob:
            identity = await opened.enter_async_context(DefaultAzureCredential())
            tables = TableServiceClient(table, credential=identity, **sdk)
            blobs = BlobServiceClient(blob, credential=identity, **sdk)
        else:
            raise SettingsError(
                "missing settings: AzureWebJobsStorage (or its __tableServiceUri and __blobServiceUri). Set them as "
                "the app has them (docs/audit.md)"
            )
        await opened.enter_async_context(tables)
        await opened.enter_async_context(blobs)
        yield AuditStorage(tables, blobs)
