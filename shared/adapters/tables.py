"""The tables: operation records and the list of unsettled ones, app records, clean-up entries, the shared pause.

Rows carry a schemaVersion and the whole value as JSON, next to the few columns that people look for in Storage
Explorer. Concurrency rests on ETags alone.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from itertools import count, takewhile
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableServiceClient

from shared.adapters.azure_errors import error_code, translated
from shared.application_record import ApplicationRecord
from shared.errors import Busy
from shared.naming import (
    APPLICATIONS_TABLE,
    BACKOFF_TABLE,
    CLEANUPS_TABLE,
    DUE_TABLE,
    OPERATIONS_TABLE,
    UNSETTLED_TABLE,
    unsettled_row,
    vault_secret_name,
)
from shared.operation import Operation, State
from shared.ports import Cleanup, DueEntry, DuePlace, Versioned, day_of

_SCHEMA_VERSION = "1"
_PROPERTY_CHARACTERS = 16_000
_NEW = ""
"""ETag of a record that no row holds yet."""


class _Table:
    """One table, its rows as dictionaries."""

    def __init__(self, service: TableServiceClient, name: str) -> None:
        self.client: Any = service.get_table_client(name)
        self.name = name

    async def get(self, partition: str, row: str) -> tuple[dict[str, Any], str] | None:
        """Read a row with its ETag."""
        with translated(f"read table {self.name}"):
            try:
                entity = await self.client.get_entity(partition, row)
            except ResourceNotFoundError as error:
                if error_code(error) == "TableNotFound":
                    raise
                return None
        return dict(entity), str(entity.metadata["etag"])

    async def create(self, partition: str, row: str, columns: dict[str, Any]) -> str | None:
        """Insert a row; its ETag, or None when there is one already."""
        with translated(f"write table {self.name}"):
            try:
                made = await self.client.create_entity(_entity(partition, row, columns))
            except ResourceExistsError:
                return None
        return str(made["etag"])

    async def replace(self, partition: str, row: str, columns: dict[str, Any], etag: str) -> str:
        """Replace a row as read at `etag`. Raises Busy when somebody else has written meanwhile."""
        with translated(f"write table {self.name}"):
            try:
                made = await self.client.update_entity(
                    _entity(partition, row, columns),
                    mode=UpdateMode.REPLACE,
                    etag=etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            except (ResourceModifiedError, ResourceNotFoundError):
                raise Busy(f"a row of {self.name} was changed meanwhile") from None
            except HttpResponseError as error:
                if error.status_code == 412:
                    raise Busy(f"a row of {self.name} was changed meanwhile") from None
                raise
        return str(made["etag"])

    async def merge(self, partition: str, row: str, columns: dict[str, Any]) -> None:
        """Change columns of a row; does nothing when there is none."""
        with translated(f"write table {self.name}"), suppress(ResourceNotFoundError):
            await self.client.update_entity(_entity(partition, row, columns), mode=UpdateMode.MERGE)

    async def upsert(self, partition: str, row: str, columns: dict[str, Any]) -> None:
        """Write a row, whatever was there."""
        with translated(f"write table {self.name}"):
            await self.client.upsert_entity(_entity(partition, row, columns), mode=UpdateMode.REPLACE)

    async def delete(self, partition: str, row: str) -> None:
        """Remove a row; already gone is a success."""
        with translated(f"write table {self.name}"):
            await self.client.delete_entity(partition, row)

    async def query(self, expression: str, parameters: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Read all rows an OData expression matches, page by page."""
        with translated(f"read table {self.name}"):
            async for entity in self.client.query_entities(expression, parameters=parameters):
                yield dict(entity)


def _packed(text: str) -> dict[str, str]:
    """Spread a text over as many properties as it needs: value0, value1 and so on.

    A property holds 32 Ki UTF-16 units (Microsoft Learn, "Understanding the Table service data model"); a
    character may take two.
    """
    parts = range(0, len(text), _PROPERTY_CHARACTERS)
    return {f"value{n}": text[at : at + _PROPERTY_CHARACTERS] for n, at in enumerate(parts)}


def _unpacked(row: dict[str, Any]) -> str:
    """Join the parts of a text again."""
    parts = takewhile(lambda part: part is not None, (row.get(f"value{n}") for n in count()))
    return "".join(str(part) for part in parts)


def _entity(partition: str, row: str, columns: dict[str, Any]) -> dict[str, Any]:
    return {"PartitionKey": partition, "RowKey": row, "schemaVersion": _SCHEMA_VERSION, **columns}


