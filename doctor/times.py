"""Parses times as the services and the registrar write them."""

from datetime import datetime


def parse_time(text: str | None) -> datetime | None:
    """Parse an ISO 8601 time, with up to seven fractional digits as in Graph; None if there is none.

    Raises ValueError.
    """
    return datetime.fromisoformat(text) if text else None


def parse_time_or_none(text: str | None) -> datetime | None:
    """Parse an ISO 8601 time with a zone; None for anything else."""
    try:
        time = parse_time(text)
    except ValueError:
        return None
    return time if time is not None and time.tzinfo is not None else None
