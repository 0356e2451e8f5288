"""The audit record: an outbox for new entries, the chain that a single writer extends, and its anchors."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from shared.model.audit_anchor import KeptAnchor
from shared.model.audit_chain import Head, Link, Place
from shared.model.audit_entry import Entry
from shared.ports.records import Versioned


class Audit(Protocol):
    """The outbox and the chain."""

    async def note(self, entry: Entry) -> None:
        """Put an entry into the outbox. An existing one stays unchanged: the first write wins."""
        ...

    def noted(self) -> AsyncIterator[tuple[str, str]]:
        """List the outbox: (entry id, text) as stored, which may not be a valid entry."""
        ...

    async def head(self) -> Versioned[Head]:
        """Read the end of the chain; before its first link the ETag is one that only `append` understands."""
        ...

    async def is_linked(self, entry_id: str) -> bool:
        """Return whether an entry is in the chain."""
        ...

    async def place(self, number: int) -> Place | None:
        """Read the link with this number; None if the chain has none."""
        ...

    async def append(self, links: Sequence[Link], etag: str) -> None:
        """Append links to the chain whose head was read at `etag`, all or none.

        Raises BusyError on a concurrent append, or if one of the places is occupied.
        """
        ...

    async def forget(self, entry_id: str) -> None:
        """Remove an entry from the outbox; already gone is a success."""
        ...


class Anchors(Protocol):
    """Immutable storage for the chain's head, written once a day."""

    async def keep(self, name: str, text: str) -> bool:
        """Write an anchor; False, without any change, if a blob of that name exists."""
        ...

    def listed(self) -> AsyncIterator[KeptAnchor]:
        """List all blobs, of any author, in the order of their names."""
        ...

    async def read(self, name: str) -> bytes | None:
        """Read a listed blob; None if it is gone."""
        ...
