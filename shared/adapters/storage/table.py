"""One table of the storage account: rows as dictionaries, long values spread over several properties.

Rows carry a schemaVersion and the whole value as JSON, next to the few columns that people look for in Storage
Explorer. Concurrency rests on ETags alone.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count, takewhile
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableServiceClient

from shared.adapters.azure_errors import error_code, translated
from shared.core.errors import BusyError

_SCHEMA_VERSION = "1"
_PROPERTY_CHARACTERS = 16_000


class Table:
    """One table, its rows as dictionaries."""

    def __init__(self, service: TableServiceClient, name: str) -> None:
        self.client: Any = service.get_table_client(name)
        self.name = name

    async def get(self, partition: str, row: str) -> tuple[dict[str, Any], str] | None:
        """Read a row with its ETag."""
        with translated(f"read table {self.name}"):
            try:
                found = await self.client.get_entity(partition, row)
            except ResourceNotFoundError as error:
                if error_code(error) == "TableNotFound":
                    raise
                return None
        return dict(found), str(found.metadata["etag"])

    async def partition(self, partition: str) -> tuple[tuple[dict[str, Any], str], ...]:
        """Read all rows of a partition with their ETags."""
        with translated(f"read table {self.name}"):
            rows = self.client.query_entities("PartitionKey eq @partition", parameters={"partition": partition})
            return tuple([(dict(found), str(found.metadata["etag"])) async for found in rows])

    async def create(self, partition: str, row: str, columns: dict[str, Any]) -> str | None:
        """Insert a row; return its ETag, or None if it exists."""
        with translated(f"write table {self.name}"):
            try:
                made = await self.client.create_entity(entity(partition, row, columns))
            except ResourceExistsError:
                return None
        return str(made["etag"])

    async def replace(self, partition: str, row: str, columns: dict[str, Any], etag: str) -> str:
        """Replace a row as read at `etag`. Raises BusyError after a concurrent write."""
        with translated(f"write table {self.name}"):
            try:
                made = await self.client.update_entity(
                    entity(partition, row, columns),
                    mode=UpdateMode.REPLACE,
                    etag=etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            except (ResourceModifiedError, ResourceNotFoundError):
                raise BusyError(f"a row of {self.name} was changed meanwhile") from None
            except HttpResponseError as error:
                if error.status_code == 412:
                    raise BusyError(f"a row of {self.name} was changed meanwhile") from None
                raise
        return str(made["etag"])

    async def merge(self, partition: str, row: str, columns: dict[str, Any]) -> None:
        """Change columns of a row; does nothing if there is none."""
        with translated(f"write table {self.name}"), suppress(ResourceNotFoundError):
            await self.client.update_entity(entity(partition, row, columns), mode=UpdateMode.MERGE)

    async def upsert(self, partition: str, row: str, columns: dict[str, Any]) -> None:
        """Insert or replace a row."""
        with translated(f"write table {self.name}"):
            await self.client.upsert_entity(entity(partition, row, columns), mode=UpdateMode.REPLACE)

    async def delete(self, partition: str, row: str) -> None:
        """Remove a row; already gone is a success."""
        with translated(f"write table {self.name}"):
            await self.client.delete_entity(partition, row)

    async def query(self, expression: str, parameters: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Read all rows an OData expression matches, page by page."""
        with translated(f"read table {self.name}"):
            async for found in self.client.query_entities(expression, parameters=parameters):
                yield dict(found)


def packed(text: str) -> dict[str, str]:
    """Spread a text over as many properties as it needs: value0, value1 and so on.

    A property holds 32 Ki UTF-16 units (Microsoft Learn, "Understanding the Table service data model"); a
    character may take two.
    """
    parts = range(0, len(text), _PROPERTY_CHARACTERS)
    return {f"value{n}": text[at : at + _PROPERTY_CHARACTERS] for n, at in enumerate(parts)}


def unpacked(row: dict[str, Any]) -> str:
    """Join the parts of a packed text."""
    parts = takewhile(lambda part: part is not None, (row.get(f"value{n}") for n in count()))
    return "".join(str(part) for part in parts)


def entity(partition: str, row: str, columns: dict[str, Any]) -> dict[str, Any]:
    """Return a row as the SDK's entity."""
    return {"PartitionKey": partition, "RowKey": row, "schemaVersion": _SCHEMA_VERSION, **columns}
