"""What was seen of the audit record, and of what it is compared with: frozen, and honest about gaps."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, cast

from doctor.evidence import Seen
from doctor.moments import moment

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Told:
    """What an entry's text says, as far as the judgement asks; empty where it cannot be read."""

    kind: str = ""
    entry_id: str = ""
    at: datetime | None = None
    operation_id: str = ""
    generation: int = 0
    request_hash: str = ""
    content_hash: str = ""
    """Where it is another: of a request that says nothing of the consent."""
    request_id: str = ""
    source: str = ""


@dataclass(frozen=True)
class Link:
    """One link of the chain, as its row shows it; `written` is when the row last was, by the service's clock."""

    number: int
    entry_id: str
    previous_hash: str
    hash: str
    text: str
    written: datetime | None = None

    @cached_property
    def told(self) -> Told:
        """What its entry says."""
        return read(self.text)


@dataclass(frozen=True)
class Head:
    """Where the chain ends, as its head row says."""

    count: int
    hash: str


@dataclass(frozen=True)
class Named:
    """An anchor as the next one names it: its day, and the SHA-256 of its text."""

    day: str
    digest: str


@dataclass(frozen=True)
class Said:
    """What an anchor's text says; `is_first_form` is of those from before anchors named the one before them."""

    head: Head
    at: datetime
    previous: Named | None = None
    is_first_form: bool = False


@dataclass(frozen=True)
class Anchor:
    """A blob among the anchors, by whomever. `created` and `changed` are the service's; `said` None: see `fault`.

    `day` is None for a name that is no anchor's; `suffix` is what follows the day, the beginning of the text's digest.
    """

    name: str
    day: date | None
    created: datetime
    changed: datetime
    suffix: str = ""
    digest: str = ""
    said: Said | None = None
    fault: str = "it is not an anchor"


@dataclass(frozen=True)
class Note:
    """A row of the outbox."""

    row: str
    text: str

    @cached_property
    def told(self) -> Told:
        """What its entry says."""
        return read(self.text)


@dataclass(frozen=True)
class Request:
    """An operation record, as far as the audit record has to agree with it.

    `request_hash` is of the request as it lies in the record, `body_hash` what the record says that it is;
    `content_hash` is another than that where the request says nothing of the consent.
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
    """Operations of earlier forms of the same ticket, whose place this one took."""


@dataclass(frozen=True)
class AuditEvidence:
    """One look. `index` is numbers by entry id, `head` at most one; `now` is by the storage service's clock."""

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
        """Say what could not be read, or not to its end."""
        seen = (self.links, self.index, self.head, self.anchors, self.notes, self.requests, self.claims)
        return list(dict.fromkeys(each.gap for each in seen if each.gap))

    @property
    def can_be_compared(self) -> bool:
        """Return whether an entry that is not here does not exist."""
        return self.links.is_whole and self.notes.is_whole

    def told(self) -> Iterator[Told]:
        """List what all entries say, those in the chain and those on their way there."""
        yield from (link.told for link in self.links)
        yield from (note.told for note in self.notes)


def read(text: str) -> Told:
    """Read an entry's text; what is no entry tells nothing."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return Told()
    entry = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    about: object = entry.get("what")
    what = cast("Mapping[str, Any]", about) if isinstance(about, dict) else _NOTHING
    generation: object = what.get("generation")
    return Told(
        kind=str(entry.get("kind", "")),
        entry_id=str(entry.get("id", "")),
        at=moment(str(entry.get("at", ""))),
        operation_id=str(what.get("operationId", "")),
        generation=generation if isinstance(generation, int) else 0,
        request_hash=str(what.get("requestHash", "")),
        content_hash=str(what.get("contentHash", "")),
        request_id=str(what.get("requestId", "")),
        source=str(what.get("source", "")),
    )
