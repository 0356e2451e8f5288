"""Parses `Retry-After`."""

from datetime import timedelta


def retry_after(header: str | None) -> timedelta | None:
    """Read a `Retry-After` header (RFC 9110, 10.2.3); None without one, or if it is not a number of seconds."""
    try:
        return timedelta(seconds=max(0.0, float(header or "")))
    except (ValueError, OverflowError):
        return None
