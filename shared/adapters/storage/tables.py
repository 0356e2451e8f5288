"""The tables: operation records and the list of unsettled ones, app records, clean-up entries, the shared pause."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from azure.data.tables.aio import TableServiceClient

from shared.adapters.storage.claims import claim_columns, claim_from, claim_partition, claim_row
from shared.adapters.storage.table import Table, packed, unpacked
from shared.core.errors import BusyError
from shared.core.naming import (
    APPLICATIONS_TABLE,
    BACKOFF_TABLE,
    CLEANUPS_TABLE,
    OPERATIONS_TABLE,
    UNSETTLED_TABLE,
    unsettled_row,
)
from shared.model.application import ApplicationRecord
from shared.model.claim import Claim
from shared.model.operation import Operation, State
from shared.model.person import Person, is_surely
from shared.ports import Cleanup, Versioned

_NEW = ""
"""ETag of a record that no row holds yet."""


class OperationsTable:
    """Implements the port `Operations`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._operations = Table(service, OPERATIONS_TABLE)
        self._unsettled = Table(service, UNSETTLED_TABLE)

    async def claim(self, claim: Claim) -> Claim:
        """Bind (channel, source, requestId) to an operation, first come first served; return the claim that holds."""
        partition, row = claim_partition(claim.source, claim.request_id), claim_row(claim.channel)
        if await self._operations.create(partition, row, claim_columns(claim)) is not None:
            return claim
        found = await self._operations.get(partition, row)
        if found is None:
            raise BusyError("a claim was removed while it was being made")
        return claim_from(found[0])

    async def claims(self, source: str, request_id: str) -> tuple[Claim, ...]:
        """Read all claims to (source, requestId)."""
        rows = await self._operations.partition(claim_partition(source, request_id))
        return tuple(claim_from(row) for row, _ in rows)

    async def move_claim(self, before: Claim, after: Claim) -> None:
        """Rebind a claim. Raises BusyError if it differs from `before`."""
        partition, row = claim_partition(before.source, before.request_id), claim_row(before.channel)
        found = await self._operations.get(partition, row)
        if found is None or claim_from(found[0]) != before:
            raise BusyError("a claim was moved meanwhile")
        await self._operations.replace(partition, row, claim_columns(after), found[1])

    async def create(self, operation: Operation, due: datetime) -> str | None:
        """Write a new record, listed as unsettled; return its ETag, or None if it exists."""
        # Listed first: a listed operation without a record is skipped, an unlisted record would be lost.
        await self.relist(operation.id, operation.generation, due)
        return await self._operations.create(_partition(operation.id), "record", _columns(operation))

    async def read(self, operation_id: str) -> Versioned[Operation] | None:
        """Read one record."""
        found = await self._operations.get(_partition(operation_id), "record")
        return Versioned(Operation.model_validate_json(unpacked(found[0])), found[1]) if found is not None else None

    async def save(self, operation: Operation, etag: str) -> str:
        """Replace a record read at `etag`."""
        return await self._operations.replace(_partition(operation.id), "record", _columns(operation), etag)

    async def due(self, before: datetime) -> AsyncIterator[tuple[str, int]]:
        """List unsettled operations whose next check was due before a moment: (operation id, generation)."""
        rows = self._unsettled.query(
            "PartitionKey eq @partition and due lt @before", {"partition": "unsettled", "before": before}
        )
        async for row in rows:
            yield row["RowKey"].partition("-")[0], int(row["generation"])

    async def failed(self, reason: str) -> AsyncIterator[str]:
        """List the operations that failed for this reason. Reads the whole table: for operators, not for events."""
        rows = self._operations.query(
            "RowKey eq 'record' and state eq @state and reason eq @reason",
            {"state": State.FAILED.value, "reason": reason},
        )
        async for row in rows:
            yield row["PartitionKey"].removeprefix(_partition(""))

    async def in_state(self, state: State, most: int, after: str | None) -> tuple[Operation, ...]:
        """Read at most `most` operations in a state, in order of id, after one."""
        rows = self._operations.query(
            "PartitionKey gt @after and PartitionKey lt @end and RowKey eq 'record' and state eq @state",
            {"after": _partition(after or ""), "end": _partition("g"), "state": state.value},
        )
        found: list[Operation] = []
        async for row in rows:
            found.append(Operation.model_validate_json(unpacked(row)))
            if len(found) == most:
                break
        return tuple(found)

    async def relist(self, operation_id: str, generation: int, due: datetime) -> None:
        """Set when an unsettled operation is checked next, without touching its record."""
        row = unsettled_row(operation_id, generation)
        await self._unsettled.upsert("unsettled", row, {"generation": generation, "due": due})

    async def unlist(self, operation_id: str, generation: int) -> None:
        """Remove an operation's generation from the list of unsettled ones."""
        await self._unsettled.delete("unsettled", unsettled_row(operation_id, generation))


