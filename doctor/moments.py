"""Times as text, from outside."""

from datetime import datetime


def moment(text: str | None) -> datetime | None:
    """Read an ISO 8601 time with a zone; None for what is none."""
    try:
        read = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return read if read is not None and read.tzinfo is not None else None
