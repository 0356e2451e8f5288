"""Parses `$filter`: comparisons, `in`, `startswith`, `endswith`, `any`, `and`, `or`, `not`, parentheses.

Source: OData 4.01 URL conventions, 5.1.1, as far as the directory serves it (Microsoft Learn,
aad-advanced-queries).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, cast

from devstack.doubles.graph.errors import GraphError, malformed, unknown_property
from devstack.doubles.graph.odata.conditions import AnyOf, Comparison, Condition, Junction, Not, Operator, Scalar
from devstack.doubles.graph.rules.payload import parse_moment
from devstack.doubles.graph.schema import TYPES, element_type, is_collection

_TOKEN = re.compile(
    r"\s*(?:(?P<String>'(?:[^']|'')*')"
    r"|(?P<Guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<DateTimeOffset>\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))"
    r"|(?P<Int32>-?\d+)(?![\w-])"
    r"|(?P<word>[$@A-Za-z_][\w.]*)"
    r"|(?P<mark>[()/,:]))"
)
_COMPARISONS = ("eq", "ne", "ge", "gt", "le", "lt")
_FUNCTIONS = ("startswith", "endswith")
_KIND_NAMES = {
    "eq": "Equal",
    "ne": "NotEqual",
    "ge": "GreaterThanOrEqual",
    "gt": "GreaterThan",
    "le": "LessThanOrEqual",
    "lt": "LessThan",
    "in": "Equal",
}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


@dataclass(frozen=True)
class _Path:
    """Where a comparison looks, and the declared type of what it finds there."""

    names: tuple[str, ...]
    declared: str
    counts: bool = False


def parse_filter(text: str, type_name: str) -> Condition:
    """The condition that a filter on objects of `type_name` states. Raises GraphError 400."""
    return _Parser(text, type_name).parse()


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise malformed(f"Invalid filter clause: Syntax error at position {at} in '{text}'.")
        kind = cast("str", found.lastgroup)
        yield _Token(kind, found[kind], at)
        at = found.end()


class _Parser:
    """Recursive descent; `_scopes` maps the variables of the surrounding `any`s to their elements' types."""

    def __init__(self, text: str, type_name: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0
        self._type_name = type_name
        self._scopes: dict[str, str] = {}

    def parse(self) -> Condition:
        condition = self._either()
        if self._next < len(self._tokens):
            raise self._syntax_error()
        return condition

    def _either(self) -> Condition:
        return self._junction("or", self._both)

    def _both(self) -> Condition:
        return self._junction("and", self._unary)

    def _junction(self, word: Literal["and", "or"], part: Callable[[], Condition]) -> Condition:
        conditions = [part()]
        while self._accept(word):
            conditions.append(part())
        return conditions[0] if len(conditions) == 1 else Junction(word, tuple(conditions))

    def _unary(self) -> Condition:
        if self._accept("not"):
            return Not(self._unary())
        if self._accept("("):
            condition = self._either()
            self._expect(")")
            return condition
        if self._peek() in _FUNCTIONS:
            return self._function()
        path = self._path()
        if self._accept("any"):
            return self._any(path)
        return self._comparison(path)

    def _function(self) -> Condition:
        operator = cast("Operator", self._take().text.casefold())
        self._expect("(")
        path = self._path()
        self._expect(",")
        value = self._literal(path, operator)
        self._expect(")")
        return Comparison(path.names, operator, (value,))

    def _any(self, path: _Path) -> Condition:
        if not is_collection(path.declared):
            raise malformed("Invalid filter clause: 'any' is only allowed on a collection.")
        self._expect("(")
        if self._accept(")"):
            return AnyOf(path.names, None)
        variable = self._take().text
        self._expect(":")
        outer = self._scopes
        self._scopes = {**outer, variable: element_type(path.declared)}
        condition = self._either()
        self._scopes = outer
        self._expect(")")
        return AnyOf(path.names, condition)

    def _comparison(self, path: _Path) -> Condition:
        if self._accept("in"):
            self._expect("(")
            values = [self._literal(path, "in")]
            while self._accept(","):
                values.append(self._literal(path, "in"))
            self._expect(")")
            return Comparison(path.names, "in", tuple(values))
        if self._peek() not in _COMPARISONS:
            raise self._syntax_error()
        operator = cast("Operator", self._take().text.casefold())
        return Comparison(path.names, operator, (self._literal(path, operator),), path.counts)

    def _path(self) -> _Path:
        """A property path up to what follows it; `any` after a slash is left to the caller."""
        token = self._take()
        if token.kind != "word":
            raise self._syntax_error()
        if token.text in self._scopes:
            path = _Path((), self._scopes[token.text])
        else:
            path = self._step(_Path((), self._type_name), token.text)
        while self._accept("/"):
            if self._peek() == "any":
                break
            if self._accept("$count"):
                return _Path(path.names, "Int32", counts=True)
            path = self._step(path, self._take().text)
        return path

    def _step(self, path: _Path, name: str) -> _Path:
        declared = TYPES.get(path.declared, {}).get(name)
        if declared is None and name == "owners" and not path.names:
            declared = "Collection(directoryObject)"
        if declared is None:
            owner = f"microsoft.graph.{path.declared}" if path.declared in TYPES else f"Edm.{path.declared}"
            raise unknown_property("Invalid filter clause", name, owner)
        return _Path((*path.names, name), declared)

    def _literal(self, path: _Path, operator: str) -> Scalar:
        token = self._take()
        if token.kind == "word" and token.text in ("true", "false"):
            found, value = "Boolean", token.text == "true"
        elif token.kind == "word" and token.text == "null":
            return None
        elif token.kind in ("word", "mark"):
            raise self._syntax_error()
        else:
            found, value = token.kind, _value(token)
        if path.declared != found:
            raise malformed(
                "Invalid filter clause: A binary operator with incompatible types was detected. Found operand "
                f"types 'Edm.{path.declared}' and 'Edm.{found}' for operator kind "
                f"'{_KIND_NAMES.get(operator, operator)}'."
            )
        return value

    def _peek(self) -> str:
        return self._tokens[self._next].text.casefold() if self._next < len(self._tokens) else ""

    def _take(self) -> _Token:
        if self._next >= len(self._tokens):
            raise self._syntax_error()
        self._next += 1
        return self._tokens[self._next - 1]

    def _accept(self, text: str) -> bool:
        is_next = self._peek() == text
        self._next += is_next
        return is_next

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise self._syntax_error()

    def _syntax_error(self) -> GraphError:
        at = self._tokens[self._next].at if self._next < len(self._tokens) else len(self._text)
        return malformed(f"Invalid filter clause: Syntax error at position {at} in '{self._text}'.")


def _value(token: _Token) -> Scalar:
    match token.kind:
        case "String":
            return token.text[1:-1].replace("''", "'")
        case "Int32":
            return int(token.text)
        case "DateTimeOffset":
            try:
                return parse_moment(token.text)
            except ValueError as error:
                raise malformed(f"Invalid filter clause: '{token.text}' is no DateTimeOffset.") from error
        case _:
            return token.text.casefold()
