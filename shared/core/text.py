"""Text that came from outside, cut and made visible; and moments as text."""

from datetime import UTC, datetime

from shared.core.errors import ECHO_LIMIT


def printable(text: str) -> str:
    """Cut a text from outside to `ECHO_LIMIT` characters, and escape it if any of them does not print.

    Half a surrogate pair, which JSON can spell and UTF-8 cannot, is escaped like everything else.
    """
    cut = text if len(text) <= ECHO_LIMIT else text[:ECHO_LIMIT] + "…"
    return cut if cut.isprintable() else ascii(cut)[1:-1]


def visible(text: str) -> str:
    r"""Return a text in which control characters, direction overrides and the like show as escapes: `\u202e`.

    What people write, names in the directory say, is anybody's text; so nothing in it hides.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def echo(value: object) -> str:
    """Quote a value that came from outside, cut and made printable."""
    return f"'{printable(str(value))}'"


def utc_text(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, the form of every time in an answer."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
