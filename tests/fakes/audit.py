"""The audit record in memory: outbox, chain with its index and head, and the anchors."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from shared.core.errors import BusyError
from shared.model.audit_anchor import Anchor, KeptAnchor, read_anchor
from shared.model.audit_chain import Head, Link, Place
from shared.model.audit_entry import Entry
from shared.ports import Versioned
from tests.fakes.clock import FakeClock
from tests.fakes.faults import Faults, outgoing


class FakeAudit:
    """Fills `Audit`: `outbox` is texts by entry id, `links` and when each was `written` by number."""

    def __init__(self, clock: FakeClock, faults: Faults) -> None:
        self._clock = clock
        self.faults = faults
        self.written: dict[int, datetime] = {}
        self.outbox: dict[str, str] = {}
        self.links: dict[int, Link] = {}
        self.index: dict[str, int] = {}
        self.end: Head | None = None
        self._etag = ""
        self._etags = count(1)

    @outgoing("table note")
    def note(self, entry: Entry) -> None:
        self.outbox.setdefault(entry.id, entry.to_json())

    async def noted(self) -> AsyncIterator[tuple[str, str]]:
        for row in await self._noted():
            yield row

    @outgoing("table noted")
    def _noted(self) -> list[tuple[str, str]]:
        return sorted(self.outbox.items())

    @outgoing("table chain head")
    def head(self) -> Versioned[Head]:
        return Versioned(self.end or Head(), self._etag)

    @outgoing("table is linked")
    def is_linked(self, entry_id: str) -> bool:
        return entry_id in self.index

    @outgoing("table read link")
    def place(self, number: int) -> Place | None:
        link = self.links.get(number)
        return Place(link.hash, self.written[number]) if link is not None else None

    @outgoing("table append")
    def append(self, links: Sequence[Link], etag: str) -> None:
        if etag != self._etag or any(link.number in self.links or link.entry_id in self.index for link in links):
            raise BusyError("extended meanwhile")
        self.links |= {link.number: link for link in links}
        self.written |= {link.number: self._clock.now() for link in links}
        self.index |= {link.entry_id: link.number for link in links}
        self.end, self._etag = links[-1].head, str(next(self._etags))

    @outgoing("table forget note")
    def forget(self, entry_id: str) -> None:
        self.outbox.pop(entry_id, None)

    def texts(self) -> list[str]:
        """Every entry there is, in the chain or waiting for it."""
        return [*(link.text for link in self.links.values()), *self.outbox.values()]


@dataclass(frozen=True)
class FakeBlob:
    """A blob, and when it came about."""

    content: bytes
    created: datetime


class FakeAnchors:
    """Fills `Anchors`: blobs by name."""

    def __init__(self, clock: FakeClock, faults: Faults) -> None:
        self._clock = clock
        self.faults = faults
        self.blobs: dict[str, FakeBlob] = {}

    def plant(self, name: str, content: bytes | str) -> None:
        """Write a blob as somebody does who may create blobs: now, and never over another."""
        made = FakeBlob(content if isinstance(content, bytes) else content.encode(), self._clock.now())
        self.blobs.setdefault(name, made)

    def kept(self, name: str) -> Anchor:
        """Read an anchor."""
        return read_anchor(self.blobs[name].content)

    @outgoing("blob keep anchor")
    def keep(self, name: str, text: str) -> bool:
        is_first = name not in self.blobs
        self.plant(name, text)
        return is_first

    async def listed(self) -> AsyncIterator[KeptAnchor]:
        for each in await self._listed():
            yield each

    @outgoing("blob list anchors")
    def _listed(self) -> list[KeptAnchor]:
        return [KeptAnchor(name, blob.created, len(blob.content)) for name, blob in sorted(self.blobs.items())]

    @outgoing("blob read anchor")
    def read(self, name: str) -> bytes | None:
        blob = self.blobs.get(name)
        return None if blob is None else blob.content
