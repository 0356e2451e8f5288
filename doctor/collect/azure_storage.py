"""Shared access to the storage account: its clients, its tables, and the service's clock."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient

from doctor.collect.rows import Row
from doctor.evidence import Seen
from doctor.settings import StorageSettings

type Options = dict[str, Any]
"""Keyword arguments of an Azure SDK client."""


def table_service(
    settings: StorageSettings, credential: AsyncTokenCredential | None, options: Options
) -> TableServiceClient:
    """Make the table client; the credential is for accounts without a connection string."""
    return _service(TableServiceClient, settings, settings.table_service_uri, credential, options)


def blob_service(
    settings: StorageSettings, credential: AsyncTokenCredential | None, options: Options
) -> BlobServiceClient:
    """Make the blob client, as `table_service` does."""
    return _service(BlobServiceClient, settings, settings.blob_service_uri, credential, options)


def _service[C: (TableServiceClient, BlobServiceClient)](
    kind: type[C],
    settings: StorageSettings,
    uri: str | None,
    credential: AsyncTokenCredential | None,
    options: Options,
) -> C:
    options = _without_proxy(settings, options)
    if settings.connection_string is not None:
        return kind.from_connection_string(settings.connection_string, **options)
    return kind(uri or "", credential=credential, **options)


def _without_proxy(settings: StorageSettings, options: Options) -> Options:
    # A local stack's storage is not behind its proxy, and may be without TLS: the SDK's transport would still
    # reload the certificates for every call.
    is_plain = "DefaultEndpointsProtocol=http;" in (settings.connection_string or "")
    left_out = {"proxies", "connection_verify"} if is_plain else {"proxies"}
    return {name: value for name, value in options.items() if name not in left_out}


async def read_table(
    tables: TableServiceClient, name: str, where: str | None = None, parameters: dict[str, Any] | None = None
) -> Seen[Row]:
    """Read a table's rows, all or those of a query; a failure is a gap."""
    found: list[Row] = []
    try:
        client: Any = tables.get_table_client(name)
        rows = client.list_entities() if where is None else client.query_entities(where, parameters=parameters)
        async for entity in rows:
            found.append({**entity, "Timestamp": entity.metadata.get("timestamp")})
    except AzureError as error:
        return Seen(tuple(found), gap=f"table {name} could not be read: {type(error).__name__}")
    return Seen(tuple(found))


async def service_time(call: Callable[[Callable[[Any], None]], Awaitable[object]]) -> datetime:
    """Return the storage service's time, by which leases and delays run; this machine's if the service gives none.

    `call` makes any call to the service, with the hook it is given as the SDK's `raw_response_hook`.
    """
    dates: list[str] = []

    def note_date(response: Any) -> None:  # noqa: ANN401  the SDK's PipelineResponse
        dates.append(response.http_response.headers.get("Date", ""))

    try:
        await call(note_date)
        return parsedate_to_datetime(dates[0])
    except (AzureError, ValueError, IndexError):
        return datetime.now(UTC)
