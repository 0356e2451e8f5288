"""Routes: patterns of words and keys, what they need and cost, and the labels calls are counted under."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote

from devstack.doubles.graph.errors import GraphError, unknown_segment
from devstack.doubles.graph.exchange import Answer, Request
from devstack.doubles.graph.odata.path import Key, Token, Word, parse_path
from devstack.doubles.graph.rules.access import Permission
from devstack.doubles.graph.store import Directory

type Handler = Callable[[Directory, Request], Answer]

KEY = "{}"


@dataclass(frozen=True)
class Route:
    """One operation. `pattern` is a path with `{}` for keys; `cost` is its resource units before `$select` & co;
    `only_reads` marks a POST that is no write.

    Source of the costs: Microsoft Learn, throttling-limits, identity and access service.
    """

    method: str
    pattern: str
    handler: Handler
    needs: Permission
    cost: int = 1
    only_reads: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """The pattern's words and keys."""
        return tuple(self.pattern.strip("/").split("/"))

    def match(self, tokens: tuple[Token, ...]) -> tuple[Key, ...] | None:
        """The keys of a path that fits, or None. Words are matched without regard to case."""
        if len(tokens) != len(self.parts):
            return None
        keys: list[Key] = []
        for part, token in zip(self.parts, tokens, strict=True):
            if part == KEY:
                keys.append(token if isinstance(token, Key) else Key("id", token.text))
            elif not isinstance(token, Word) or token.text.casefold() != part.casefold():
                return None
        return tuple(keys)

    def label(self, keys: tuple[Key, ...]) -> str:
        """`POST /applications(appId)/addPassword`: the route, with the kind of each key but not its value."""
        remaining = iter(keys)
        path = ""
        for part in self.parts:
            if part == KEY:
                key = next(remaining)
                path += "/{id}" if key.name == "id" else f"({key.name})"
            else:
                path += f"/{part}"
        return f"{self.method} {path}"


class Router:
    """Finds the route of a call; literal words win over keys."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = sorted(routes, key=lambda route: route.parts.count(KEY))

    def find(self, method: str, tokens: tuple[Token, ...]) -> tuple[Route, tuple[Key, ...]]:
        """The route and the path's keys. Raises GraphError 400 for no such path, 405 for no such method."""
        is_path_known = False
        for route in self._routes:
            keys = route.match(tokens)
            if keys is None:
                continue
            if route.method == method:
                return route, keys
            is_path_known = True
        if is_path_known:
            raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
        raise unknown_segment(next((token.text for token in reversed(tokens) if isinstance(token, Word)), ""))

    def label(self, method: str, path: str) -> str:
        """What a call is counted under; `path` is decoded and starts with the version."""
        version, _, rest = path.strip("/").partition("/")
        try:
            route, keys = self.find(method, parse_path(quote(rest, safe="/")))
        except GraphError:
            return f"{method} (unknown)"
        return route.label(keys) if version.casefold() == "v1.0" else f"{method} (unknown)"
