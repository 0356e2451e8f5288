"""The audit record and what it is compared with, as read: immutable, with explicit gaps."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, cast

from doctor.evidence import Seen
from doctor.times import parse_time_or_none

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class EntryContent:
    """The fields of an entry that the judgement needs; empty if its text cannot be read."""

    kind: str = ""
    entry_id: str = ""
    at: datetime | None = None
    operation_id: str = ""
    generation: int = 0
    request_hash: str = ""
    content_hash: str = ""
    """The content's hash where it differs: for a request that does not mention consent."""
    request_id: str = ""
    source: str = ""


@dataclass(frozen=True)
class Link:
    """One link of the chain, as stored; `written` is the row's timestamp, by the service's clock."""

    number: int
    entry_id: str
    previous_hash: str
    hash: str
    text: str
    written: datetime | None = None

    @cached_property
    def content(self) -> EntryContent:
        """The parsed entry."""
        return _entry_content(self.text)


@dataclass(frozen=True)
class Head:
    """The end of the chain according to its head row."""

    count: int
    hash: str


@dataclass(frozen=True)
class AnchorReference:
    """An anchor's reference to its predecessor: the day, and the SHA-256 of its text."""

    day: str
    digest: str


@dataclass(frozen=True)
class AnchorContent:
    """An anchor's parsed text; `is_first_form` marks those from before anchors named their predecessor."""

    head: Head
    at: datetime
    previous: AnchorReference | None = None
    is_first_form: bool = False


@dataclass(frozen=True)
class Anchor:
    """A blob in the anchors' container, of any origin. `created` and `changed` are the service's times.

    `day` is None if the name is not an anchor's; `suffix` is what follows the day, the beginning of the text's digest.
    `content` is None if the blob is not an anchor; `fault` says why.
    """

    name: str
    day: date | None
    created: datetime
    changed: datetime
    suffix: str = ""
    digest: str = ""
    content: AnchorContent | None = None
    fault: str = "it is not an anchor"


@dataclass(frozen=True)
class Note:
    """A row of the outbox."""

    row: str
    text: str

    @cached_property
    def content(self) -> EntryContent:
        """The parsed entry."""
        return _entry_content(self.text)


@dataclass(frozen=True)
class Request:
    """The part of an operation record that the audit record has to agree with.

    `request_hash` is computed from the stored request, `body_hash` is the hash that the record states;
    `content_hash` differs from it where the request does not mention consent.
    """

    operation_id: str
    source: str
    request_id: str
    body_hash: str
    request_hash: str
    content_hash: str
    ended: tuple[int, ...]
    """Generations whose answers were delivered."""


@dataclass(frozen=True)
class Claim:
    """The binding of (source, requestId) to an operation."""

    source: str
    request_id: str
    operation_id: str
    at: datetime | None
    earlier: tuple[str, ...] = ()
    """Operations of earlier versions of the same ticket's form that this one replaced."""


@dataclass(frozen=True)
class AuditEvidence:
    """One snapshot. `index` is (entry id, number), `head` at most one; `now` is the storage service's time."""

    now: datetime
    links: Seen[Link]
    index: Seen[tuple[str, int]]
    head: Seen[Head]
    anchors: Seen[Anchor]
    notes: Seen[Note]
    requests: Seen[Request]
    claims: Seen[Claim]

    @property
    def gaps(self) -> list[str]:
        """What could not be read, or not completely."""
        seen = (self.links, self.index, self.head, self.anchors, self.notes, self.requests, self.claims)
        return list(dict.fromkeys(each.gap for each in seen if each.gap))

    @property
    def can_be_compared(self) -> bool:
        """Return whether all entries were read, so that one that is missing does not exist."""
        return self.links.is_whole and self.notes.is_whole

    def entries(self) -> Iterator[EntryContent]:
        """Yield all entries, those in the chain and those still in the outbox."""
        yield from (link.content for link in self.links)
        yield from (note.content for note in self.notes)


def _entry_content(text: str) -> EntryContent:
    """Parse an entry's text; empty for what is not an entry."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return EntryContent()
    entry = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    about: object = entry.get("what")
    what = cast("Mapping[str, Any]", about) if isinstance(about, dict) else _NOTHING
    generation: object = what.get("generation")
    return EntryContent(
        kind=str(entry.get("kind", "")),
        entry_id=str(entry.get("id", "")),
        at=parse_time_or_none(str(entry.get("at", ""))),
        operation_id=str(what.get("operationId", "")),
        generation=generation if isinstance(generation, int) else 0,
        request_hash=str(what.get("requestHash", "")),
        content_hash=str(what.get("contentHash", "")),
        request_id=str(what.get("requestId", "")),
        source=str(what.get("source", "")),
    )
