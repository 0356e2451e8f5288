"""Reads the registrar's tables, and peeks at its queues."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from azure.core.exceptions import AzureError
from azure.storage.queue.aio import QueueServiceClient

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
"""The most messages that one peek returns (Microsoft Learn, "Peek Messages")."""


@dataclass(frozen=True)
class Message:
    """A message as a peek shows it."""

    text: str
    inserted: datetime | None


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
    queues = dict(zip(_QUEUES, await asyncio.gather(*(_peek(access.queues, name) for name in _QUEUES)), strict=True))
    operations = tables[OPERATIONS_TABLE]
    results = access.queues.get_queue_client(RESULTS_QUEUE)
    return Storage(
        now=await service_time(lambda hook: results.get_queue_properties(raw_response_hook=hook)),
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
            tuple(kept for message in queues[POISON_QUEUE] if (kept := rows.kept_message(message.text))),
            queues[POISON_QUEUE].gap,
            queues[POISON_QUEUE].hidden,
        ),
        given_up=_given_up(queues),
        work=_parsed(queues[WORK_QUEUE], lambda message: rows.work_message(message.text)),
        texts=[
            *((f"table {name}, {row['PartitionKey']}", str(row)) for name, found in tables.items() for row in found),
            *((f"queue {name}", message.text) for name, found in queues.items() for message in found),
        ],
    )


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


def _audit_entries(outbox: Seen[Row], chain: Seen[Row]) -> Seen[AuditEntry]:
    """Parse the entries of the audit record; `make audit-verify` checks whether they were altered."""
    texts = [packed_text(row) for row in (*outbox, *chain)]
    found = {entry for text in texts if (entry := rows.audit_entry(text)) is not None}
    return Seen(tuple(found), outbox.gap or chain.gap)


def _given_up(queues: Mapping[str, Seen[Message]]) -> Seen[GivenUpMessage]:
    found = {name: queues[name] for name in _POISON_QUEUES}
    return Seen(
        tuple(
            GivenUpMessage(name, message.inserted)
            for name, messages in found.items()
            for message in messages
            if rows.kept_message(message.text) is None
        ),
        next((messages.gap for messages in found.values() if messages.gap), None),
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
