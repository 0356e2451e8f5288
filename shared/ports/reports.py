"""The newest report, wherever it is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

type Format = Literal["html", "csv", "json"]


FORMATS: tuple[Format, ...] = ("html", "csv", "json")
"""In the order in which they are written: JSON comes last, and says that the report is complete."""


@dataclass(frozen=True)
class StoredReport:
    """The report in one of its formats, as it was written."""

    as_of: datetime
    content: bytes


class Reports(Protocol):
    """The newest report of the tenant's credentials, in each of its formats."""

    async def read(self, form: Format) -> StoredReport | None:
        """Read one format; None when none was written yet."""
        ...

    async def as_of(self) -> datetime | None:
        """Say of which moment the newest complete report is; None when there is none."""
        ...

    async def write(self, form: Format, report: StoredReport) -> None:
        """Replace one format. JSON is written last: with it the report is complete."""
        ...
