"""The index of what is due."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


@dataclass(frozen=True)
class DueEntry:
    """A row of the index of what is due: one credential, under the day on which somebody has to look at it."""

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
    """Where a row of the index stands: rows are in the order of their places."""

    partition: str
    row: str


class DueIndex(Protocol):
    """The index of what is due: worked out from the vault's versions, and therefore dispensable."""

    def until(self, day: str, after: DuePlace | None = None) -> AsyncIterator[tuple[DuePlace, DueEntry]]:
        """List what is listed under this day or an earlier one, the oldest day first, behind a place."""
        ...

    async def is_listed(self, entry: DueEntry) -> bool:
        """Return whether this credential stands under this day with this moment."""
        ...

    async def put(self, entry: DueEntry) -> None:
        """List a credential under a day; a message that was sent for it under this day is forgotten."""
        ...

    async def mark_sent(self, entry: DueEntry, at: datetime) -> None:
        """Note that a message was sent for a row; does nothing when the row is gone."""
        ...

    async def remove(self, unique_name: str, credential: str, day: str) -> None:
        """Take a credential off one day; not there is a success."""
        ...

    async def directory_link(self) -> str | None:
        """Read by which link the directory is asked for its next changes; None before the first time."""
        ...

    async def keep_directory_link(self, link: str) -> None:
        """Note that everything that had changed before this link was given is seen to."""
        ...
