"""The SQL language of subscription rules: "Subscription rule SQL filter syntax" (Microsoft Learn).

Comparison with a property that is missing is unknown, and unknown is not true, as there. Arithmetic and CASE are left
out: no rule that we have met uses them, and one that does is refused, not misread.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.amqp.message import Message
from devstack.doubles.servicebus.entities.filters import system_property

_LONGEST = 1024
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'(?:[^']|'')*')|(?P<sign><>|!=|<=|>=|[=<>(),])"
    r"|(?P<name>\[[^\]]+\]|[A-Za-z_][\w-]*)(?P<rest>\.(?:\[[^\]]+\]|[A-Za-z_][\w.-]*))?)"
)
_KEYWORDS = {"and", "or", "not", "in", "like", "is", "null", "exists", "true", "false", "escape"}

type Value = Callable[[Message], Any]
"""What an expression comes to for a message; None is SQL's unknown."""


@dataclass(frozen=True)
class SqlFilter:
    """A rule in SQL."""

    text: str
    expression: Value

    def matches(self, message: Message) -> bool:
        """Return whether the message gets in."""
        return self.expression(message) is True


def sql_filter(text: str) -> SqlFilter:
    """The filter of an expression. Raises BusError when it cannot be read."""
    if len(text) > _LONGEST:
        raise errors.bad_argument(f"A filter has at most {_LONGEST} characters.")
    parser = _Parser(_tokens(text), text)
    return SqlFilter(text, parser.whole())


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise errors.bad_argument(f"The filter cannot be read at character {at + 1}: {text!r}")
        at = match.end()
        kind = cast("str", match.lastgroup)
        if kind in ("name", "rest"):
            name, rest = match["name"], match["rest"]
            if rest is None and name.casefold() in _KEYWORDS:
                found.append(_Token("keyword", name.casefold()))
            else:
                found.append(_Token("name", name + (rest or "")))
        else:
            found.append(_Token(kind, match[kind]))
    return found


class _Parser:
    """Recursive descent: OR, AND, NOT, comparison, primary."""

    def __init__(self, tokens: list[_Token], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._at = 0

    def whole(self) -> Value:
        expression = self._either()
        if self._at < len(self._tokens):
            raise self._unreadable()
        return expression

    def _either(self) -> Value:
        sides = [self._both()]
        while self._accept("keyword", "or"):
            sides.append(self._both())
        return sides[0] if len(sides) == 1 else _any_of(sides)

    def _both(self) -> Value:
        sides = [self._negated()]
        while self._accept("keyword", "and"):
            sides.append(self._negated())
        return sides[0] if len(sides) == 1 else _all_of(sides)

    def _negated(self) -> Value:
        if self._accept("keyword", "not"):
            return _negation(self._negated())
        return self._comparison()

    def _comparison(self) -> Value:
        left = self._primary()
        token = self._peek()
        if token is not None and token.kind == "sign" and token.text in _COMPARISONS:
            self._at += 1
            return _compared(_COMPARISONS[token.text], left, self._primary())
        if self._accept("keyword", "is"):
            is_negated = self._accept("keyword", "not")
            self._expect("keyword", "null")
            return lambda message: (left(message) is None) is not is_negated
        is_negated = self._accept("keyword", "not")
        if self._accept("keyword", "in"):
            found = self._membership(left)
        elif self._accept("keyword", "like"):
            found = self._likeness(left)
        elif is_negated:
            raise self._unreadable()
        else:
            return left
        return _negation(found) if is_negated else found

    def _membership(self, left: Value) -> Value:
        self._expect("sign", "(")
        items = [self._primary()]
        while self._accept("sign", ","):
            items.append(self._primary())
        self._expect("sign", ")")
        return _any_of([_compared(_COMPARISONS["="], left, item) for item in items])

    def _likeness(self, left: Value) -> Value:
        pattern = self._literal_text()
        escape = self._literal_text() if self._accept("keyword", "escape") else None
        expression = re.compile(_as_regex(pattern, escape), re.DOTALL | re.IGNORECASE)

        def matches(message: Message) -> bool | None:
            value = left(message)
            return None if value is None else expression.fullmatch(str(value)) is not None

        return matches

    def _primary(self) -> Value:
        token = self._peek()
        if token is None:
            raise self._unreadable()
        self._at += 1
        match token.kind, token.text:
            case "sign", "(":
                inner = self._either()
                self._expect("sign", ")")
                return inner
            case "number", text:
                number = float(text) if "." in text else int(text)
                return lambda _: number
            case "text", text:
                literal = text[1:-1].replace("''", "'")
                return lambda _: literal
            case "keyword", ("true" | "false") as word:
                return lambda _: word == "true"
            case "keyword", "null":
                return lambda _: None
            case "keyword", "exists":
                self._expect("sign", "(")
                found = self._property()
                self._expect("sign", ")")
                return lambda message: found(message) is not None
            case "name", _:
                self._at -= 1
                return self._property()
            case _:
                raise self._unreadable()

    def _property(self) -> Value:
        token = self._peek()
        if token is None or token.kind != "name":
            raise self._unreadable()
        self._at += 1
        scope, dot, name = token.text.partition(".")
        if dot and scope.casefold() == "sys":
            return lambda message: system_property(message.properties, _plain(name))
        wanted = _plain(name if dot and scope.casefold() == "user" else token.text)
        return lambda message: _application_property(message, wanted)

    def _literal_text(self) -> str:
        token = self._peek()
        if token is None or token.kind != "text":
            raise self._unreadable()
        self._at += 1
        return token.text[1:-1].replace("''", "'")

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _accept(self, kind: str, text: str) -> bool:
        if self._peek() == _Token(kind, text):
            self._at += 1
            return True
        return False

    def _expect(self, kind: str, text: str) -> None:
        if not self._accept(kind, text):
            raise self._unreadable()

    def _unreadable(self) -> errors.BusError:
        token = self._peek()
        return errors.bad_argument(
            f"The filter cannot be read at {token.text if token else 'its end'!r}: {self._text!r}"
        )


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _compared(by: Callable[[Any, Any], bool], left: Value, right: Value) -> Value:
    def compare(message: Message) -> bool | None:
        one, other = left(message), right(message)
        if one is None or other is None:
            return None
        try:
            return by(one, other)
        except TypeError:
            return None  # values of types that cannot be compared

    return compare


def _all_of(sides: list[Value]) -> Value:
    def conjunction(message: Message) -> bool | None:
        found = [side(message) for side in sides]
        if any(value is False for value in found):
            return False
        return True if all(value is True for value in found) else None

    return conjunction


def _any_of(sides: list[Value]) -> Value:
    def disjunction(message: Message) -> bool | None:
        found = [side(message) for side in sides]
        if any(value is True for value in found):
            return True
        return False if all(value is False for value in found) else None

    return disjunction


def _negation(side: Value) -> Value:
    def negated(message: Message) -> bool | None:
        value = side(message)
        return not value if isinstance(value, bool) else None

    return negated


def _application_property(message: Message, name: str) -> Any:  # noqa: ANN401 - any AMQP value
    """A property of the sender's own; their names are compared without regard to case, as the documentation says."""
    for key, value in message.application_properties.items():
        if str(key).casefold() == name.casefold():
            return value
    return None


def _plain(name: str) -> str:
    return name[1:-1] if name.startswith("[") else name


def _as_regex(pattern: str, escape: str | None) -> str:
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if escape is not None and character == escape:
            parts.append(re.escape(next(characters, escape)))
        else:
            parts.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
    return "".join(parts)
