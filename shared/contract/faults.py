"""Validation messages for the author of a value: they say what is allowed, never how it is checked. Pure."""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from shared.core.errors import Problem
from shared.core.text import echo, printable

type Forms = Mapping[str, str]
"""By pattern: a description of the form it requires, as the end of a sentence."""

CODES = {
    "missing": "missing_field",
    "extra_forbidden": "unknown_field",
    "string_pattern_mismatch": "invalid_format",
    "literal_error": "unsupported_value",
}
"""By pydantic's error type."""
OWN_CODES = frozenset(
    {
        "not_printable",
        "reserved_prefix",
        "reserved_name",
        "duplicate_name",
        "too_many_permissions",
        "lifetime_too_short",
        "invalid_duration",
        "invalid_format",
        "invalid_value",
    }
)
"""Codes of constraints that supply their own message."""


def problem_of(fault: Mapping[str, Any], forms: Forms, within: str = "") -> Problem:
    """Turn one pydantic error into a problem at its path, below `within`."""
    path = within
    for part in fault["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{printable(str(part))}"
    path, kind, value = path.lstrip("."), str(fault["type"]), fault.get("input")
    code = CODES.get(kind, kind if kind in OWN_CODES else "invalid_value")
    name = f"The field '{path}'" if path else "The request"
    if kind == "missing":
        return Problem(path, code, f"{name} is missing.")
    if kind == "extra_forbidden":
        return Problem(path, code, f"{name} is not known. Check its spelling: unknown fields are never ignored.")
    is_shown = isinstance(value, str | int | float) and value != ""
    held = f" It is {_shown(value)}." if is_shown else ""
    return Problem(path, code, f"{name} {_rule(kind, fault, forms)}.{held}")


def _rule(kind: str, fault: Mapping[str, Any], forms: Forms) -> str:
    """Return what the value must be, as the end of a sentence."""
    context: Mapping[str, Any] = fault.get("ctx") or {}
    if kind in OWN_CODES:
        return str(fault["msg"])
    if kind == "string_pattern_mismatch":
        return forms.get(str(context.get("pattern")), OTHER_FORM)
    said = _SENTENCES.get(kind)
    return said(context, fault.get("input")) if said is not None else OTHER_FORM


OTHER_FORM = "does not have the form that is expected here"


def _kind_of(value: object) -> str:
    kinds: tuple[tuple[type, str], ...] = (
        (str, "text"),
        (bool, "true or false"),
        (int, "a number"),
        (float, "a number"),
        (list, "a list"),
        (dict, "an object"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def _must_be(what: str) -> Callable[[Mapping[str, Any], object], str]:
    return lambda _, value: f"must be {what}, not {_kind_of(value)}"


def _always(sentence: str) -> Callable[[Mapping[str, Any], object], str]:
    return lambda _, __: sentence


def _at_most(what: str) -> Callable[[Mapping[str, Any], object], str]:
    return lambda context, value: f"must have at most {context['max_length']} {what}, not {_size(value)}"


def _size(value: object) -> str:
    return str(len(cast("list[object]", value))) if isinstance(value, list | tuple | str) else "more"


_TIME = "must be a time, such as 2026-11-26T11:58:00Z"
_SENTENCES: Mapping[str, Callable[[Mapping[str, Any], object], str]] = {
    "string_type": _must_be("text"),
    "tuple_type": _must_be("a list"),
    "model_type": _must_be("an object with fields of its own"),
    "model_attributes_type": _must_be("an object with fields of its own"),
    "dict_type": _must_be("an object with fields of its own"),
    "bool_type": _always("must be true or false, without quotation marks"),
    "int_type": _always("must be a whole number, without quotation marks"),
    "int_from_float": _always("must be a whole number"),
    "string_unicode": _always("has characters that are not text"),
    "string_too_short": _always("must not be empty"),
    "string_too_long": _at_most("characters"),
    "too_long": _at_most("entries"),
    "greater_than_equal": lambda context, _: f"must be {context['ge']} or more",
    "less_than_equal": lambda context, _: f"must be {context['le']} or less",
    "literal_error": lambda context, _: f"must be {context['expected']}",
    "time_delta_parsing": _always("must be an ISO 8601 duration such as PT10M"),
    "time_delta_type": _always("must be an ISO 8601 duration such as PT10M"),
    "timezone_aware": _always(_TIME),
    "datetime_parsing": _always(_TIME),
    "datetime_type": _always(_TIME),
}
"""By pydantic's error type; a test checks that none that the contract can raise is missing."""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return json.dumps(value)
    return echo(value) if isinstance(value, str) else printable(str(value))
