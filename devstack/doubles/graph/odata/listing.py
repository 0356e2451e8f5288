"""Answers lists: filtered, sorted, searched, counted, cut into pages with opaque links.

A page token remembers the moment of the first page, so that further pages neither skip nor repeat objects.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import urlencode

from devstack.doubles.documents import Document, View
from devstack.doubles.graph.errors import bad_request, unsupported_query
from devstack.doubles.graph.exchange import SERVICE_ROOT, Answer, Request, context
from devstack.doubles.graph.odata.conditions import AnyOf, Comparison, Condition, Junction
from devstack.doubles.graph.odata.options import DEFAULT_TOP, Options, Search, parse_options, system_options
from devstack.doubles.graph.presentation import public, typed, with_keys
from devstack.doubles.graph.store import Directory
from devstack.doubles.world import INDEXED

type Expand = Callable[[View, Document, tuple[str, ...] | None], list[Document]]


@dataclass(frozen=True)
class EntitySet:
    """What a list is made of. `fragment` is its name in `@odata.context`, `expands` its navigation properties.

    A list of `directoryObject`s mixes types; each document names its own in `_type`. `defaults` are the properties of
    an answer without `$select`, where those are not all.
    """

    fragment: str
    type_name: str
    expands: dict[str, Expand] = field(default_factory=dict[str, Expand])
    defaults: tuple[str, ...] | None = None


def answer_list(
    directory: Directory,
    request: Request,
    entities: EntitySet,
    find: Callable[[View, Condition | None], Iterable[Document]],
) -> Answer:
    """200 with one page. `find` gives the documents of a view, which the condition may help it to narrow."""
    options = parse_options(request, entities.type_name, frozenset(entities.expands))
    as_of, offset = _position(options, directory)
    view = directory.world.documents.view(as_of)
    matches = _matches(find(view, options.condition), options)
    top = options.top or DEFAULT_TOP
    body: dict[str, Any] = {"@odata.context": context(_fragment(entities, options))}
    if options.counts:
        body["@odata.count"] = len(matches)
    if offset + top < len(matches):
        body["@odata.nextLink"] = _next_link(request, as_of, offset + top)
    body["value"] = [shown(view, document, entities, options) for document in matches[offset : offset + top]]
    return Answer(200, body)


def answer_count(
    directory: Directory,
    request: Request,
    entities: EntitySet,
    find: Callable[[View, Condition | None], Iterable[Document]],
) -> Answer:
    """200 with the bare number, for `/$count`. Raises GraphError 400 without `ConsistencyLevel: eventual`."""
    if not request.is_eventual:
        raise unsupported_query(
            "Raw count (/$count) is not supported because the 'ConsistencyLevel:eventual' header is missing. "
            "Refer to https://aka.ms/graph-docs/advanced-queries for more information"
        )
    advanced = replace(request, options={**request.options, "$count": "true"})
    options = parse_options(advanced, entities.type_name)
    return Answer(200, str(len(_matches(find(directory.replica, options.condition), options))))


def answer_one(directory: Directory, request: Request, entities: EntitySet, document: Document) -> Answer:
    """200 with one object."""
    options = parse_options(request, entities.type_name, frozenset(entities.expands))
    fragment = _fragment(entities, options)
    body = shown(directory.replica, document, entities, options)
    if options.select is not None and "keyCredentials" in options.select:
        body = with_keys(body, document)
    return Answer(200, {"@odata.context": context(f"{fragment}/$entity"), **body})


def shown(view: View, document: Document, entities: EntitySet, options: Options) -> Document:
    """One object with what was selected and expanded."""
    if entities.type_name == "directoryObject":
        return typed(document, document["_type"], options.select)
    body = public(document, entities.type_name, options.select or entities.defaults)
    for name, select in options.expand:
        body[name] = entities.expands[name](view, document, select)
    return body


def narrowed(view: View, collection: str, condition: Condition | None) -> Iterable[Document]:
    """The documents of a collection that a condition may fit: by an index where one helps, else all."""
    for part in _conjuncts(condition):
        path, value = _equality(part)
        if value is None:
            continue
        if path == ("id",):
            found = view.get(collection, value.casefold())
            return [] if found is None else [found]
        if len(path) == 1 and path[0] in INDEXED.get(collection, ()):
            return view.find(collection, path[0], value)
    return view.scan(collection)


def _equality(condition: Condition) -> tuple[tuple[str, ...], str | None]:
    """Path and text of `path eq 'text'` and of `path/any(x:x eq 'text')`; no text for anything else."""
    if isinstance(condition, AnyOf) and isinstance(condition.condition, Comparison) and not condition.condition.path:
        inner, path = condition.condition, condition.path
    elif isinstance(condition, Comparison):
        inner, path = condition, condition.path
    else:
        return (), None
    value = inner.values[0]
    return path, value if inner.operator == "eq" and isinstance(value, str) else None


def _conjuncts(condition: Condition | None) -> Sequence[Condition]:
    if isinstance(condition, Junction) and condition.word == "and":
        return condition.conditions
    return () if condition is None else (condition,)


def _matches(documents: Iterable[Document], options: Options) -> list[Document]:
    found = [
        document
        for document in documents
        if (options.condition is None or options.condition.fits(document))
        and (options.search is None or _is_found(options.search, document))
    ]
    for name, descending in reversed(options.order_by):
        found.sort(key=lambda document: str(document.get(name) or "").casefold(), reverse=descending)
    return found


def _is_found(search: Search, document: Document) -> bool:
    """Return whether words of the property start as the search says; values are cut into words as the index does."""
    hits: list[bool] = []
    for name, text in search.clauses:
        value: object = document.get(name) or ""
        values = cast("list[object]", value) if isinstance(value, list) else [value]
        words = [word.casefold() for item in values for word in re.split(r"[\W_]+", str(item))]
        wanted = [word.casefold() for word in re.split(r"[\W_]+", text) if word]
        hits.append(all(any(word.startswith(part) for word in words) for part in wanted))
    return any(hits) if search.is_any else all(hits)


def _fragment(entities: EntitySet, options: Options) -> str:
    names = [*(options.select or ()), *(f"{name}()" for name, _ in options.expand)]
    return f"{entities.fragment}({','.join(names)})" if names else entities.fragment


def _position(options: Options, directory: Directory) -> tuple[float, int]:
    """The moment the list shows, and where in it the page starts."""
    if options.skip_token is None:
        return directory.world.clock.time() - directory.world.weather.lag_seconds, 0
    try:
        as_of, offset = json.loads(base64.urlsafe_b64decode(options.skip_token))
        return float(as_of), int(offset)
    except (binascii.Error, ValueError, TypeError) as error:
        raise bad_request("Skip token is invalid.") from error


def _next_link(request: Request, as_of: float, offset: int) -> str:
    token = base64.urlsafe_b64encode(json.dumps([as_of, offset]).encode()).decode()
    kept = {f"${name}": value for name, value in system_options(request.options).items() if name != "skiptoken"}
    return f"{SERVICE_ROOT}/{request.path}?{urlencode({**kept, '$skiptoken': token}, safe='$,')}"
