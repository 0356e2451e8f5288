"""The hash chain: a link's hash covers its entry and the previous hash, so none can be changed or removed. Pure.

hash(0) = 64 zeros        hash(n) = SHA-256(hash(n-1) + canonical JSON of entry n), in hex
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from shared.model.audit_entry import Entry

NOTHING = "0" * 64
"""The hash that precedes the first link."""


@dataclass(frozen=True)
class Head:
    """The end of the chain: the number of links, and the last one's hash."""

    count: int = 0
    hash: str = NOTHING


@dataclass(frozen=True)
class Link:
    """One entry in the chain; the first is number 1. `text` is the entry's canonical JSON."""

    number: int
    entry_id: str
    previous_hash: str
    hash: str
    text: str

    @property
    def head(self) -> Head:
        """The chain's head if this is its last link."""
        return Head(self.number, self.hash)


@dataclass(frozen=True)
class Place:
    """A stored link: its hash, and when its row was last written, by the storage service's clock."""

    hash: str
    written: datetime


def hash_of(previous_hash: str, text: str) -> str:
    """Return the hash of a link."""
    return sha256(f"{previous_hash}{text}".encode()).hexdigest()


def links_after(head: Head, entries: Iterable[Entry]) -> tuple[Link, ...]:
    """Return the links that append these entries, in this order, to the chain."""
    links: list[Link] = []
    for entry in entries:
        text = entry.to_json()
        link = Link(head.count + 1, entry.id, head.hash, hash_of(head.hash, text), text)
        links.append(link)
        head = link.head
    return tuple(links)
