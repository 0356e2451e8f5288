"""Reads the audit record and what it is compared with: tables and blobs, and nothing else; nothing is changed.

The order is what makes a look at a running app worth something. Anchors first: what they speak of is in the chain by
then. Then records, then the outbox, then the chain: an entry goes that way, so none is missed between two reads.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from azure.core.exceptions import AzureError

from doctor.audit.evidence import Anchor, AuditEvidence, Link
from doctor.audit.read import LONGEST_ANCHOR, Row, anchor, claim, head, index_row, link, note, request
from doctor.audit.storage import AuditStorage
from doctor.evidence import Seen
from shared.core.naming import (
    AUDIT_ANCHORS_CONTAINER,
    AUDIT_OUTBOX_TABLE,
    AUDIT_TABLE,
    OPERATIONS_TABLE,
    is_claim_row,
)

_NOT_UNDERSTOOD = (KeyError, TypeError, ValueError, RecursionError)


async def collect(storage: AuditStorage) -> AuditEvidence:
    """Read everything once. What cannot be read is a gap of the evidence; nothing is raised for it."""
    anchors = await _anchors(storage)
    operations = await _rows(storage, OPERATIONS_TABLE)
    notes = await _rows(storage, AUDIT_OUTBOX_TABLE)
    chain = await _chain(storage)
    return AuditEvidence(
        now=await _now(storage),
        links=_read(_where(chain, lambda key: key[:1].isdigit()), link),
        index=_read(_where(chain, lambda key: key.startswith("id-")), index_row),
        head=_read(_where(chain, lambda key: key == "head"), head),
        anchors=anchors,
        notes=_read(notes, note),
        requests=_read(_where(operations, lambda key: key == "record"), request),
        claims=_read(_where(operations, is_claim_row), claim),
    )


async def links_of(storage: AuditStorage) -> Seen[Link]:
    """Read the chain alone, in its order."""
    found = _read(_where(await _chain(storage), lambda key: key[:1].isdigit()), link)
    return Seen(tuple(sorted(found, key=lambda each: each.number)), found.gap)


async def _chain(storage: AuditStorage) -> Seen[Row]:
    """Read the partition with links, head and index; then the links that were appended before the head was read.

    Rows come in the order of their keys, the links before the head: those of a while ago may be fewer than it says.
    """
    rows = await _rows(storage, AUDIT_TABLE)
    ends = [int(row["count"]) for row in rows if row["RowKey"] == "head" and str(row.get("count", "")).isdigit()]
    last = max((row["RowKey"] for row in rows if row["RowKey"][:1].isdigit()), default="")
    if not ends or last >= f"{ends[0]:012d}":
        return rows
    newer = "RowKey gt @last and RowKey le @end"
    more = await _rows(storage, AUDIT_TABLE, newer, {"last": last, "end": f"{ends[0]:012d}"})
    return Seen((*rows, *more), rows.gap or more.gap)


async def _rows(
    storage: AuditStorage, table: str, which: str = "PartitionKey ne ''", parameters: dict[str, Any] | None = None
) -> Seen[Row]:
    found: list[Row] = []
    try:
        client: Any = storage.tables.get_table_client(table)
        async for entity in client.query_entities(which, parameters=parameters or {}):
            found.append({**entity, "Timestamp": entity.metadata.get("timestamp")})
    except AzureError as error:
        return Seen(tuple(found), gap=f"table {table} could not be read: {type(error).__name__}")
    return Seen(tuple(found))


async def _anchors(storage: AuditStorage) -> Seen[Anchor]:
    """Read every blob there is: what is no anchor is somebody's doing, and not a gap."""
    found: list[Anchor] = []
    try:
        container = storage.blobs.get_container_client(AUDIT_ANCHORS_CONTAINER)
        async for blob in container.list_blobs():
            content = None
            if blob.size <= LONGEST_ANCHOR:
                content = await (await container.download_blob(blob.name)).readall()
            found.append(anchor(blob.name, blob.creation_time, blob.last_modified, content))
    except AzureError as error:
        gap = f"container {AUDIT_ANCHORS_CONTAINER} could not be read: {type(error).__name__}"
        return Seen(tuple(found), gap)
    return Seen(tuple(found))


async def _now(storage: AuditStorage) -> datetime:
    """Return the storage service's time; one's own, where it does not say."""
    dates: list[str] = []

    def look(response: Any) -> None:  # noqa: ANN401  the SDK's PipelineResponse
        dates.append(response.http_response.headers.get("Date", ""))

    try:
        client: Any = storage.tables.get_table_client(AUDIT_TABLE)
        async for _ in client.query_entities("RowKey eq 'head'", raw_response_hook=look):
            break
        return parsedate_to_datetime(dates[0])
    except (AzureError, ValueError, IndexError):
        return datetime.now(UTC)


def _where(rows: Seen[Row], is_wanted: Callable[[str], bool]) -> Seen[Row]:
    return Seen(tuple(row for row in rows if is_wanted(row["RowKey"])), rows.gap)


def _read[T](rows: Seen[Row], read: Callable[[Row], T]) -> Seen[T]:
    """Read rows; what cannot be understood is a gap, not a hole."""
    items, gap = list[T](), rows.gap
    for row in rows:
        try:
            items.append(read(row))
        except _NOT_UNDERSTOOD as error:
            gap = f"the row {row['RowKey'][:80]} cannot be read: {type(error).__name__}"
    return Seen(tuple(items), gap)