def _partition(operation_id: str) -> str:
    return f"operation-{operation_id}"


def _columns(operation: Operation) -> dict[str, Any]:
    return {
        **packed(operation.model_dump_json()),
        "state": operation.state.value,
        "reason": operation.reason or "",
        "uniqueName": operation.unique_name,
        "requestId": operation.request.request_id,
        "source": operation.request.source,
        "attempts": operation.attempts,
        "acceptedAt": operation.accepted_at,
    }


class ApplicationsTable:
    """Implements the port `Applications`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, APPLICATIONS_TABLE)

    async def read(self, unique_name: str) -> Versioned[ApplicationRecord]:
        """Read one app's record; an unknown app has an empty one."""
        found = await self._table.get(unique_name, "application")
        if found is None:
            return Versioned(ApplicationRecord(unique_name=unique_name), _NEW)
        return Versioned(ApplicationRecord.model_validate_json(unpacked(found[0])), found[1])

    async def save(self, record: ApplicationRecord, etag: str) -> str:
        """Replace or create a record;

        Returns the new ETag. Raises BusyError after a concurrent write.
        """
        columns = {
            **packed(record.model_dump_json()),
            "owner": record.owner or "",
            "ownerAddress": (record.owner or "").casefold(),
            "ownerId": record.owner_id or "",
            "clientId": record.client_id or "",
        }
        if etag != _NEW:
            return await self._table.replace(record.unique_name, "application", columns, etag)
        made = await self._table.create(record.unique_name, "application", columns)
        if made is None:
            raise BusyError(f"another change to {record.unique_name} came first")
        return made

    async def owned_by(self, owner: Person) -> list[ApplicationRecord]:
        """List the created apps that this person owns: by id, or by address where a row has none."""
        expression, parameters = (
            "clientId ne '' and (ownerAddress eq @address or owner eq @given or ownerId eq @id )",
            {
                "address": (owner.address or "-").casefold(),
                "given": owner.address or "-",
                "id": owner.object_id or "-",
            },
        )
        found = [unpacked(row) async for row in self._table.query(expression, parameters)]
        records = [ApplicationRecord.model_validate_json(text) for text in found]
        return [each for each in records if each.owned_by is not None and is_surely(each.owned_by, owner)]

    async def owned_by_address(self) -> AsyncIterator[str]:
        """List the apps whose owner is known only by an address: older rows have no column for the id."""
        async for row in self._table.query("owner ne ''", {}):
            if not row.get("ownerId"):
                yield row["PartitionKey"]


class CleanupsTable:
    """Implements the port `Cleanups`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, CLEANUPS_TABLE)

    async def put(self, cleanup: Cleanup) -> None:
        """Write or renew an entry."""
        columns = {"secretNames": ",".join(cleanup.secret_names), "since": cleanup.since}
        await self._table.upsert(cleanup.unique_name, cleanup.operation_id, columns)

    async def remove(self, unique_name: str, operation_id: str) -> None:
        """Remove an entry; already gone is a success."""
        await self._table.delete(unique_name, operation_id)

    async def all(self) -> AsyncIterator[Cleanup]:
        """List all entries."""
        async for row in self._table.query("PartitionKey ne ''", {}):
            names = tuple(name for name in row["secretNames"].split(",") if name)
            yield Cleanup(row["PartitionKey"], row["RowKey"], names, row["since"])


class BackoffTable:
    """Implements the port `Backoff`: one small row that every function reads before it calls Graph or the vault."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, BACKOFF_TABLE)

    async def until(self) -> datetime | None:
        """Read when the pause ends; None when there is none."""
        found = await self._table.get("backoff", "all")
        return found[0]["until"] if found is not None else None

    async def extend(self, until: datetime, reason: str) -> None:
        """Pause all operations until then; a longer pause already set is kept."""
        current = await self.until()
        if current is None or current < until:
            await self._table.upsert("backoff", "all", {"until": until, "reason": reason})
