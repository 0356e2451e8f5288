"""How long a service asks to be left alone."""

from datetime import timedelta


def retry_after(header: str | None) -> timedelta | None:
    """Read a `Retry-After` header (RFC 9110, 10.2.3); None without one, or when it is no number of seconds."""
    try:
        return timedelta(seconds=max(0.0, float(header or "")))
    except (ValueError, OverflowError):
        return None
