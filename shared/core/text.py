"""Formatting of external text, truncated and escaped, and of timestamps."""

from datetime import UTC, datetime

from shared.core.errors import ECHO_LIMIT


def printable(text: str) -> str:
    """Truncate external text to `ECHO_LIMIT` characters, and escape it if any of them is not printable.

    A lone surrogate, which JSON can express and UTF-8 cannot, is escaped as well.
    """
    cut = text if len(text) <= ECHO_LIMIT else text[:ECHO_LIMIT] + "…"
    return cut if cut.isprintable() else ascii(cut)[1:-1]


def visible(text: str) -> str:
    r"""Return text with control characters, direction overrides and the like escaped: `\u202e`.

    Text that people write, such as names in the directory, is untrusted and must not hide anything.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def echo(value: object) -> str:
    """Quote an external value, truncated and printable."""
    return f"'{printable(str(value))}'"


def utc_text(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC with whole seconds, as in all answers."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
