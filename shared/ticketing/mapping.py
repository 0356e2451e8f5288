"""A payload becomes a request: pure, and as strict as the queue's own messages."""

import json
import re
from itertools import pairwise
from typing import Any, cast

from jmespath.exceptions import JMESPathError

from shared.contract.request import Request, parse_request
from shared.contract.strict_json import MAX_BODY_BYTES, parse_object
from shared.errors import Problem, Rejected
from shared.ticketing.expressions import search
from shared.ticketing.model import Constant, Mapping, Source

_STEP = re.compile(r"([A-Za-z]+)|\[(\d)\]")


def payload_from(body: bytes) -> dict[str, Any]:
    """Parse a verified payload. Raises Rejected when it is not one JSON object without doubt."""
    fields, problems = parse_object(body)
    if problems:
        raise Rejected(problems)
    return fields


def request_from(source: Source, fields: dict[str, Any]) -> Request:
    """Read a verified payload. Raises Rejected with everything that is wrong with it, at the request's own paths.

    Whatever the payload says, the request's source is the sender's.
    """
    made = _mapped(source.mapping, fields)
    made["source"] = source.name
    made.setdefault("schemaVersion", "1")
    request = parse_request(made)
    size = len(json.dumps(made, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > MAX_BODY_BYTES:
        raise Rejected([Problem("", "too_large", f"The request has {size} bytes; at most {MAX_BODY_BYTES} are taken.")])
    return request


def _mapped(mapping: Mapping, payload: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if mapping.whole is not None:
        made = _whole(find(mapping.whole, payload, "the request"))
    for path, rule in mapping.fields.items():
        value = rule.constant if isinstance(rule, Constant) else find(rule, payload, path)
        if value is None:
            continue
        try:
            _put(made, path, value)
        except (AttributeError, IndexError, TypeError):  # `whole` has something else on the way
            raise Rejected([_does_not_fit(path)]) from None
    return made


def _whole(found: object) -> dict[str, Any]:
    if isinstance(found, str):
        fields, problems = parse_object(found.encode("utf-8", "surrogatepass"))
        if problems:
            raise Rejected(problems)
        return fields
    if not isinstance(found, dict):
        raise Rejected([Problem("", "missing_field", "The payload holds no request where the source's mapping looks.")])
    return dict(cast("dict[str, Any]", found))


def find(expression: str, payload: dict[str, Any], path: str) -> object:
    """Find what an expression says. Raises Rejected, naming the path, when the payload does not fit it."""
    try:
        return search(expression, payload)
    except (JMESPathError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        raise Rejected([_does_not_fit(path)]) from None


def _does_not_fit(path: str) -> Problem:
    message = f"The payload does not fit what the source's mapping says of {path}."
    return Problem(path, "mapping_failed", message)


def _put(made: dict[str, Any], path: str, value: object) -> None:
    """Put a value at a path, making the objects and lists on the way."""
    steps: list[str | int] = [name or int(index) for name, index in _STEP.findall(path)]
    place: Any = made
    for step, following in pairwise(steps):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            while len(place) <= step:
                place.append({} if not isinstance(following, int) else [])
            place = place[step]
        else:
            place = place.setdefault(step, empty)
    last = steps[-1]
    if isinstance(last, int):
        while len(place) <= last:
            place.append(None)
    place[last] = value
