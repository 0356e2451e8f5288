"""JMESPath with what form fields need beside it: text of several lines becomes a list, and so on. Pure."""

from functools import lru_cache
from typing import Any, override

import jmespath
from jmespath import functions
from jmespath.parser import ParsedResult

from shared.intake.form_uris import uris_of
from shared.intake.form_values import number_of_days, text_of, texts_of, whole_number, yes_or_no

_SEPARATORS = 1000
"""Parts that a text is cut into at most: nobody's form holds more."""


class FormFunctions(functions.Functions):
    """`yes(value)`, `days(value)`, `integer(value)`, `filled(text)`, `lower(text)`, `lines(text)`, `uris(text)` and
    `split(separator, text)`.

    Each is null for what is null or holds nothing: forms send empty text for what nobody filled in. Each raises
    NotUnderstoodError for what has no one meaning, never null: a value that is left out silently is a wrong one.
    """

    @functions.signature({"types": []})
    def _func_yes(self, value: object) -> bool | None:
        """True or false, as checkboxes and selects say it."""
        return yes_or_no(value)

    @functions.signature({"types": []})
    def _func_integer(self, value: object) -> int | None:
        """A whole number."""
        return whole_number(value)

    @functions.signature({"types": []})
    def _func_days(self, value: object) -> int | None:
        """A number of days, with the word or without."""
        return number_of_days(value)

    @functions.signature({"types": []})
    def _func_filled(self, text: object) -> str | None:
        """The text without blanks at its ends."""
        return text_of(text)

    @functions.signature({"types": []})
    def _func_lower(self, text: object) -> str | None:
        """The text in lower case, likewise."""
        found = text_of(text)
        return found.lower() if found is not None else None

    @functions.signature({"types": []})
    def _func_lines(self, text: object) -> list[str] | None:
        """The lines of a text, or the texts of a list, without blanks at their ends, without empty ones."""
        return _parts(_texts(text))

    @functions.signature({"types": []})
    def _func_uris(self, text: object) -> list[str] | None:
        """The same, with the links and escapes of editors undone."""
        return uris_of(text)[:_SEPARATORS] or None

    @functions.signature({"types": ["string"]}, {"types": []})
    def _func_split(self, separator: str, text: object) -> list[str] | None:
        """The parts of a text, or of each text of a list."""
        found = _texts(text)
        if not isinstance(text, list):
            found = ["\n".join(found)]
        return _parts([part for each in found for part in each.split(separator or None, _SEPARATORS)])


def _texts(text: object) -> list[str]:
    return ["".join(run.text for run in line) for line in texts_of(text)]


def _parts(parts: list[str]) -> list[str] | None:
    return [part.strip() for part in parts[:_SEPARATORS] if part.strip()] or None


class _Options(jmespath.Options):
    @override
    def __init__(self) -> None:
        super().__init__(custom_functions=FormFunctions())


@lru_cache(maxsize=256)
def compile_expression(expression: str) -> ParsedResult:
    """Compile an expression. Raises JMESPathError."""
    return jmespath.compile(expression)


def search(expression: str, payload: dict[str, Any]) -> object:
    """Find what an expression says in a payload; None when nothing is there. Raises NotUnderstoodError."""
    found: object = compile_expression(expression).search(payload, options=_Options())
    return found
