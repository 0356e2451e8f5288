"""Resource paths: segments, key predicates and alternate keys.

`/applications(appId='x')/addPassword` and `/Applications/{id}/microsoft.graph.addPassword` both become words and
keys, which `routes` matches against patterns.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from devstack.doubles.graph.errors import malformed

_CALL = re.compile(r"(?P<name>[\w.$-]+)\((?P<argument>.*)\)", re.DOTALL)
_KEY = re.compile(r"(?:(?P<name>\w+)\s*=\s*)?(?:'(?P<text>(?:[^']|'')*)'|(?P<bare>[^'(),=\s]+))", re.DOTALL)
_NAMESPACES = ("microsoft.graph.", "graph.")
"""The full one, and the alias that Microsoft's SDKs use."""


@dataclass(frozen=True)
class Word:
    """A plain segment, decoded; the namespace of a bound action or function is dropped."""

    text: str


@dataclass(frozen=True)
class Key:
    """A key predicate: `name` is `id`, or the alternate key's property; `value` is unquoted."""

    name: str
    value: str


type Token = Word | Key


def parse_path(raw: str) -> tuple[Token, ...]:
    """Tokens of a percent-encoded path that starts after the version. Raises GraphError for a broken key."""
    tokens: list[Token] = []
    for segment in raw.strip("/").split("/"):
        tokens.extend(_parse_segment(unquote(segment)))
    return tuple(tokens)


def _parse_segment(segment: str) -> list[Token]:
    call = _CALL.fullmatch(segment)
    if call is None:
        return [Word(_plain(segment))]
    word = Word(_plain(call["name"]))
    argument = call["argument"].strip()
    if not argument:
        return [word]
    key = _KEY.fullmatch(argument)
    if key is None:
        raise malformed(f"The key in segment '{segment}' is not correctly formed.")
    text: str | None = key["text"]
    value = key["bare"] if text is None else text.replace("''", "'")
    return [word, Key(key["name"] or "id", value)]


def _plain(name: str) -> str:
    for namespace in _NAMESPACES:
        rest = name[len(namespace) :]
        if name.casefold().startswith(namespace) and "." not in rest:
            return rest
    return name
