"""The chain: each link's hash covers its entry and the hash before it, so none can be changed or taken out; pure.

hash(0) = 64 zeros        hash(n) = SHA-256(hash(n-1) + canonical JSON of entry n), in hex
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from shared.audit.entry import Entry, canonical
from shared.contract.answer import utc_text

NOTHING = "0" * 64
"""Hash before the first link."""


@dataclass(frozen=True)
class Head:
    """Where the chain ends: how many links there are, and the hash of the last."""

    count: int = 0
    hash: str = NOTHING


@dataclass(frozen=True)
class Link:
    """One entry at its place; the first has the number 1. `text` is the entry's canonical JSON."""

    number: int
    entry_id: str
    previous_hash: str
    hash: str
    text: str

    @property
    def head(self) -> Head:
        """Where the chain ends if this is its last link."""
        return Head(self.number, self.hash)


@dataclass(frozen=True)
class Anchor:
    """What the chain's head was at some moment, kept where nobody can change it."""

    head: Head
    at: datetime

    @property
    def day(self) -> str:
        """The UTC day it stands for, as `2026-11-23`."""
        return utc_text(self.at)[:10]

    def to_json(self) -> str:
        """Return what is written: `count`, `head` and `at`."""
        return canonical({"count": self.head.count, "head": self.head.hash, "at": utc_text(self.at)})


def hash_of(previous_hash: str, text: str) -> str:
    """Return the hash of a link."""
    return sha256(f"{previous_hash}{text}".encode()).hexdigest()


def links_after(head: Head, entries: Iterable[Entry]) -> tuple[Link, ...]:
    """Return the links by which these entries, in this order, continue the chain."""
    links: list[Link] = []
    for entry in entries:
        text = entry.to_json()
        link = Link(head.count + 1, entry.id, head.hash, hash_of(head.hash, text), text)
        links.append(link)
        head = link.head
    return tuple(links)
