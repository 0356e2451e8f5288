"""Reads the registrar's tables, and peeks at its queues."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azure.core.exceptions import AzureError
from azure.data.tables.aio import TableServiceClient

from doctor.collect import rows
from doctor.collect.access import Access
from doctor.collect.azure_storage import read_table, service_time
from doctor.collect.leaks import Text
from doctor.collect.rows import NOT_PARSED, Row, packed_text
from doctor.evidence import (
    AppOwner,
    AuditEntry,
    Claim,
    Cleanup,
    GivenUpMessage,
    KeptMessage,
    PendingRemoval,
    Record,
    Seen,
    Unsettled,
    WorkMessage,
)
from queues.broker import Broker, Kind, Message, Place, place_of
from shared.core.naming import (
    APPLICATIONS_TABLE,
    AUDIT_OUTBOX_TABLE,
    AUDIT_TABLE,
    BACKOFF_TABLE,
    CLEANUPS_TABLE,
    DUE_TABLE,
    OPERATIONS_TABLE,
    REQUEST_COUNTS_TABLE,
    TICKET_UPDATES_TABLE,
    UNSETTLED_TABLE,
    WORK_QUEUE,
    is_claim_row,
)

_TABLES: tuple[str, ...] = (
    OPERATIONS_TABLE,
    UNSETTLED_TABLE,
    CLEANUPS_TABLE,
    APPLICATIONS_TABLE,
    BACKOFF_TABLE,
    DUE_TABLE,
    REQUEST_COUNTS_TABLE,
    AUDIT_OUTBOX_TABLE,
    AUDIT_TABLE,
    TICKET_UPDATES_TABLE,
)


@dataclass(frozen=True)
class Storage:
    """The parsed tables and queues, the same as text for the leak search, and the service's time."""

    now: datetime
    records: Seen[Record]
    claims: Seen[Claim]
    unsettled: Seen[Unsettled]
    cleanups: Seen[Cleanup]
    pending_removals: Seen[PendingRemoval]
    owners: Seen[AppOwner]
    audit_entries: Seen[AuditEntry]
    pause: Seen[datetime]
    kept: Seen[KeptMessage]
    given_up: Seen[GivenUpMessage]
    work: Seen[WorkMessage]
    texts: list[Text]


async def read_storage(access: Access) -> Storage:
    """Read the tables and peek at the queues."""
    tables = dict(
        zip(_TABLES, await asyncio.gather(*(read_table(access.tables, name) for name in _TABLES)), strict=True)
    )
    places = access.broker.places
    looks = await asyncio.gather(*(_look(access.broker, place) for place in places))
    messages = dict(zip(places, looks, strict=True))
    kept = messages[place_of(access.broker, Kind.KEPT)]
    operations = tables[OPERATIONS_TABLE]
    return Storage(
        now=await _now(access.tables),
        records=_parsed(_with_key(operations, "record"), rows.record),
        claims=_parsed(
            Seen(tuple(row for row in operations if is_claim_row(row["RowKey"])), operations.gap), rows.claim
        ),
        unsettled=_parsed(tables[UNSETTLED_TABLE], rows.unsettled),
        cleanups=_parsed(tables[CLEANUPS_TABLE], rows.cleanup),
        pending_removals=_parsed(tables[APPLICATIONS_TABLE], rows.pending_removal),
        owners=_parsed(tables[APPLICATIONS_TABLE], rows.app_owner),
        audit_entries=_audit_entries(tables[AUDIT_OUTBOX_TABLE], tables[AUDIT_TABLE]),
        pause=_parsed(tables[BACKOFF_TABLE], rows.pause),
        kept=Seen(
            tuple(parsed for message in kept if (parsed := rows.kept_message(message.text))), kept.gap, kept.hidden
        ),
        given_up=_given_up(messages),
        work=_parsed(_due_work(messages), lambda message: rows.work_message(message.text)),
        texts=[
            *((f"table {name}, {row['PartitionKey']}", str(row)) for name, found in tables.items() for row in found),
            *((f"queue {place.name}", message.text) for place, found in messages.items() for message in found),
        ],
    )


async def _look(broker: Broker, place: Place) -> Seen[Message]:
    try:
        seen = await broker.look(place)
    except AzureError as error:
        return Seen(gap=f"queue {place.name} could not be read: {type(error).__name__}")
    return Seen(seen.messages, hidden=seen.more)


async def _now(tables: TableServiceClient) -> datetime:
    client: Any = tables.get_table_client(OPERATIONS_TABLE)

    async def read_one(hook: Callable[[Any], None]) -> None:
        async for _ in client.query_entities("RowKey eq 'record'", results_per_page=1, raw_response_hook=hook):
            break

    return await service_time(read_one)


def _due_work(messages: Mapping[Place, Seen[Message]]) -> Seen[Message]:
    """Work that waits now: Service Bus shows what it delivers later, too, which keeps nobody from sending another."""
    (found,) = (seen for place, seen in messages.items() if place.name == WORK_QUEUE)
    return Seen(tuple(message for message in found if message.due is None), found.gap, found.hidden)


def _audit_entries(outbox: Seen[Row], chain: Seen[Row]) -> Seen[AuditEntry]:
    """Parse the entries of the audit record; `make audit-verify` checks whether they were altered."""
    texts = [packed_text(row) for row in (*outbox, *chain)]
    found = {entry for text in texts if (entry := rows.audit_entry(text)) is not None}
    return Seen(tuple(found), outbox.gap or chain.gap)


def _given_up(messages: Mapping[Place, Seen[Message]]) -> Seen[GivenUpMessage]:
    """What the host gave up on; on storage, what it puts among what the app keeps, too."""
    found = {place: seen for place, seen in messages.items() if place.kind in (Kind.KEPT, Kind.GIVEN_UP)}
    return Seen(
        tuple(
            GivenUpMessage(place.name, message.since)
            for place, seen in found.items()
            for message in seen
            if rows.kept_message(message.text) is None
        ),
        next((seen.gap for seen in found.values() if seen.gap), None),
    )


def _with_key(found: Seen[Row], row_key: str) -> Seen[Row]:
    return Seen(tuple(row for row in found if row["RowKey"] == row_key), found.gap)


def _parsed[S, T](found: Seen[S], parse: Callable[[S], T]) -> Seen[T]:
    """Parse rows or messages; one that cannot be parsed is reported as a gap, not left out silently."""
    items, gap = list[T](), found.gap
    for raw in found:
        try:
            items.append(parse(raw))
        except NOT_PARSED as error:
            gap = f"a row or message cannot be read: {type(error).__name__} {error} ({str(raw)[:80]})"
    return Seen(tuple(items), gap, found.hidden)
