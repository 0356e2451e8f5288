"""A look at the record misses nothing that is appended meanwhile, and what it cannot understand is a gap."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from azure.core.exceptions import HttpResponseError
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient

from doctor.audit.collect import collect
from doctor.audit.evidence import Link
from doctor.audit.storage import AuditStorage
from tests.unit.doctor.audit.record import chained, entries


class Row(dict[str, Any]):
    """A row as the SDK gives it out."""

    metadata: dict[str, Any] = {}  # noqa: RUF012  the SDK's own


class Tables:
    """Tables whose queries are answered one after the other, each with its own rows."""

    def __init__(self, **answers: list[list[Row]]) -> None:
        self.answers = answers
        self.asked: list[dict[str, Any]] = []

    def get_table_client(self, name: str) -> "_Table":
        return _Table(self, name)


class _Table:
    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name

    def list_entities(self) -> AsyncIterator[Row]:
        return self.query_entities("every row")

    async def query_entities(
        self, which: str, *, parameters: dict[str, Any] | None = None, raw_response_hook: object = None
    ) -> AsyncIterator[Row]:
        self._tables.asked.append(parameters or {})
        if raw_response_hook is not None:
            return
        answers = self._tables.answers.get(self._name)
        if answers is None:
            raise HttpResponseError(which)
        for row in answers.pop(0) if answers else []:
            yield row


class Blobs:
    """A container with these blobs."""

    def __init__(self, **texts: str) -> None:
        self.texts = {f"{name}.json": text for name, text in texts.items()}

    def get_container_client(self, _: str) -> "Blobs":
        return self

    async def list_blobs(self) -> AsyncIterator[Any]:
        at = datetime(2026, 11, 23, 0, 5, 1, tzinfo=UTC)
        for name, text in self.texts.items():
            yield SimpleNamespace(name=name, size=len(text), creation_time=at, last_modified=at)

    async def download_blob(self, name: str) -> Any:
        text = self.texts[name]

        class Content:
            async def readall(self) -> bytes:
                return text.encode()

        return Content()


def storage(tables: Tables, blobs: Blobs | None = None) -> AuditStorage:
    return AuditStorage(cast("TableServiceClient", tables), cast("BlobServiceClient", blobs or Blobs()))


def row(link: Link) -> Row:
    columns = {"entryId": link.entry_id, "previousHash": link.previous_hash, "hash": link.hash, "value0": link.text}
    return Row(PartitionKey="chain", RowKey=f"{link.number:012d}", **columns)


def head(link: Link) -> Row:
    return Row(PartitionKey="chain", RowKey="head", count=link.number, hash=link.hash)


async def test_links_that_came_before_the_head_was_read_are_read_after_it() -> None:
    links = chained(entries(2))
    tables = Tables(
        audit=[[*map(row, links[:2]), head(links[3])], [*map(row, links[2:])]], auditoutbox=[], operations=[]
    )
    evidence = await collect(storage(tables))
    assert evidence.links.items == links
    assert {"last": "000000000002", "end": "000000000004"} in tables.asked
    assert evidence.gaps == []


async def test_what_is_not_there_or_not_understood_is_a_gap_and_a_strange_blob_is_seen_as_one() -> None:
    bad = [Row(PartitionKey="chain", RowKey="000000000001"), Row(PartitionKey="chain", RowKey="head", count="many")]
    anchor = json.dumps({"count": 1, "head": "a", "at": "2026-11-23T00:05:00Z"})
    large = f'{{"at": "2026-11-23T00:05:00Z", "count": 1, "head": "{"a" * 5000}"}}'
    blobs = Blobs(**{"2026-11-23": anchor, "2026-11-24": "no anchor", "2026-11-25": large, "notes": anchor})
    record = Row(PartitionKey="operation-1", RowKey="record", value0="{}")
    evidence = await collect(storage(Tables(audit=[bad], operations=[[record]]), blobs))
    assert [gap.partition(" cannot")[0].partition(" could")[0] for gap in evidence.gaps] == [
        "the row 000000000001",
        "the row head",
        "table auditoutbox",
        "the row record",
    ]
    seen = {each.name: (str(each.day), each.content is not None, each.fault) for each in evidence.anchors}
    assert seen == {
        "2026-11-23.json": ("2026-11-23", True, "it is not an anchor"),
        "2026-11-24.json": ("2026-11-24", False, "it is not an anchor: JSONDecodeError"),
        "2026-11-25.json": ("2026-11-25", False, "it is too large for an anchor"),
        "notes.json": ("None", True, "it is not an anchor"),
    }
