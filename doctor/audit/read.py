"""Rows and blobs as they lie there, read without the product's own types."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from doctor.audit.evidence import Anchor, Claim, Head, Link, Named, Note, Request, Said
from doctor.collect.rows import packed_text

type Row = Mapping[str, Any]
"""A row's columns, and `Timestamp`: when it was last written."""
LONGEST_ANCHOR = 4096
"""Bytes. An anchor has some 300."""
_ANCHOR = re.compile(r"(\d{4}-\d{2}-\d{2})(?:-([0-9a-f]{12}))?\.json")
_NOT_UNDERSTOOD = (AttributeError, KeyError, TypeError, ValueError, RecursionError)


def link(row: Row) -> Link:
    """Read a link of the chain. As all of these, raises KeyError, TypeError or ValueError for anything else."""
    return Link(
        int(row["RowKey"]), row["entryId"], row["previousHash"], row["hash"], packed_text(row), row.get("Timestamp")
    )


def index_row(row: Row) -> tuple[str, int]:
    """Read a row of the index: entry id and number."""
    return row["RowKey"].removeprefix("id-"), int(row["number"])


def head(row: Row) -> Head:
    """Read the chain's head."""
    return Head(int(row["count"]), str(row["hash"]))


def note(row: Row) -> Note:
    """Read a row of the outbox."""
    return Note(row["RowKey"], packed_text(row))


def anchor(name: str, created: datetime, changed: datetime, content: bytes | None) -> Anchor:
    """Read a blob among the anchors, whoever wrote it; `content` None: it is too large for an anchor."""
    found = _ANCHOR.fullmatch(name)
    try:
        day = date.fromisoformat(found[1]) if found else None
    except ValueError:
        day = None
    suffix = (found[2] or "") if found else ""
    if content is None:
        return Anchor(name, day, created, changed, suffix, fault="it is too large for an anchor")
    try:
        said = _said(content)
    except _NOT_UNDERSTOOD as error:
        return Anchor(name, day, created, changed, suffix, fault=f"it is not an anchor: {type(error).__name__}")
    return Anchor(name, day, created, changed, suffix, sha256(content).hexdigest(), said)


def _said(content: bytes) -> Said:
    found = json.loads(content.decode())
    at, before = datetime.fromisoformat(found["at"]), found.get("previous")
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    named = None if before is None else Named(str(before["day"]), str(before["sha256"]))
    return Said(Head(int(found["count"]), str(found["head"])), at, named, "previous" not in found)


def request(row: Row) -> Request:
    """Read an operation record; its request's hash is worked out anew, as docs/audit.md says."""
    value = json.loads(packed_text(row))
    asked = value["request"]
    content = _hash(asked)
    if asked.get("action") == "register":
        # What says nothing of the consent has the hash of what says no, as in version 1.
        asked = asked | {"application": {"adminConsent": False} | asked["application"]}
    ended = [each["generation"] for each in value.get("earlier", ())]
    if value.get("answered_at"):
        ended.append(value["generation"])
    return Request(
        operation_id=value["id"],
        source=asked.get("source", "queue"),
        request_id=asked["requestId"],
        body_hash=value["body_hash"],
        request_hash=_hash(asked),
        content_hash=content,
        ended=tuple(ended),
    )


def _hash(asked: Row) -> str:
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def claim(row: Row) -> Claim:
    """Read a claim."""
    earlier = tuple(str(operation_id) for operation_id, _ in json.loads(row.get("earlier") or "[]"))
    return Claim(row["source"], row["requestId"], row["operationId"], row.get("Timestamp"), earlier)
