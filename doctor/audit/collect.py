"""Reads the audit record and what it is compared with: tables and blobs only; nothing is changed.

The order matters while the app is running. Anchors first: what they refer to is in the chain by then. Then records,
then the outbox, then the chain: entries move in this order, so none is missed between two reads.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from azure.core.exceptions import AzureError

from doctor.audit.evidence import Anchor, AuditEvidence, Link
from doctor.audit.rows import LONGEST_ANCHOR, anchor, claim, head, index_row, link, note, request
from doctor.audit.storage import AuditStorage
from doctor.collect.azure_storage import read_table, service_time
from doctor.collect.rows import NOT_PARSED, Row
from doctor.evidence import Seen
from shared.core.naming import (
    AUDIT_ANCHORS_CONTAINER,
    AUDIT_OUTBOX_TABLE,
    AUDIT_TABLE,
    OPERATIONS_TABLE,
    is_claim_row,
)


async def collect(storage: AuditStorage) -> AuditEvidence:
    """Read everything once. What cannot be read is a gap of the evidence; nothing is raised for it."""
    anchors = await _anchors(storage)
    operations = await read_table(storage.tables, OPERATIONS_TABLE)
    notes = await read_table(storage.tables, AUDIT_OUTBOX_TABLE)
    chain = await _chain(storage)
    return AuditEvidence(
        now=await _now(storage),
        links=_parsed(_where(chain, lambda key: key[:1].isdigit()), link),
        index=_parsed(_where(chain, lambda key: key.startswith("id-")), index_row),
        head=_parsed(_where(chain, lambda key: key == "head"), head),
        anchors=anchors,
        notes=_parsed(notes, note),
        requests=_parsed(_where(operations, lambda key: key == "record"), request),
        claims=_parsed(_where(operations, is_claim_row), claim),
    )


async def collect_links(storage: AuditStorage) -> Seen[Link]:
    """Read only the chain, in its order."""
    found = _parsed(_where(await _chain(storage), lambda key: key[:1].isdigit()), link)
    return Seen(tuple(sorted(found, key=lambda each: each.number)), found.gap)


async def _chain(storage: AuditStorage) -> Seen[Row]:
    """Read the partition with links, head and index; then the links that were appended before the head was read.

    Rows come in the order of their keys, the links before the head: it may count links that were appended meanwhile.
    """
    rows = await read_table(storage.tables, AUDIT_TABLE)
    ends = [int(row["count"]) for row in rows if row["RowKey"] == "head" and str(row.get("count", "")).isdigit()]
    last = max((row["RowKey"] for row in rows if row["RowKey"][:1].isdigit()), default="")
    if not ends or last >= f"{ends[0]:012d}":
        return rows
    newer = "RowKey gt @last and RowKey le @end"
    more = await read_table(storage.tables, AUDIT_TABLE, newer, {"last": last, "end": f"{ends[0]:012d}"})
    return Seen((*rows, *more), rows.gap or more.gap)


async def _anchors(storage: AuditStorage) -> Seen[Anchor]:
    """Read every blob; one that is not an anchor is foreign, not a gap."""
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
    client: Any = storage.tables.get_table_client(AUDIT_TABLE)

    async def read_head(hook: Callable[[Any], None]) -> None:
        async for _ in client.query_entities("RowKey eq 'head'", raw_response_hook=hook):
            break

    return await service_time(read_head)


def _where(rows: Seen[Row], is_wanted: Callable[[str], bool]) -> Seen[Row]:
    return Seen(tuple(row for row in rows if is_wanted(row["RowKey"])), rows.gap)


def _parsed[T](rows: Seen[Row], parse: Callable[[Row], T]) -> Seen[T]:
    """Parse rows; one that cannot be parsed is reported as a gap, not left out silently."""
    items, gap = list[T](), rows.gap
    for row in rows:
        try:
            items.append(parse(row))
        except NOT_PARSED as error:
            gap = f"the row {row['RowKey'][:80]} cannot be read: {type(error).__name__}"
    return Seen(tuple(items), gap)
