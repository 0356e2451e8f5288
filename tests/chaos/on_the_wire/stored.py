"""What a stack has stored, and what a suite does to it between two calls."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueMessage

from tests.e2e.mailboxes import StorageMailboxes, open_mailboxes

_LONGEST_HOLD_SECONDS = 7 * 24 * 3600
_QUEUES = (
    "app-registrations",
    "webhook-requests",
    "app-registration-work",
    "credential-rotations",
    "approval-decisions",
    "ticket-updates",
)
_TABLES = ("unsettled", "cleanups")


def value_of(row: Mapping[str, Any]) -> str:
    """The record in a row."""
    return "".join(str(row.get(f"value{n}") or "") for n in range(9))


class StoredRecords:
    """A stack's queues, tables and blobs, as the emulator holds them."""

    def __init__(self, environment: Mapping[str, str], clients: ExitStack) -> None:
        connection = environment["AZURE_STORAGE_CONNECTION_STRING"]
        self._hidden = defaultdict[str, list[QueueMessage]](list)
        self.mailboxes = clients.enter_context(open_mailboxes(environment))
        self._tables: Any = clients.enter_context(TableServiceClient.from_connection_string(connection))
        self._blobs = clients.enter_context(BlobServiceClient.from_connection_string(connection))

    def put(self, queue: str, text: str) -> None:
        """Put on a queue what nobody gets an answer to."""
        self.mailboxes.put(queue, text.encode())

    def empty(self, queue: str) -> None:
        """Lose all messages of a queue, delayed and hidden ones too."""
        self.mailboxes.empty(queue)

    def hide(self, queue: str) -> None:
        """Hold all messages of a storage queue in hands, as somebody who reads them does for a while.

        On Service Bus nobody is in the way of kept messages: those of an operation are a session.
        """
        if not isinstance(self.mailboxes, StorageMailboxes):
            return
        messages = self._queue(queue).receive_messages(messages_per_page=32, visibility_timeout=_LONGEST_HOLD_SECONDS)
        self._hidden[queue].extend(messages)

    def show_all(self) -> None:
        """Give all messages back."""
        for queue in self._hidden:
            self.show(queue, "")

    def show(self, queue: str, text: str) -> None:
        """Give those messages back that contain a text."""
        for message in [each for each in self._hidden[queue] if text in each.content]:
            self._hidden[queue].remove(message)
            try:
                self._queue(queue).update_message(message, visibility_timeout=0)
            except HttpResponseError as error:
                # The clock has run past the time for which it was held: it is back already.
                if error.error_code not in ("PopReceiptMismatch", "MessageNotFound"):  # pyright: ignore
                    raise

    def record(self, request_id: str) -> dict[str, Any] | None:
        """The row of an operation, as the operations table shows it; of several forms the one that stands."""
        rows = self._records("requestId eq @it", request_id)
        return next((row for row in rows if '"replaced_by":{' not in value_of(row)), None)

    def own_record(self, unique_name: str) -> dict[str, Any] | None:
        """The row of the operation that the registrar asked itself for."""
        return next(self._records("source eq 'registrar' and uniqueName eq @it", unique_name), None)

    def _records(self, which: str, it: str) -> Iterator[dict[str, Any]]:
        table = self._tables.get_table_client("operations")
        rows = table.query_entities(f"RowKey eq 'record' and {which}", parameters={"it": it})
        return (dict(row) for row in rows)

    def due_days(self, unique_name: str) -> list[str]:
        """The days under which an app stands in the index of what is due."""
        rows = self._due(unique_name)
        return sorted(row["PartitionKey"].partition("-")[0] for row in rows)

    def forget_due(self, unique_name: str) -> None:
        """Lose an app's rows of the index."""
        table = self._tables.get_table_client("due")
        for row in self._due(unique_name):
            table.delete_entity(row["PartitionKey"], row["RowKey"])

    def list_due(self, partition: str, row: str, columns: dict[str, Any]) -> None:
        """Put a row into the index."""
        entity = {"PartitionKey": partition, "RowKey": row, "schemaVersion": "1", **columns}
        self._tables.get_table_client("due").upsert_entity(entity)

    def report_as_of(self) -> dict[str, datetime]:
        """Of which moment each format of the newest report is."""
        blobs = self._blobs.get_container_client("reports").list_blobs(include=["metadata"])
        # A listing shows names of metadata in lower case, here and there.
        texts = ((blob.name, {name.lower(): text for name, text in (blob.metadata or {}).items()}) for blob in blobs)
        return {name: datetime.fromisoformat(metadata["asof"]) for name, metadata in texts}

    def noted(self) -> int:
        """How many entries wait for their place in the audit chain."""
        return self._rows("auditoutbox")

    def anchored_days(self) -> set[str]:
        """The days on which the audit chain was anchored; with a hash behind it, where the day's name was taken."""
        return {
            blob.name.removesuffix(".json") for blob in self._blobs.get_container_client("audit-anchors").list_blobs()
        }

    def _due(self, unique_name: str) -> list[dict[str, Any]]:
        table = self._tables.get_table_client("due")
        rows = table.query_entities("uniqueName eq @it", parameters={"it": unique_name})
        return [dict(row) for row in rows]

    def _what_waits(self) -> str:
        waiting = [f"queue {name}" for name in _QUEUES if self.mailboxes.count(name)]
        waiting += [f"table {name}" for name in _TABLES if self._rows(name)]
        return ", ".join(waiting)

    def _rows(self, table: str) -> int:
        return sum(1 for _ in self._tables.get_table_client(table).list_entities(select=["RowKey"]))

    def _queue(self, name: str) -> QueueClient:
        assert isinstance(self.mailboxes, StorageMailboxes)
        return self.mailboxes.queues.get_queue_client(name)
