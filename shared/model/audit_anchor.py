"""Anchors: the chain's head on a day, in immutable storage; and the check whether an anchor is our own. Pure.

An anchor's blob is named after its day, `2026-11-23.json`. If that name is taken, the registrar appends the start of
the hash of the anchor's text, which cannot be predicted: `2026-11-23-0f3c5e7a9b1d.json`.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from shared.core.text import utc_text
from shared.model.audit_chain import NOTHING, Head
from shared.model.audit_entry import canonical

LONGEST = 4096
"""Maximum bytes of an anchor's text; the registrar's own have some 300."""
_TOLERANCE = timedelta(minutes=15)
"""Allowance for clock skew between the worker and the storage service, and for the time to write an anchor."""
_DAY = timedelta(days=1)
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:-([0-9a-f]{12}))?\.json")
_FIELDS = frozenset({"count", "head", "at"})


@dataclass(frozen=True)
class Named:
    """Reference to an anchor from the next one: its day, and the SHA-256 of its text in hex."""

    day: str
    sha256: str


@dataclass(frozen=True)
class Anchor:
    """The chain's head at time `at`; `previous` is the anchor before it, None for the first.

    `is_first_form` marks anchors written before anchors referred to their predecessor.
    """

    head: Head
    at: datetime
    previous: Named | None = None
    is_first_form: bool = False

    @property
    def day(self) -> str:
        """The UTC day it is for, as `2026-11-23`."""
        return utc_text(self.at)[:10]

    @property
    def named(self) -> Named:
        """The next anchor's reference to this one."""
        return Named(self.day, digest(self.to_json()))

    def to_json(self) -> str:
        """Return the text that is written: `count`, `head`, `at` and `previous`."""
        facts = {"count": self.head.count, "head": self.head.hash, "at": utc_text(self.at)}
        if self.is_first_form:
            return canonical(facts)
        previous = self.previous and {"day": self.previous.day, "sha256": self.previous.sha256}
        return canonical({**facts, "previous": previous})


@dataclass(frozen=True)
class KeptAnchor:
    """A blob in the anchors' container, of any author; `created` is the storage service's time, not the writer's."""

    name: str
    created: datetime
    size: int

    @property
    def day(self) -> str | None:
        """The day in its name; None if it is not an anchor's name."""
        found = _NAME.fullmatch(self.name)
        return found[1] if found and _is_day(found[1]) else None

    @property
    def was_created_on_its_day(self) -> bool:
        """Return whether it was created on the day in its name, within the tolerance."""
        if self.day is None:
            return False
        begin = datetime.combine(date.fromisoformat(self.day), datetime.min.time(), UTC)
        return begin - _TOLERANCE <= self.created < begin + _DAY + _TOLERANCE


@dataclass(frozen=True)
class Surroundings:
    """What an anchor is checked against: the previous anchor, its link of the chain, the next link's write time."""

    previous: Anchor | None = None
    hash_at_count: str | None = None
    next_written: datetime | None = None


def digest(text: str) -> str:
    """Return the SHA-256 of an anchor's text, in hex."""
    return sha256(text.encode()).hexdigest()


def own_name(anchor: Anchor) -> str:
    """Return an anchor's name for when the plain name of its day is taken."""
    return f"{anchor.day}-{digest(anchor.to_json())[:12]}.json"


def read_anchor(content: bytes) -> Anchor:
    """Parse an anchor of either form. Raises ValueError for anything the registrar does not write."""
    if len(content) > LONGEST:
        raise ValueError("it is too large")
    text = content.decode("ascii")
    try:
        found: Any = json.loads(text)
        is_first_form = found.keys() == _FIELDS
        before = found.get("previous")
        anchor = Anchor(
            Head(found["count"], found["head"]),
            datetime.fromisoformat(found["at"]),
            None if before is None else Named(before["day"], before["sha256"]),
            is_first_form,
        )
        is_same = anchor.to_json() == text and type(found["count"]) is int and anchor.head.count >= 0
    except (AttributeError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"no anchor: {type(error).__name__}") from None
    if not is_same:
        raise ValueError("it is not in the form that the registrar writes")
    return anchor


def why_not_own(kept: KeptAnchor, anchor: Anchor, around: Surroundings) -> str | None:
    """Return the evidence that the registrar did not write an anchor; None if there is none.

    An outdated head is not evidence: another instance, or an earlier hour, may have written it.
    """
    text, count, previous = anchor.to_json(), anchor.head.count, around.previous
    suffix = kept.name.removesuffix(".json")[11:]
    if anchor.day != kept.day or not digest(text).startswith(suffix):
        return "its text belongs under another name"
    if not kept.was_created_on_its_day or abs(kept.created - anchor.at) > _TOLERANCE:
        return "it was not created at the time that it names"
    if previous is not None and count < previous.head.count:
        return f"it counts {count} entries, but the one before it {previous.head.count}"
    if anchor.head.hash != (around.hash_at_count if count else NOTHING):
        return f"it has another hash of entry {count} than the chain"
    if not _names_the_one_before(anchor, previous):
        return "it does not name the one before it"
    if around.next_written is not None and kept.created - around.next_written > _TOLERANCE:
        return "it leaves out entries that were already in the chain"
    return None


def _names_the_one_before(anchor: Anchor, previous: Anchor | None) -> bool:
    if anchor.is_first_form:
        return previous is None or previous.is_first_form
    return anchor.previous == (previous and previous.named)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
