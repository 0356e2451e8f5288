"""JMESPath with what form fields need beside it: text of several lines becomes a list, and so on. Pure."""

from functools import lru_cache
from typing import Any, override

import jmespath
from jmespath import functions
from jmespath.parser import ParsedResult

_SEPARATORS = 1000
"""Parts that a text is cut into at most: nobody's form holds more."""


class FormFunctions(functions.Functions):
    """`lines(text)`, `split(separator, text)`, `lower(text)`, `filled(text)`, `integer(text)`.

    Each is null for what is null or holds nothing: forms send empty text for what nobody filled in.
    """

    @functions.signature({"types": ["string", "null"]})
    def _func_lines(self, text: str | None) -> list[str] | None:
        """The lines of a text without blanks at their ends, without empty ones."""
        return None if text is None else _parts(text.splitlines())

    @functions.signature({"types": ["string"]}, {"types": ["string", "null"]})
    def _func_split(self, separator: str, text: str | None) -> list[str] | None:
        """The parts of a text, as `lines`."""
        return None if text is None else _parts(text.split(separator or None, _SEPARATORS))

    @functions.signature({"types": ["string", "null"]})
    def _func_lower(self, text: str | None) -> str | None:
        """The text in lower case."""
        return (text or "").lower() or None

    @functions.signature({"types": ["string", "null"]})
    def _func_filled(self, text: str | None) -> str | None:
        """The text without blanks at its ends."""
        return (text or "").strip() or None

    @functions.signature({"types": ["string", "number", "null"]})
    def _func_integer(self, value: str | float | None) -> int | None:
        """A whole number, which forms send as text; null for anything else."""
        try:
            return None if value is None or float(value) != int(float(value)) else int(float(value))
        except (ValueError, OverflowError):
            return None


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
    """Find what an expression says in a payload; None when nothing is there."""
    found: object = compile_expression(expression).search(payload, options=_Options())
    return found
