"""The index of what is due, by day."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from azure.data.tables.aio import TableServiceClient

from shared.adapters.storage.table import Table, packed, unpacked
from shared.core.naming import DUE_TABLE, vault_secret_name
from shared.ports import DueEntry, DuePlace, day_of

_SAME = timedelta(seconds=1)
"""Table Storage has a resolution of 100 ns, Python of a microsecond."""

_LINK = ("directory", "changes")
"""The row with the directory's link: after all days, so that no sweep reads it; lost with the index."""


class DueTable:
    """Implements the port `DueIndex`.

    A partition is a day and one of sixteen shards, so that a busy day is spread over partitions; rows are read in the
    order of the days.
    """

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, DUE_TABLE)

    async def until(self, day: str, after: DuePlace | None = None) -> AsyncIterator[tuple[DuePlace, DueEntry]]:
        """List the entries of this day and earlier ones, oldest day first, after a place."""
        expression, parameters = "PartitionKey le @last", {"last": f"{day}-~"}
        if after is not None:
            # The SDK recognises a parameter by the blanks around it.
            expression += " and (PartitionKey gt @partition or (PartitionKey eq @partition and RowKey gt @row ))"
            parameters |= {"partition": after.partition, "row": after.row}
        async for row in self._table.query(expression, parameters):
            entry = DueEntry(row["uniqueName"], row["credential"], row["at"], row.get("expires"), row.get("sentAt"))
            yield DuePlace(row["PartitionKey"], row["RowKey"]), entry

    async def is_listed(self, entry: DueEntry) -> bool:
        """Return whether this credential is listed under this day with this moment."""
        found = await self._table.get(*_place(entry.unique_name, entry.credential, day_of(entry.at)))
        return found is not None and abs(found[0]["at"] - entry.at) < _SAME

    async def put(self, entry: DueEntry) -> None:
        """List a credential under a day; a message already sent for it under this day is forgotten."""
        place = _place(entry.unique_name, entry.credential, day_of(entry.at))
        await self._table.upsert(*place, _columns(entry))

    async def mark_sent(self, entry: DueEntry, at: datetime) -> None:
        """Note that a message was sent for a row; does nothing when the row is gone."""
        await self._table.merge(*_place(entry.unique_name, entry.credential, day_of(entry.at)), {"sentAt": at})

    async def remove(self, unique_name: str, credential: str, day: str) -> None:
        """Remove a credential from one day; already absent is a success."""
        await self._table.delete(*_place(unique_name, credential, day))

    async def directory_link(self) -> str | None:
        """Read the link for the directory's next changes; None before the first time."""
        found = await self._table.get(*_LINK)
        return unpacked(found[0]) if found is not None else None

    async def keep_directory_link(self, link: str) -> None:
        """Note that all changes before this link have been handled."""
        await self._table.upsert(*_LINK, packed(link))


def _place(unique_name: str, credential: str, day: str) -> tuple[str, str]:
    name = vault_secret_name(unique_name, credential)
    return f"{day}-{sha256(name.encode()).hexdigest()[0]}", name


def _columns(entry: DueEntry) -> dict[str, Any]:
    columns: dict[str, Any] = {"uniqueName": entry.unique_name, "credential": entry.credential, "at": entry.at}
    return columns | ({"expires": entry.expires} if entry.expires is not None else {})
