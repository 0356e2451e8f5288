"""The newest report, wherever it is kept."""

from datetime import datetime
from typing import Protocol

from shared.report.model import Format, StoredReport


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
