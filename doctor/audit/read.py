"""Rows and blobs as they lie there, read without the product's own types."""

import json
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from doctor.audit.evidence import Anchor, Claim, Head, Link, Note, Request
from doctor.collect.rows import packed_text

type Row = Mapping[str, Any]
"""A row's columns, and `Timestamp`: when it was last written."""


def link(row: Row) -> Link:
    """Read a link of the chain. As all of these, raises KeyError, TypeError or ValueError for what is none."""
    return Link(int(row["RowKey"]), row["entryId"], row["previousHash"], row["hash"], packed_text(row))


def index_row(row: Row) -> tuple[str, int]:
    """Read a row of the index: entry id and number."""
    return row["RowKey"].removeprefix("id-"), int(row["number"])


def head(row: Row) -> Head:
    """Read the chain's head."""
    return Head(int(row["count"]), str(row["hash"]))


def note(row: Row) -> Note:
    """Read a row of the outbox."""
    return Note(row["RowKey"], packed_text(row))


def anchor(name: str, text: str) -> Anchor:
    """Read an anchor: its name is the day."""
    found = json.loads(text)
    return Anchor(date.fromisoformat(name.removesuffix(".json")), Head(int(found["count"]), str(found["head"])))


def request(row: Row) -> Request:
    """Read an operation record; its request's hash is worked out anew, as docs/audit.md says."""
    value = json.loads(packed_text(row))
    asked = value["request"]
    normalised = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    ended = [each["generation"] for each in value.get("earlier", ())]
    if value.get("answered_at"):
        ended.append(value["generation"])
    return Request(
        operation_id=value["id"],
        source=asked.get("source", "queue"),
        request_id=asked["requestId"],
        body_hash=value["body_hash"],
        request_hash=sha256(normalised.encode()).hexdigest(),
        ended=tuple(ended),
    )


def claim(row: Row) -> Claim:
    """Read a claim."""
    return Claim(row["source"], row["requestId"], row["operationId"], row.get("Timestamp"))
