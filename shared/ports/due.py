"""The index of credentials that are due."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


@dataclass(frozen=True)
class DueEntry:
    """A row of the index: one credential, under the day on which it has to be checked."""

    unique_name: str
    credential: str
    at: datetime
    expires: datetime | None
    sent_at: datetime | None = None
    """When a message was sent for it."""


def day_of(moment: datetime) -> str:
    """Return the day of the index for a moment: `YYYYMMDD` in UTC."""
    return f"{moment.astimezone(UTC):%Y%m%d}"


@dataclass(frozen=True)
class DuePlace:
    """Position of a row in the index; rows are ordered by it."""

    partition: str
    row: str


class DueIndex(Protocol):
    """The index of credentials that are due: derived from the vault's versions, so it can be rebuilt."""

    def until(self, day: str, after: DuePlace | None = None) -> AsyncIterator[tuple[DuePlace, DueEntry]]:
        """List the rows of this day and earlier ones, oldest day first, after a place."""
        ...

    async def is_listed(self, entry: DueEntry) -> bool:
        """Return whether this credential is listed under this day with this time."""
        ...

    async def put(self, entry: DueEntry) -> None:
        """List a credential under a day, and reset the mark of a message sent for it."""
        ...

    async def mark_sent(self, entry: DueEntry, at: datetime) -> None:
        """Mark that a message was sent for a row; does nothing if the row is gone."""
        ...

    async def remove(self, unique_name: str, credential: str, day: str) -> None:
        """Remove a credential from a day; not listed is a success."""
        ...

    async def directory_link(self) -> str | None:
        """Read the delta link for the directory's next changes; None before the first time."""
        ...

    async def keep_directory_link(self, link: str) -> None:
        """Store a delta link: all changes before it have been handled."""
        ...
