"""Entries of the audit record and their canonical form. Pure.

To add a kind, add a name to `Kind` and a function to `shared.audit.events` that makes its entries.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

type Fact = str | int | bool | Sequence["Fact"] | Mapping[str, "Fact"] | None
type Facts = Mapping[str, Fact]

_SCHEMA_VERSION = "1"


class Kind(StrEnum):
    """What an entry records."""

    ACCEPTED = "accepted"
    SETTLED = "settled"
    CREDENTIAL_REMOVED = "credential_removed"
    REPLAYED = "replayed"
    DECIDED = "decided"
    ANCHOR_FOREIGN = "anchor_foreign"
    DECISION_REFUSED = "decision_refused"


@dataclass(frozen=True)
class Entry:
    """One event. Never contains a secret's value.

    `at` is when it was recorded. `who` names people and programs, `what` the request and its outcome, `ids` the objects
    created, used or removed.
    """

    id: str
    kind: str
    at: datetime
    who: Facts
    what: Facts
    ids: Facts

    def to_json(self) -> str:
        """Return the canonical form, which the chain's hashes are computed over."""
        return canonical(
            {
                "schemaVersion": _SCHEMA_VERSION,
                "id": self.id,
                "kind": self.kind,
                "at": _text_of(self.at),
                "who": self.who,
                "what": self.what,
                "ids": self.ids,
            }
        )


def make_entry(kind: Kind, key: Sequence[str], at: datetime, *, who: Facts, what: Facts, ids: Facts) -> Entry:
    """Make an entry; `key` identifies the event among all others of its kind, and never contains a time.

    Facts that are None are omitted.
    """
    return Entry(entry_id(kind, *key), kind.value, at, _present(who), _present(what), _present(ids))


def entry_id(kind: Kind, *key: str) -> str:
    """Return an event's id, a SHA-256 in hex: recording the event again yields the same entry."""
    return sha256(json.dumps([kind.value, *key]).encode()).hexdigest()


def canonical(value: Facts) -> str:
    """Return the canonical JSON of these facts: keys sorted, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def read_entry(text: str) -> Entry:
    """Parse an entry. Raises ValueError if it is not an entry in canonical form."""
    try:
        found: Any = json.loads(text)
        entry = Entry(
            found["id"], found["kind"], datetime.fromisoformat(found["at"]), found["who"], found["what"], found["ids"]
        )
        is_same = entry.to_json() == text
    except (KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"no entry: {type(error).__name__}") from None
    if not is_same:
        raise ValueError("the entry is not in its canonical form")
    return entry


def _present(facts: Facts) -> Facts:
    return {name: fact for name, fact in facts.items() if fact is not None}


def _text_of(moment: datetime) -> str:
    """Format a time in UTC with microseconds, so that entries within one second keep their order."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
