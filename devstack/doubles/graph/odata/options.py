"""The query options of a call: `$select`, `$filter`, `$top`, `$count`, `$search`, `$orderby`, `$expand`, `$skiptoken`.

Names work with and without the dollar sign, as in Graph. "Advanced" queries need the header
`ConsistencyLevel: eventual` and `$count=true` (Microsoft Learn, aad-advanced-queries).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from devstack.doubles.graph.errors import bad_request, malformed, unknown_property, unsupported_query
from devstack.doubles.graph.exchange import Request
from devstack.doubles.graph.odata.conditions import Condition
from devstack.doubles.graph.odata.filter import parse_filter
from devstack.doubles.graph.odata.filterable import check_filter
from devstack.doubles.graph.schema import TYPES, properties_of

DEFAULT_TOP = 100
MAX_TOP = 999

_NAMES = frozenset(
    {"select", "filter", "top", "count", "search", "orderby", "expand", "skiptoken", "deltatoken", "format"}
)
_SORTABLE = frozenset({"displayName", "createdDateTime", "userPrincipalName", "appId", "id"})
_SEARCHABLE = frozenset({"displayName", "description", "tags", "appDisplayName", "userPrincipalName", "mail"})
_SELECT_AND_EXPAND = "Parsing OData Select and Expand failed"
_SEARCH_CLAUSE = re.compile(r'"(?P<name>\w+):(?P<text>(?:[^"\\]|\\.)*)"')
_EXPAND = re.compile(r"(?P<name>\w+)(?:\(\$select=(?P<select>[\w,\s]+)\))?")


@dataclass(frozen=True)
class Search:
    """`$search="name:text"`; several clauses are all required unless joined by OR."""

    clauses: tuple[tuple[str, str], ...]
    is_any: bool


@dataclass(frozen=True)
class Options:
    """The query options of one call, checked."""

    select: tuple[str, ...] | None = None
    condition: Condition | None = None
    search: Search | None = None
    order_by: tuple[tuple[str, bool], ...] = ()  # property, descending
    top: int | None = None
    counts: bool = False
    expand: tuple[tuple[str, tuple[str, ...] | None], ...] = ()  # navigation property, its $select
    skip_token: str | None = None
    delta_token: str | None = None


def system_options(options: Mapping[str, str]) -> dict[str, str]:
    """The query's system options by their names without `$`. Raises GraphError 400 for an unknown `$` name."""
    found: dict[str, str] = {}
    for name, value in options.items():
        plain = name.removeprefix("$").casefold()
        if plain in _NAMES:
            found[plain] = value
        elif plain == "skip":
            raise bad_request("'$skip' is not supported by the service.")
        elif name.startswith("$"):
            raise malformed(f"The query parameter '{name}' is not supported.")
    return found


def parse_options(request: Request, type_name: str, expandable: frozenset[str] = frozenset()) -> Options:
    """The options of a call about objects of `type_name`. Raises GraphError 400."""
    raw = system_options(request.options)
    advanced = request.is_eventual and raw.get("count", "").casefold() == "true"
    condition = parse_filter(raw["filter"], type_name) if raw.get("filter") else None
    if condition is not None:
        check_filter(condition, type_name, advanced=advanced)
    search = _search(raw.get("search"), request)
    order_by = _order_by(raw.get("orderby"), type_name)
    if order_by and (condition is not None or search is not None) and not advanced:
        raise unsupported_query("Sorting not supported for current query.")
    return Options(
        select=_select(raw.get("select"), type_name),
        condition=condition,
        search=search,
        order_by=order_by,
        top=_top(raw.get("top")),
        counts=raw.get("count", "").casefold() == "true" and request.is_eventual,
        expand=_expand(raw.get("expand"), type_name, expandable),
        skip_token=raw.get("skiptoken"),
        delta_token=raw.get("deltatoken"),
    )


def _select(text: str | None, type_name: str) -> tuple[str, ...] | None:
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    if not names or "*" in names:
        return None
    by_folded = {name.casefold(): name for name in properties_of(type_name)}
    for name in names:
        if name.casefold() not in by_folded:
            raise unknown_property(_SELECT_AND_EXPAND, name, f"microsoft.graph.{type_name}")
    return tuple(by_folded[name.casefold()] for name in names)


def _top(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"-?\d+", text):
        raise malformed(
            f"Invalid value '{text}' for $top query option found. The $top query option requires a non-negative "
            "integer value."
        )
    if not 1 <= int(text) <= MAX_TOP:
        raise bad_request(f"Invalid page size specified: '{text}'. Must be between 1 and {MAX_TOP} inclusive.")
    return int(text)


def _order_by(text: str | None, type_name: str) -> tuple[tuple[str, bool], ...]:
    order: list[tuple[str, bool]] = []
    for item in (text or "").split(","):
        name, _, direction = item.strip().partition(" ")
        if not name:
            continue
        if name not in TYPES[type_name] or direction.strip() not in ("", "asc", "desc"):
            raise unknown_property("Invalid $orderby clause", name, f"microsoft.graph.{type_name}")
        if name not in _SORTABLE:
            raise unsupported_query("Sorting not supported for current query.")
        order.append((name, direction.strip() == "desc"))
    return tuple(order)


def _search(text: str | None, request: Request) -> Search | None:
    if text is None:
        return None
    if not request.is_eventual:
        raise unsupported_query(
            "Request with $search query parameter only works through MSGraph with a special request header: "
            "'ConsistencyLevel: eventual'"
        )
    clauses = [(found["name"], found["text"]) for found in _SEARCH_CLAUSE.finditer(text)]
    rest = _SEARCH_CLAUSE.sub("", text).replace("(", " ").replace(")", " ").split()
    if not clauses or any(word not in ("AND", "OR") for word in rest):
        raise malformed(f"Syntax error: character '{text[:1]}' is not valid at position 0 in '{text}'.")
    for name, _ in clauses:
        if name not in _SEARCHABLE:
            raise unsupported_query(f"Unsupported property '{name}' specified in $search.")
    return Search(tuple(clauses), is_any="OR" in rest)


def _expand(
    text: str | None, type_name: str, expandable: frozenset[str]
) -> tuple[tuple[str, tuple[str, ...] | None], ...]:
    expanded: list[tuple[str, tuple[str, ...] | None]] = []
    for found in _EXPAND.finditer(text or ""):
        if found["name"] not in expandable:
            raise unknown_property(_SELECT_AND_EXPAND, found["name"], f"microsoft.graph.{type_name}")
        select: str | None = found["select"]
        expanded.append((found["name"], tuple(name.strip() for name in select.split(",")) if select else None))
    return tuple(expanded)
