"""The audit record in memory: outbox, chain with its index and head, and the anchors."""

from collections.abc import AsyncIterator, Sequence
from itertools import count

from shared.audit.chain import Anchor, Head, Link
from shared.audit.entry import Entry
from shared.errors import Busy
from shared.ports import Versioned
from tests.fakes.faults import Faults, outgoing


class FakeAudit:
    """Fills `Audit`: `outbox` is texts by entry id, `links` by number, `index` numbers by entry id."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
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

    @outgoing("table append")
    def append(self, links: Sequence[Link], etag: str) -> None:
        if etag != self._etag or any(link.number in self.links or link.entry_id in self.index for link in links):
            raise Busy("extended meanwhile")
        self.links |= {link.number: link for link in links}
        self.index |= {link.entry_id: link.number for link in links}
        self.end, self._etag = links[-1].head, str(next(self._etags))

    @outgoing("table forget note")
    def forget(self, entry_id: str) -> None:
        self.outbox.pop(entry_id, None)

    def texts(self) -> list[str]:
        """Every entry there is, in the chain or waiting for it."""
        return [*(link.text for link in self.links.values()), *self.outbox.values()]


class FakeAnchors:
    """Fills `Anchors`: anchors by day."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.kept: dict[str, Anchor] = {}

    @outgoing("blob keep anchor")
    def keep(self, anchor: Anchor) -> bool:
        return self.kept.setdefault(anchor.day, anchor) is anchor
