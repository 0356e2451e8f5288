"""Parses rows and blobs as they are stored, without the product's own types."""

import json
import re
from datetime import date, datetime
from hashlib import sha256

from doctor.audit.evidence import Anchor, AnchorContent, AnchorReference, Claim, Head, Link, Note, Request
from doctor.collect.rows import Row, packed_text

LONGEST_ANCHOR = 4096
"""Bytes. An anchor has about 300."""
_ANCHOR = re.compile(r"(\d{4}-\d{2}-\d{2})(?:-([0-9a-f]{12}))?\.json")
_NOT_PARSED = (AttributeError, KeyError, TypeError, ValueError, RecursionError)


def link(row: Row) -> Link:
    """Parse a link of the chain. Like every parser here, raises KeyError, TypeError or ValueError for anything else."""
    return Link(
        int(row["RowKey"]), row["entryId"], row["previousHash"], row["hash"], packed_text(row), row.get("Timestamp")
    )


def index_row(row: Row) -> tuple[str, int]:
    """Parse a row of the index: entry id and number."""
    return row["RowKey"].removeprefix("id-"), int(row["number"])


def head(row: Row) -> Head:
    """Parse the chain's head."""
    return Head(int(row["count"]), str(row["hash"]))


def note(row: Row) -> Note:
    """Parse a row of the outbox."""
    return Note(row["RowKey"], packed_text(row))


def anchor(name: str, created: datetime, changed: datetime, text: bytes | None) -> Anchor:
    """Parse a blob of the anchors' container; `text` is None if it is too large for an anchor."""
    found = _ANCHOR.fullmatch(name)
    try:
        day = date.fromisoformat(found[1]) if found else None
    except ValueError:
        day = None
    suffix = (found[2] or "") if found else ""
    if text is None:
        return Anchor(name, day, created, changed, suffix, fault="it is too large for an anchor")
    try:
        content = _anchor_content(text)
    except _NOT_PARSED as error:
        return Anchor(name, day, created, changed, suffix, fault=f"it is not an anchor: {type(error).__name__}")
    return Anchor(name, day, created, changed, suffix, sha256(text).hexdigest(), content)


def _anchor_content(text: bytes) -> AnchorContent:
    found = json.loads(text.decode())
    at, before = datetime.fromisoformat(found["at"]), found.get("previous")
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    named = None if before is None else AnchorReference(str(before["day"]), str(before["sha256"]))
    return AnchorContent(Head(int(found["count"]), str(found["head"])), at, named, "previous" not in found)


def request(row: Row) -> Request:
    """Parse an operation record; its request's hash is computed again, as docs/audit.md describes."""
    value = json.loads(packed_text(row))
    asked = value["request"]
    content = _hash(asked)
    if asked.get("action") == "register":
        # A request that does not mention the consent has the hash of one that declines it, as in version 1.
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
    """Parse a claim."""
    earlier = tuple(str(operation_id) for operation_id, _ in json.loads(row.get("earlier") or "[]"))
    return Claim(row["source"], row["requestId"], row["operationId"], row.get("Timestamp"), earlier)
