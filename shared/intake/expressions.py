"""JMESPath with functions for form fields: text of several lines becomes a list, and so on. Pure."""

from functools import lru_cache
from typing import Any, override

import jmespath
from jmespath import functions
from jmespath.parser import ParsedResult

from shared.intake.form_uris import uris_of
from shared.intake.form_values import number_of_days, text_of, texts_of, whole_number, yes_or_no

_MAX_PARTS = 1000
"""The most parts that a text is split into: no form holds more."""


class FormFunctions(functions.Functions):
    """`yes(value)`, `days(value)`, `integer(value)`, `filled(text)`, `lower(text)`, `lines(text)`, `uris(text)` and
    `split(separator, text)`.

    Each is null for null or empty input: forms send empty text for unfilled fields. Each raises NotUnderstoodError for
    ambiguous input, never null: silently dropping a value would be wrong.
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
        """The text, stripped."""
        return text_of(text)

    @functions.signature({"types": []})
    def _func_lower(self, text: object) -> str | None:
        """The text, stripped, in lower case."""
        found = text_of(text)
        return found.lower() if found is not None else None

    @functions.signature({"types": []})
    def _func_lines(self, text: object) -> list[str] | None:
        """The non-empty lines of a text, or texts of a list, stripped."""
        return _parts(_texts(text))

    @functions.signature({"types": []})
    def _func_uris(self, text: object) -> list[str] | None:
        """The same, with the links and escapes of editors undone."""
        return uris_of(text)[:_MAX_PARTS] or None

    @functions.signature({"types": ["string"]}, {"types": []})
    def _func_split(self, separator: str, text: object) -> list[str] | None:
        """The parts of a text, or of each text of a list."""
        found = _texts(text)
        if not isinstance(text, list):
            found = ["\n".join(found)]
        return _parts([part for each in found for part in each.split(separator or None, _MAX_PARTS)])


def _texts(text: object) -> list[str]:
    return ["".join(run.text for run in line) for line in texts_of(text)]


def _parts(parts: list[str]) -> list[str] | None:
    return [part.strip() for part in parts[:_MAX_PARTS] if part.strip()] or None


class _Options(jmespath.Options):
    @override
    def __init__(self) -> None:
        super().__init__(custom_functions=FormFunctions())


@lru_cache(maxsize=256)
def compile_expression(expression: str) -> ParsedResult:
    """Compile an expression. Raises JMESPathError."""
    return jmespath.compile(expression)


def search(expression: str, payload: dict[str, Any]) -> object:
    """Evaluate an expression on a payload; None if nothing is found. Raises NotUnderstoodError."""
    found: object = compile_expression(expression).search(payload, options=_Options())
    return found
