"""Pages of at most 25, linked by absolute and opaque nextLinks."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from devstack.doubles.documents import Document
from devstack.doubles.keyvault import errors
from devstack.doubles.keyvault.admission import Call

_LARGEST = 25


def page(
    call: Call,
    path: str,
    items: Sequence[Document],
    key: Callable[[Document], str],
    show: Callable[[Document], Document],
) -> Document:
    """The page of `items` that the query asks for; `path` is the list's own, `key` what the items are sorted by.

    In the weather of empty pages, each page comes after an empty one.
    """
    size = _page_size(call.query.get("maxresults"))
    after, promised = _position(call.query.get("$skiptoken"))
    rest = [item for item in items if after is None or key(item) > after]
    if call.world.weather.empty_pages and rest and not promised:
        return {"value": [], "nextLink": _link(call, path, [after, True])}
    shown, more = rest[:size], rest[size:]
    link = _link(call, path, [key(shown[-1]), False]) if more else None
    return {"value": [show(item) for item in shown], "nextLink": link}


def _page_size(given: str | None) -> int:
    if given is None:
        return _LARGEST
    if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= _LARGEST:
        raise errors.invalid_value("maxresults")
    return int(given)


def _position(token: str | None) -> tuple[str | None, bool]:
    if token is None:
        return None, False
    try:
        after, promised = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError, TypeError) as error:
        raise errors.invalid_value("$skiptoken") from error
    return after, promised


def _link(call: Call, path: str, position: list[str | bool | None]) -> str:
    query = {"api-version": call.query["api-version"]}
    query["$skiptoken"] = base64.urlsafe_b64encode(json.dumps(position).encode()).decode()
    if size := call.query.get("maxresults"):
        query["maxresults"] = size
    return f"{call.base}{path}?{urlencode(query)}"
