"""Reads what forms send for yes or no, a number, a text, or a list; refuses what is ambiguous.

A checkbox sends true, "true" or a list of its label; a select its value, or an object that holds it; an editor HTML
escapes, or a document. Nothing is guessed: ambiguous input raises NotUnderstoodError. Pure.
"""

import html
import json
import re
from collections.abc import Iterator
from typing import Any, cast

from shared.core.text import echo
from shared.intake.rich_text import Line, NotUnderstoodError, Run, document_lines, is_document

_DEEPEST = 5
_YES, _NO = frozenset(("true", "1", "yes")), frozenset(("false", "0", "no"))
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}(?:\.0{1,9})?")
_DAYS = re.compile(rf"({_WHOLE.pattern})(?:\s*days?)?", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}")
_ESCAPE = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_TAG = re.compile(r"</?(?:p|div|span|br|ul|ol|li|table|t[rdh]|h[1-6])(?:\s[^<>]*)?/?>", re.IGNORECASE)
"""Tags that an HTML editor wraps around text."""


def yes_or_no(value: object) -> bool | None:
    """Read a checkbox, a switch or a select; None if unset. Raises NotUnderstoodError."""
    found = single(value)
    if isinstance(found, bool):
        return found
    if isinstance(found, int | float) and found in (0, 1):
        return bool(found)
    word = found.strip().casefold() if isinstance(found, str) else None
    if found is None or word == "":
        return None
    if word in _YES or word in _NO:
        return word in _YES
    raise NotUnderstoodError(f"{_shown(found)} is neither yes nor no. Choose Yes or No.")


def whole_number(value: object) -> int | None:
    """Read a whole number, which forms may send as text; None if unset. Raises NotUnderstoodError."""
    return _number(value, _WHOLE, "a whole number")


def number_of_days(value: object) -> int | None:
    """Read a number of days, such as 180, "180.0" or "180 days"; None if unset. Raises NotUnderstoodError."""
    return _number(value, _DAYS, "a number of days")


def text_of(value: object) -> str | None:
    """Read a text, stripped; None if empty. Raises NotUnderstoodError."""
    return "\n".join(_plain(line) for line in _lines_of(single(value))).strip() or None


def texts_of(value: object) -> list[Line]:
    """Read the lines of a text, or of each text of a list. Raises NotUnderstoodError."""
    each = cast("list[object]", value) if isinstance(value, list) else [value]
    return [line for one in each for line in _lines_of(single(one)) if _plain(line)]


def single(value: object, depth: int = _DEEPEST) -> object:
    """Return an option's value, or a one-element list's; a document stays as it is.

    Raises NotUnderstoodError for several values, and for an object that is no option.
    """
    if isinstance(value, list) and depth:
        several = cast("list[object]", value)
        if len(several) > 1:
            raise NotUnderstoodError("The form sends several values where one is expected. Choose one.")
        return single(several[0], depth - 1) if several else None
    option = (
        cast("dict[str, Any]", value) if isinstance(value, dict) and not is_document(cast("object", value)) else None
    )
    if option is not None:
        if "value" not in option or option.get("child") is not None or not depth:
            raise NotUnderstoodError("The form sends an object where one value is expected.")
        return single(option["value"], depth - 1)
    return cast("object", value)


def _number(value: object, form: re.Pattern[str], what: str) -> int | None:
    found = single(value)
    if is_document(found):
        found = text_of(found)
    if isinstance(found, int) and not isinstance(found, bool):
        return found
    if isinstance(found, float) and found.is_integer():
        return int(found)
    text = found.strip() if isinstance(found, str) else None
    if found is None or text == "":
        return None
    matched = form.fullmatch(text) if text is not None else None
    if matched is not None:
        return int(float(matched[form.groups]))
    kind = f"is a date, not {what}" if text is not None and _DATE.fullmatch(text) else f"is not {what}"
    raise NotUnderstoodError(f"{_shown(found)} {kind}. Write digits only, such as 180.")


def _lines_of(found: object) -> Iterator[Line]:
    if isinstance(found, str):
        document = _as_document(found)
        if document is not None:
            yield from document_lines(document)
            return
        for line in _unescaped(found).splitlines():
            yield (Run(line),)
    elif is_document(found):
        yield from document_lines(found)
    elif found is not None:
        raise NotUnderstoodError(f"The form sends {_shown(found)} where a text is expected.")


def _as_document(text: str) -> object | None:
    """Return the document that a text encodes: automation rules send a quoted field so."""
    if not text.lstrip().startswith("{") or '"doc"' not in text:
        return None
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if is_document(found) else None


def _unescaped(text: str) -> str:
    """Undo HTML escapes that end with a semicolon: `&lt=1` in a URI is not one. Raises NotUnderstoodError."""
    plain = _ESCAPE.sub(lambda found: html.unescape(found[0]), text)
    if _ESCAPE.search(plain):
        raise NotUnderstoodError(f"{echo(text)} is escaped as HTML more than once. Send plain text.")
    if _TAG.search(plain):
        raise NotUnderstoodError(f"{echo(text)} is HTML. Send plain text.")
    return plain


def _plain(line: Line) -> str:
    return "".join(run.text for run in line).strip()


def _shown(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float) else echo(value)
