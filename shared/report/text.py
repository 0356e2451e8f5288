"""The report's time format and sort order."""

from datetime import UTC, datetime

from shared.report.rows import Row


def moment(at: datetime | None) -> str:
    """Return RFC 3339 in UTC with whole seconds; empty for None."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at is not None else ""


def by_expiry(row: Row) -> tuple[bool, float, str, str]:
    """Return the sort key: by expiry, without expiry last; ties are stable across runs."""
    end = row.credential.end
    return end is None, end.timestamp() if end is not None else 0.0, row.holder.object_id, row.credential.key_id
