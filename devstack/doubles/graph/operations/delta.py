"""Delta queries: everything at first, then what changed since the link was given.

A delta link remembers a moment; what changed is the difference between the directory then and now. Source:
Microsoft Learn, application-delta, serviceprincipal-delta, delta-query-overview.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from devstack.doubles.documents import Document, View
from devstack.doubles.graph.errors import bad_request, sync_state_lost, unsupported_query
from devstack.doubles.graph.exchange import SERVICE_ROOT, Answer, Request, context
from devstack.doubles.graph.odata.conditions import Comparison, Condition, Junction
from devstack.doubles.graph.odata.options import DEFAULT_TOP, Options, parse_options, system_options
from devstack.doubles.graph.operations.deleted_items import COLLECTION as DELETED
from devstack.doubles.graph.presentation import public
from devstack.doubles.graph.routing import Handler
from devstack.doubles.graph.rules.access import may_read
from devstack.doubles.graph.store import Directory

_UNSUPPORTED = ("top", "orderby", "search", "expand", "count")
_TOKENS_LIVE_SECONDS = 7 * 86_400
"""Of directory objects (delta-query-overview, "Token duration")."""


@dataclass(frozen=True)
class _Position:
    """Between which moments (seconds on the stack clock; from None is the beginning), and how far shown."""

    since: float | None
    until: float
    offset: int = 0


def delta(collection: str, type_name: str) -> Handler:
    """`GET /{collection}/delta`: a page with either `@odata.nextLink` or `@odata.deltaLink`."""

    def handle(directory: Directory, request: Request) -> Answer:
        for name in system_options(request.options):
            if name in _UNSUPPORTED:
                raise unsupported_query(f"'${name}' is not supported for delta queries.")
        options = parse_options(request, type_name)
        _check_filter(options.condition)
        position = _position(directory, options)
        items = _changes(directory, collection, type_name, request, options, position)
        page = items[position.offset : position.offset + DEFAULT_TOP]
        body: dict[str, Any] = {"@odata.context": context(_fragment(collection, options))}
        if position.offset + DEFAULT_TOP < len(items):
            further = _Position(position.since, position.until, position.offset + DEFAULT_TOP)
            body["@odata.nextLink"] = _link(collection, "$skiptoken", further, request)
        else:
            body["@odata.deltaLink"] = _link(collection, "$deltatoken", _Position(position.until, 0.0), request)
        return Answer(200, {**body, "value": page})

    return handle


def _changes(
    directory: Directory,
    collection: str,
    type_name: str,
    request: Request,
    options: Options,
    position: _Position,
) -> list[Document]:
    """New and changed objects with what was selected, and removed ones as `@removed`."""
    now = directory.world.documents.view(position.until)
    before = _states(directory, collection, position.since)
    select = None if options.select is None else ("id", *options.select)
    items: list[Document] = []
    for document in now.scan(collection):
        shown = public(document, type_name, select)
        past = before.pop(document["id"], None)
        was = public(past, type_name, select) if past is not None and "_type" not in past else None
        if shown != was and _is_asked(document, options, request):
            items.append(shown)
    return items + [
        {"id": past["id"], "@removed": {"reason": reason}}
        for past in before.values()
        if (reason := _removal(now, past)) and _is_asked(past, options, request)
    ]


def _states(directory: Directory, collection: str, since: float | None) -> dict[str, Document]:
    """The objects of the collection at a moment by id, soft-deleted ones included (with their `_type`)."""
    if since is None:
        return {}
    then = directory.world.documents.view(since)
    deleted = [item for item in then.scan(DELETED) if f"{item['_type']}s" == collection]
    return {document["id"]: document for document in [*then.scan(collection), *deleted]}


def _removal(now: View, past: Document) -> str | None:
    """Why an object is not among the living any more: `changed` when restorable, `deleted` when gone for good."""
    if now.get(DELETED, past["id"]) is None:
        return "deleted"
    return "changed" if "_type" not in past else None


def _is_asked(document: Document, options: Options, request: Request) -> bool:
    fits = options.condition is None or options.condition.fits(document)
    return fits and may_read(request.caller, document)


def _check_filter(condition: Condition | None) -> None:
    """Only `id eq '...'`, several of them joined by `or`."""
    parts = condition.conditions if isinstance(condition, Junction) and condition.word == "or" else (condition,)
    for part in parts:
        if part is not None and not (isinstance(part, Comparison) and (part.path, part.operator) == (("id",), "eq")):
            raise unsupported_query("Only the filter on 'id' is supported for delta queries.")


def _position(directory: Directory, options: Options) -> _Position:
    now = directory.world.clock.time() - directory.world.weather.lag_seconds
    if options.delta_token == "latest":  # noqa: S105 - the service's word for "from now on"
        return _Position(now, now)
    try:
        if options.skip_token is not None:
            return _Position(*json.loads(base64.urlsafe_b64decode(options.skip_token)))
        if options.delta_token is not None:
            since = float(json.loads(base64.urlsafe_b64decode(options.delta_token))[0])
            if directory.world.clock.time() - since > _TOKENS_LIVE_SECONDS:
                raise sync_state_lost()
            return _Position(since, now)
    except (binascii.Error, ValueError, TypeError, IndexError) as error:
        raise bad_request("Badly formed token.") from error
    return _Position(None, now)


def _link(collection: str, name: str, position: _Position, request: Request) -> str:
    state = [position.since, position.until, position.offset]
    token = base64.urlsafe_b64encode(json.dumps(state).encode()).decode()
    kept = {f"${key}": value for key, value in system_options(request.options).items() if "token" not in key}
    return f"{SERVICE_ROOT}/{collection}/delta?{urlencode({**kept, name: token}, safe='$,')}"


def _fragment(collection: str, options: Options) -> str:
    return f"{collection}({','.join(options.select)})" if options.select else collection
