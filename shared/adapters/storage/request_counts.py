"""Counts of requests in a table: a partition for each requester, by a hash, and a row for each day."""

from azure.data.tables.aio import TableServiceClient

from shared.adapters.storage.table import Table
from shared.core.errors import BusyError
from shared.core.naming import REQUEST_COUNTS_TABLE
from shared.ports import Versioned


class RequestCountsTable:
    """Implements the port `RequestCounts`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, REQUEST_COUNTS_TABLE)

    async def of(self, person: str) -> dict[str, Versioned[tuple[str, ...]]]:
        """Read a person's counted requests, by day."""
        rows = await self._table.partition(person)
        return {str(row["RowKey"]): Versioned(tuple(str(row["requests"]).split()), etag) for row, etag in rows}

    async def save(self, person: str, day: str, requests: tuple[str, ...], etag: str) -> None:
        """Save a day as read at `etag`, empty for none. Raises BusyError after a concurrent write."""
        columns = {"requests": " ".join(requests), "count": len(requests)}
        if etag:
            await self._table.replace(person, day, columns, etag)
        elif await self._table.create(person, day, columns) is None:
            raise BusyError("another request of the same day came first")

    async def forget(self, person: str, day: str) -> None:
        """Forget a day; already gone is a success."""
        await self._table.delete(person, day)
