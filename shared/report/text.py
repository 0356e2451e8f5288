"""How the report writes moments, and in which order it has its rows."""

from datetime import UTC, datetime

from shared.report.rows import Row


def moment(at: datetime | None) -> str:
    """Return RFC 3339 in UTC with whole seconds; empty for None."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at is not None else ""


def by_expiry(row: Row) -> tuple[bool, float, str, str]:
    """Sort key: what expires first comes first, what never does last; ties always the same way."""
    end = row.credential.end
    return end is None, end.timestamp() if end is not None else 0.0, row.holder.object_id, row.credential.key_id
