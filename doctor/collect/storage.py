"""The registrar's tables and queues: rows are read, messages only peeked at."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from azure.core.exceptions import AzureError
from azure.storage.queue.aio import QueueServiceClient

from doctor.collect import rows
from doctor.collect.access import Access
from doctor.collect.leaks import Text
from doctor.collect.rows import Row, packed_text
from doctor.evidence import Claim, Cleanup, GivenUp, Kept, Leaving, Noted, Owned, Record, Seen, Unsettled, Work
from shared.core.naming import (
    APPLICATIONS_TABLE,
    AUDIT_OUTBOX_TABLE,
    AUDIT_TABLE,
    BACKOFF_TABLE,
    CLEANUPS_TABLE,
    DECISIONS_POISON_QUEUE,
    DECISIONS_QUEUE,
    DUE_TABLE,
    EVENTS_QUEUE,
    OPERATIONS_TABLE,
    POISON_QUEUE,
    REQUEST_COUNTS_TABLE,
    RESULTS_QUEUE,
    ROTATIONS_POISON_QUEUE,
    ROTATIONS_QUEUE,
    TICKET_UPDATES_POISON_QUEUE,
    TICKET_UPDATES_QUEUE,
    TICKET_UPDATES_TABLE,
    UNSETTLED_TABLE,
    WEBHOOK_REQUESTS_POISON_QUEUE,
    WEBHOOK_REQUESTS_QUEUE,
    WORK_POISON_QUEUE,
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
_POISON_QUEUES: tuple[str, ...] = (
    POISON_QUEUE,
    WEBHOOK_REQUESTS_POISON_QUEUE,
    WORK_POISON_QUEUE,
    ROTATIONS_POISON_QUEUE,
    TICKET_UPDATES_POISON_QUEUE,
    DECISIONS_POISON_QUEUE,
)
_QUEUES: tuple[str, ...] = (
    *_POISON_QUEUES,
    WEBHOOK_REQUESTS_QUEUE,
    WORK_QUEUE,
    ROTATIONS_QUEUE,
    TICKET_UPDATES_QUEUE,
    DECISIONS_QUEUE,
    RESULTS_QUEUE,
    EVENTS_QUEUE,
)
_PEEK = 32
"""What a storage queue shows at most (Microsoft Learn, "Peek Messages")."""


@dataclass(frozen=True)
class Message:
    """A message as a peek shows it."""

    text: str
    inserted: datetime | None


@dataclass(frozen=True)
class Storage:
    """What the tables and queues show, all of it as texts for the leak search, and the service's time."""

    now: datetime
    records: Seen[Record]
    claims: Seen[Claim]
    unsettled: Seen[Unsettled]
    cleanups: Seen[Cleanup]
    leaving: Seen[Leaving]
    owned: Seen[Owned]
    noted: Seen[Noted]
    pause: Seen[datetime]
    kept: Seen[Kept]
    given_up: Seen[GivenUp]
    work: Seen[Work]
    texts: list[Text]


async def storage(access: Access) -> Storage:
    """Read the tables and peek at the queues."""
    tables = dict(zip(_TABLES, await asyncio.gather(*(_rows(access, name) for name in _TABLES)), strict=True))
    queues = dict(zip(_QUEUES, await asyncio.gather(*(_peek(access.queues, name) for name in _QUEUES)), strict=True))
    operations = tables[OPERATIONS_TABLE]
    return Storage(
        now=await _now(access.queues),
        records=_read(_keyed(operations, "record"), rows.record),
        claims=_read(Seen(tuple(row for row in operations if is_claim_row(row["RowKey"])), operations.gap), rows.claim),
        unsettled=_read(tables[UNSETTLED_TABLE], rows.unsettled),
        cleanups=_read(tables[CLEANUPS_TABLE], rows.cleanup),
        leaving=_read(tables[APPLICATIONS_TABLE], rows.leaving),
        owned=_read(tables[APPLICATIONS_TABLE], rows.owned),
        noted=_noted(tables[AUDIT_OUTBOX_TABLE], tables[AUDIT_TABLE]),
        pause=_read(tables[BACKOFF_TABLE], rows.pause),
        kept=Seen(
            tuple(kept for message in queues[POISON_QUEUE] if (kept := rows.kept(message.text))),
            queues[POISON_QUEUE].gap,
            queues[POISON_QUEUE].hidden,
        ),
        given_up=_given_up(queues),
        work=_read(queues[WORK_QUEUE], lambda message: rows.work(message.text)),
        texts=[
            *((f"table {name}, {row['PartitionKey']}", str(row)) for name, found in tables.items() for row in found),
            *((f"queue {name}", message.text) for name, found in queues.items() for message in found),
        ],
    )


async def _now(queues: QueueServiceClient) -> datetime:
    """Return the storage service's time, by which leases and delays run; one's own, where it does not say."""
    dates: list[str] = []

    def look(response: Any) -> None:  # noqa: ANN401  the SDK's PipelineResponse
        dates.append(response.http_response.headers.get("Date", ""))

    try:
        await queues.get_queue_client(RESULTS_QUEUE).get_queue_properties(raw_response_hook=look)
        return parsedate_to_datetime(dates[0])
    except (AzureError, ValueError, IndexError):
        return datetime.now(UTC)


async def _rows(access: Access, table: str) -> Seen[Row]:
    found: list[Row] = []
    try:
        client: Any = access.tables.get_table_client(table)
        async for entity in client.list_entities():
            found.append({**entity, "Timestamp": entity.metadata.get("timestamp")})
    except AzureError as error:
        return Seen(tuple(found), gap=f"table {table} could not be read: {type(error).__name__}")
    return Seen(tuple(found))


async def _peek(queues: QueueServiceClient, name: str) -> Seen[Message]:
    try:
        async with queues.get_queue_client(name) as client:
            messages = await client.peek_messages(_PEEK)
            count = (await client.get_queue_properties()).approximate_message_count or 0
    except AzureError as error:
        return Seen(gap=f"queue {name} could not be read: {type(error).__name__}")
    more = (
        f"queue {name}: only {len(messages)} of about {count} messages are visible" if count > len(messages) else None
    )
    return Seen(tuple(Message(message.content, message.inserted_on) for message in messages), hidden=more)


def _noted(outbox: Seen[Row], chain: Seen[Row]) -> Seen[Noted]:
    """Read the entries of the audit record; whether they were altered is for `make audit-verify` to say."""
    texts = [packed_text(row) for row in (*outbox, *chain)]
    found = {noted for text in texts if (noted := rows.noted(text)) is not None}
    return Seen(tuple(found), outbox.gap or chain.gap)


def _given_up(queues: Mapping[str, Seen[Message]]) -> Seen[GivenUp]:
    found = {name: queues[name] for name in _POISON_QUEUES}
    return Seen(
        tuple(
            GivenUp(name, message.inserted)
            for name, messages in found.items()
            for message in messages
            if rows.kept(message.text) is None
        ),
        next((messages.gap for messages in found.values() if messages.gap), None),
    )


def _keyed(found: Seen[Row], row_key: str) -> Seen[Row]:
    return Seen(tuple(row for row in found if row["RowKey"] == row_key), found.gap)


def _read[S, T](found: Seen[S], read: Callable[[S], T]) -> Seen[T]:
    """Read rows or messages; what cannot be read is a gap, not a hole."""
    items, gap = list[T](), found.gap
    for raw in found:
        try:
            items.append(read(raw))
        except (KeyError, TypeError, ValueError) as error:
            gap = f"a row or message cannot be read: {type(error).__name__} {error} ({str(raw)[:80]})"
    return Seen(tuple(items), gap, found.hidden)
