"""The table of what tickets are to be told."""

from collections.abc import AsyncIterator
from datetime import datetime
from hashlib import sha256
from typing import Any

from azure.data.tables.aio import TableServiceClient

from shared.adapters.storage.table import Table, packed, unpacked
from shared.core.naming import TICKET_UPDATES_TABLE
from shared.model.ticket_update import TicketUpdate
from shared.ports import Versioned

_WAITING = "waiting"
"""Partition of the list: what is told already is never read for it."""


class TicketUpdatesTable:
    """Fills the port `TicketUpdates`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, TICKET_UPDATES_TABLE)

    async def create(self, update: TicketUpdate, look_again: datetime) -> None:
        """Write a new record, listed as waiting; does nothing when there is one already."""
        # Listed first: a listed update without a record is skipped, a record that nobody lists would be lost.
        await self.relist(update.id, look_again)
        await self._table.create(_partition(update.id), "record", _columns(update))

    async def read(self, update_id: str) -> Versioned[TicketUpdate] | None:
        """Read one record."""
        found = await self._table.get(_partition(update_id), "record")
        return Versioned(TicketUpdate.model_validate_json(unpacked(found[0])), found[1]) if found is not None else None

    async def save(self, update: TicketUpdate, etag: str) -> str:
        """Replace a record read at `etag`."""
        return await self._table.replace(_partition(update.id), "record", _columns(update), etag)

    async def due(self, before: datetime) -> AsyncIterator[str]:
        """List the waiting ones whose next look was due before a moment."""
        rows = self._table.query(
            "PartitionKey eq @partition and due lt @before", {"partition": _WAITING, "before": before}
        )
        async for row in rows:
            yield row["RowKey"]

    async def relist(self, update_id: str, look_again: datetime) -> None:
        """Say when a waiting one is to be looked at again."""
        await self._table.upsert(_WAITING, update_id, {"due": look_again})

    async def unlist(self, update_id: str) -> None:
        """Take one off the list; not there is a success."""
        await self._table.delete(_WAITING, update_id)

    async def keep_asked(self, source: str, ticket: str) -> None:
        """Keep for ever that a ticket has sent a request; again is nothing."""
        await self._table.create(_ticket_partition(source, ticket), "asked", {"source": source, "ticket": ticket})

    async def has_asked(self, source: str, ticket: str) -> bool:
        """Return whether a ticket is known to have sent a request."""
        return await self._table.get(_ticket_partition(source, ticket), "asked") is not None


def _partition(update_id: str) -> str:
    return f"update-{update_id}"


def _ticket_partition(source: str, ticket: str) -> str:
    """Return where a ticket is kept; neither name holds a line break."""
    return f"ticket-{sha256(f'{source}\n{ticket}'.encode()).hexdigest()}"


def _columns(update: TicketUpdate) -> dict[str, Any]:
    return {
        **packed(update.model_dump_json()),
        "state": update.state.value,
        "reason": update.reason or "",
        "source": update.source,
        "ticket": update.ticket or "",
        "what": update.what,
        "operationId": update.operation_id or "",
        "generation": update.generation,
        "attempts": update.attempts,
        "firstAt": update.first_at,
    }
