"""The audit record: an outbox that everybody notes entries in, the chain that one writer extends, and its anchors."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from shared.model.audit_anchor import KeptAnchor
from shared.model.audit_chain import Head, Link, Place
from shared.model.audit_entry import Entry
from shared.ports.records import Versioned


class Audit(Protocol):
    """The outbox and the chain."""

    async def note(self, entry: Entry) -> None:
        """Put an entry into the outbox. One that is there already stays as it is: the first one wins."""
        ...

    def noted(self) -> AsyncIterator[tuple[str, str]]:
        """List what is in the outbox: (entry id, text) as it lies there, which may be no entry."""
        ...

    async def head(self) -> Versioned[Head]:
        """Read where the chain ends; before its first link it has an ETag that only `append` understands."""
        ...

    async def is_linked(self, entry_id: str) -> bool:
        """Return whether an entry is in the chain."""
        ...

    async def place(self, number: int) -> Place | None:
        """Read the link with this number, which is None where the chain has none."""
        ...

    async def append(self, links: Sequence[Link], etag: str) -> None:
        """Append links to the chain whose head was read at `etag`: all or none of them.

        Raises BusyError when somebody else has appended meanwhile, or something stands at one of the places.
        """
        ...

    async def forget(self, entry_id: str) -> None:
        """Take an entry out of the outbox; already gone is a success."""
        ...


class Anchors(Protocol):
    """Where the chain's head is written down for good, once a day."""

    async def keep(self, name: str, text: str) -> bool:
        """Write an anchor; False, and nothing is changed, when there is a blob of that name."""
        ...

    def listed(self) -> AsyncIterator[KeptAnchor]:
        """List every blob there is, by whomever, in the order of their names."""
        ...

    async def read(self, name: str) -> bytes | None:
        """Read a blob that was listed; None when it is gone."""
        ...
