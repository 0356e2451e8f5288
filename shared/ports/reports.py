"""Storage of the newest report."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

type Format = Literal["html", "csv", "json"]


FORMATS: tuple[Format, ...] = ("html", "csv", "json")
"""In writing order: JSON comes last, and marks the report as complete."""


@dataclass(frozen=True)
class StoredReport:
    """The report in one of its formats."""

    as_of: datetime
    content: bytes


class Reports(Protocol):
    """The newest report of the tenant's credentials, in each of its formats."""

    async def read(self, form: Format) -> StoredReport | None:
        """Read one format; None if it has not been written yet."""
        ...

    async def as_of(self) -> datetime | None:
        """Return the time of the newest complete report; None if there is none."""
        ...

    async def write(self, form: Format, report: StoredReport) -> None:
        """Replace one format. Write JSON last: it completes the report."""
        ...
