"""What a `$filter` says, as a tree, and whether a document fits it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from devstack.doubles.graph.rules.payload import parse_moment

type Scalar = str | bool | int | datetime | None
"""A literal's value; GUIDs are lower-case strings."""

type Operator = Literal["eq", "ne", "ge", "gt", "le", "lt", "in", "startswith", "endswith", "any", "count"]


@dataclass(frozen=True)
class Comparison:
    """`path op value`, `path in (values)`, `startswith(path, value)`; `path/$count op value` if `counts`.

    A path is a tuple of names; an empty one stands for the variable of the surrounding `any`.
    """

    path: tuple[str, ...]
    operator: Operator
    values: tuple[Scalar, ...]
    counts: bool = False

    def fits(self, document: object) -> bool:
        """Return whether the value at the path compares as asked."""
        found = value_at(document, self.path)
        if self.counts:
            found = len(cast("list[object]", found or []))
        if self.operator in ("eq", "in"):
            return any(_same(found, value) for value in self.values)
        wanted = self.values[0]
        if self.operator == "ne":
            return not _same(found, wanted)
        return _compares(found, self.operator, wanted)


@dataclass(frozen=True)
class AnyOf:
    """`path/any(x:condition)`; without a condition, whether there is any element."""

    path: tuple[str, ...]
    condition: "Condition | None"

    def fits(self, document: object) -> bool:
        """Return whether one element of the collection fits."""
        elements = cast("list[object]", value_at(document, self.path) or [])
        return any(self.condition is None or self.condition.fits(element) for element in elements)


@dataclass(frozen=True)
class Not:
    """`not condition`."""

    condition: "Condition"

    def fits(self, document: object) -> bool:
        """Return whether the condition does not hold."""
        return not self.condition.fits(document)


@dataclass(frozen=True)
class Junction:
    """`a and b and ...`, or `a or b or ...`."""

    word: Literal["and", "or"]
    conditions: tuple["Condition", ...]

    def fits(self, document: object) -> bool:
        """Return whether all of them, or one of them, holds."""
        results = (condition.fits(document) for condition in self.conditions)
        return all(results) if self.word == "and" else any(results)


type Condition = Comparison | AnyOf | Not | Junction


def value_at(document: object, path: tuple[str, ...]) -> object:
    """The value at a path, None where the path ends early."""
    found = document
    for name in path:
        found = cast("Mapping[str, Any]", found).get(name) if isinstance(found, Mapping) else None
    return found


def _same(found: object, wanted: Scalar) -> bool:
    if isinstance(found, str) and isinstance(wanted, datetime):
        return parse_moment(found) == wanted
    if isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    return found == wanted


def _compares(found: object, operator: Operator, wanted: Scalar) -> bool:
    if found is None or wanted is None:
        return False
    left: Any = found
    right: Any = wanted
    if isinstance(found, str) and isinstance(wanted, datetime):
        left = parse_moment(found)
    elif isinstance(found, str) and isinstance(wanted, str):
        left, right = found.casefold(), wanted.casefold()
    match operator:
        case "startswith":
            return left.startswith(right)
        case "endswith":
            return left.endswith(right)
        case "ge":
            return left >= right
        case "gt":
            return left > right
        case "le":
            return left <= right
        case _:
            return left < right
