"""The table of ticket updates."""

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
"""Partition of the list of waiting updates: delivered ones are never read for it."""


class TicketUpdatesTable:
    """Implements the port `TicketUpdates`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, TICKET_UPDATES_TABLE)

    async def create(self, update: TicketUpdate, look_again: datetime) -> None:
        """Write a new record, listed as waiting; does nothing if it exists."""
        # Listed first: a listed update without a record is skipped, an unlisted record would be lost.
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
        """List the waiting updates whose next check was due before a moment."""
        rows = self._table.query(
            "PartitionKey eq @partition and due lt @before", {"partition": _WAITING, "before": before}
        )
        async for row in rows:
            yield row["RowKey"]

    async def relist(self, update_id: str, look_again: datetime) -> None:
        """Set when a waiting update is checked next."""
        await self._table.upsert(_WAITING, update_id, {"due": look_again})

    async def unlist(self, update_id: str) -> None:
        """Remove an update from the list; already absent is a success."""
        await self._table.delete(_WAITING, update_id)

    async def keep_asked(self, source: str, ticket: str) -> None:
        """Record permanently that a ticket has sent a request; idempotent."""
        await self._table.create(_ticket_partition(source, ticket), "asked", {"source": source, "ticket": ticket})

    async def has_asked(self, source: str, ticket: str) -> bool:
        """Return whether a ticket is known to have sent a request."""
        return await self._table.get(_ticket_partition(source, ticket), "asked") is not None


def _partition(update_id: str) -> str:
    return f"update-{update_id}"


def _ticket_partition(source: str, ticket: str) -> str:
    """Return a ticket's partition; neither name holds a line break."""
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