class OperationsTable:
    """Fills the port `Operations`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._operations = _Table(service, OPERATIONS_TABLE)
        self._unsettled = _Table(service, UNSETTLED_TABLE)

    async def claim(self, source: str, request_id: str, body_hash: str, operation_id: str) -> tuple[str, str]:
        """Bind (source, requestId) to an operation, first come first served; returns the bound id and body hash."""
        partition = _claim_partition(source, request_id)
        columns = {"operationId": operation_id, "bodyHash": body_hash, "source": source, "requestId": request_id}
        if await self._operations.create(partition, "claim", columns) is not None:
            return operation_id, body_hash
        found = await self._operations.get(partition, "claim")
        if found is None:
            raise Busy("a claim was removed while it was being made")
        return found[0]["operationId"], found[0]["bodyHash"]

    async def find(self, source: str, request_id: str) -> str | None:
        """Find the operation that (source, requestId) is bound to."""
        found = await self._operations.get(_claim_partition(source, request_id), "claim")
        return found[0]["operationId"] if found is not None else None

    async def create(self, operation: Operation, due: datetime) -> str | None:
        """Write a new record, listed as unsettled; its ETag, or None when there is one already."""
        # Listed first: a listed operation without a record is skipped, a record that nobody lists would be lost.
        await self.relist(operation.id, operation.generation, due)
        return await self._operations.create(_partition(operation.id), "record", _columns(operation))

    async def read(self, operation_id: str) -> Versioned[Operation] | None:
        """Read one record."""
        found = await self._operations.get(_partition(operation_id), "record")
        return Versioned(Operation.model_validate_json(_unpacked(found[0])), found[1]) if found is not None else None

    async def save(self, operation: Operation, etag: str) -> str:
        """Replace a record read at `etag`."""
        return await self._operations.replace(_partition(operation.id), "record", _columns(operation), etag)

    async def due(self, before: datetime) -> AsyncIterator[tuple[str, int]]:
        """List unsettled operations whose next look was due before a moment: (operation id, generation)."""
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

    async def relist(self, operation_id: str, generation: int, due: datetime) -> None:
        """Say when an unsettled operation is to be looked at again, without touching its record."""
        row = unsettled_row(operation_id, generation)
        await self._unsettled.upsert("unsettled", row, {"generation": generation, "due": due})

    async def unlist(self, operation_id: str, generation: int) -> None:
        """Take an operation's generation off the list of unsettled ones."""
        await self._unsettled.delete("unsettled", unsettled_row(operation_id, generation))


def _claim_partition(source: str, request_id: str) -> str:
    return f"request-{sha256(f'{source}\n{request_id}'.encode()).hexdigest()}"


def _partition(operation_id: str) -> str:
    return f"operation-{operation_id}"


def _columns(operation: Operation) -> dict[str, Any]:
    return {
        **_packed(operation.model_dump_json()),
        "state": operation.state.value,
        "reason": operation.reason or "",
        "uniqueName": operation.unique_name,
        "requestId": operation.request.request_id,
        "source": operation.request.source,
        "attempts": operation.attempts,
        "acceptedAt": operation.accepted_at,
    }


class ApplicationsTable:
    """Fills the port `Applications`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = _Table(service, APPLICATIONS_TABLE)

    async def read(self, unique_name: str) -> Versioned[ApplicationRecord]:
        """Read one app's record; an app we know nothing of yet has an empty one."""
        found = await self._table.get(unique_name, "application")
        if found is None:
            return Versioned(ApplicationRecord(unique_name=unique_name), _NEW)
        return Versioned(ApplicationRecord.model_validate_json(_unpacked(found[0])), found[1])

    async def save(self, record: ApplicationRecord, etag: str) -> str:
        """Replace or create a record; returns the new ETag. Raises Busy when somebody else has written meanwhile."""
        columns = {
            **_packed(record.model_dump_json()),
            "owner": record.owner or "",
            "clientId": record.client_id or "",
        }
        if etag != _NEW:
            return await self._table.replace(record.unique_name, "application", columns, etag)
        made = await self._table.create(record.unique_name, "application", columns)
        if made is None:
            raise Busy(f"another change to {record.unique_name} came first")
        return made


class CleanupsTable:
    """Fills the port `Cleanups`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = _Table(service, CLEANUPS_TABLE)

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


class DueTable:
    """Fills the port `DueIndex`.

    A partition is a day and one of sixteen shards, so that a day on which much is due is spread over partitions; rows
    are read in the order of the days.
    """

    def __init__(self, service: TableServiceClient) -> None:
        self._table = _Table(service, DUE_TABLE)

    async def until(self, day: str, after: DuePlace | None = None) -> AsyncIterator[tuple[DuePlace, DueEntry]]:
        """List what is listed under this day or an earlier one, the oldest day first, behind a place."""
        expression, parameters = "PartitionKey le @last", {"last": f"{day}-~"}
        if after is not None:
            expression += " and (PartitionKey gt @partition or (PartitionKey eq @partition and RowKey gt @row))"
            parameters |= {"partition": after.partition, "row": after.row}
        async for row in self._table.query(expression, parameters):
            entry = DueEntry(row["uniqueName"], row["credential"], row["at"], row.get("expires"), row.get("sentAt"))
            yield DuePlace(row["PartitionKey"], row["RowKey"]), entry

    async def put(self, entry: DueEntry) -> None:
        """List a credential under a day; a message that was sent for it under this day is forgotten."""
        columns = {"uniqueName": entry.unique_name, "credential": entry.credential, "at": entry.at}
        if entry.expires is not None:
            columns["expires"] = entry.expires
        await self._table.upsert(*_due_place(entry.unique_name, entry.credential, day_of(entry.at)), columns)

    async def mark_sent(self, entry: DueEntry, at: datetime) -> None:
        """Note that a message was sent for a row; does nothing when the row is gone."""
        await self._table.merge(*_due_place(entry.unique_name, entry.credential, day_of(entry.at)), {"sentAt": at})

    async def remove(self, unique_name: str, credential: str, day: str) -> None:
        """Take a credential off one day; not there is a success."""
        await self._table.delete(*_due_place(unique_name, credential, day))


def _due_place(unique_name: str, credential: str, day: str) -> tuple[str, str]:
    name = vault_secret_name(unique_name, credential)
    return f"{day}-{sha256(name.encode()).hexdigest()[0]}", name


class BackoffTable:
    """Fills the port `Backoff`: one small row that every function reads before it calls Graph or the vault."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = _Table(service, BACKOFF_TABLE)

    async def until(self) -> datetime | None:
        """Read when the pause ends; None when there is none."""
        found = await self._table.get("backoff", "all")
        return found[0]["until"] if found is not None else None

    async def extend(self, until: datetime, reason: str) -> None:
        """Pause everybody until then; a longer pause that stands already is kept."""
        standing = await self.until()
        if standing is None or standing < until:
            await self._table.upsert("backoff", "all", {"until": until, "reason": reason})
