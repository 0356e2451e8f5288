"""The audit record's tables: the outbox, and the chain with its index and head in one partition."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableTransactionError, UpdateMode
from azure.data.tables.aio import TableServiceClient

from shared.adapters.azure_errors import error_code, translated
from shared.adapters.storage.table import Table, entity, packed, unpacked
from shared.core.errors import BusyError
from shared.core.naming import AUDIT_OUTBOX_TABLE, AUDIT_TABLE
from shared.model.audit_chain import Head, Link, Place
from shared.model.audit_entry import Entry
from shared.ports import Versioned

_OUTBOX, _CHAIN, _HEAD = "outbox", "chain", "head"
_NONE_YET = ""
"""ETag of the head before the first link."""
_CHANGED = (409, 412)


class AuditTable:
    """Implements the port `Audit`.

    Rows of partition `chain`: `000000000001` and so on, a link each; `id-…`, which keeps an entry from being appended
    twice; and `head`. All in one partition, because a transaction cannot span two.
    """

    def __init__(self, service: TableServiceClient) -> None:
        self._outbox = Table(service, AUDIT_OUTBOX_TABLE)
        self._chain = Table(service, AUDIT_TABLE)

    async def note(self, entry: Entry) -> None:
        """Put an entry into the outbox. An existing one stays as it is."""
        await self._outbox.create(_OUTBOX, entry.id, {"kind": entry.kind, **packed(entry.to_json())})

    async def noted(self) -> AsyncIterator[tuple[str, str]]:
        """List the outbox: (entry id, text)."""
        async for row in self._outbox.query("PartitionKey eq @partition", {"partition": _OUTBOX}):
            yield row["RowKey"], unpacked(row)

    async def head(self) -> Versioned[Head]:
        """Read the chain's head."""
        found = await self._chain.get(_CHAIN, _HEAD)
        if found is None:
            return Versioned(Head(), _NONE_YET)
        return Versioned(Head(int(found[0]["count"]), str(found[0]["hash"])), found[1])

    async def is_linked(self, entry_id: str) -> bool:
        """Return whether an entry is in the chain."""
        return await self._chain.get(_CHAIN, _index_row(entry_id)) is not None

    async def place(self, number: int) -> Place | None:
        """Read the link with this number; None if there is none."""
        with translated(f"read table {AUDIT_TABLE}"):
            try:
                found = await self._chain.client.get_entity(_CHAIN, _link_row(number))
            except ResourceNotFoundError as error:
                if error_code(error) == "TableNotFound":
                    raise
                return None
        return Place(str(found["hash"]), found.metadata["timestamp"])

    async def append(self, links: Sequence[Link], etag: str) -> None:
        """Append links, their index rows, and the new head in one transaction."""
        operations: list[Any] = []
        for link in links:
            operations.append(("create", entity(_CHAIN, _link_row(link.number), _columns(link))))
            operations.append(("create", entity(_CHAIN, _index_row(link.entry_id), {"number": link.number})))
        head = entity(_CHAIN, _HEAD, {"count": links[-1].number, "hash": links[-1].hash})
        if etag == _NONE_YET:
            operations.append(("create", head))
        else:
            condition = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
            operations.append(("update", head, {"mode": UpdateMode.REPLACE, **condition}))
        with translated(f"write table {AUDIT_TABLE}"):
            try:
                await self._chain.client.submit_transaction(operations)
            except (TableTransactionError, ResourceNotFoundError) as error:
                if error.status_code in _CHANGED or error_code(error) == "ResourceNotFound":
                    raise BusyError("the audit chain was extended meanwhile") from None
                raise

    async def forget(self, entry_id: str) -> None:
        """Remove an entry from the outbox; already gone is a success."""
        await self._outbox.delete(_OUTBOX, entry_id)


def _link_row(number: int) -> str:
    return f"{number:012d}"


def _index_row(entry_id: str) -> str:
    return f"id-{entry_id}"


def _columns(link: Link) -> dict[str, Any]:
    return {
        "entryId": link.entry_id,
        "previousHash": link.previous_hash,
        "hash": link.hash,
        **packed(link.text),
    }
