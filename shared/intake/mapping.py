"""Maps a payload to a request, as strictly as the queue's own messages. Pure."""

import json
import re
from itertools import pairwise
from typing import Any, cast

from jmespath.exceptions import JMESPathError

from shared.contract.request import Request, parse_request
from shared.contract.strict_json import MAX_BODY_BYTES, parse_object
from shared.core.errors import Problem, RejectedError
from shared.intake.expressions import search
from shared.intake.rich_text import NotUnderstoodError
from shared.intake.sources import Constant, Mapping, Source
from shared.model.labels import labelled

_STEP = re.compile(r"([A-Za-z]+)|\[(\d)\]")


def request_from(source: Source, fields: dict[str, Any]) -> Request:
    """Read a verified payload. Raises RejectedError with all its problems, at the request's own paths.

    The request's source is always the sender. Messages name a field as its form does.
    """
    try:
        return _request_from(source, fields)
    except RejectedError as rejected:
        raise RejectedError(labelled(rejected.problems, source.mapping.labels)) from None


def _request_from(source: Source, fields: dict[str, Any]) -> Request:
    made, problems = _mapped(source.mapping, fields)
    made["source"] = source.name
    made.setdefault("schemaVersion", "1")
    try:
        request = parse_request(made)
    except RejectedError as rejected:
        told = tuple(problem.field for problem in problems)
        others = [each for each in rejected.problems if not _follows_from(each.field, told)]
        raise RejectedError([*problems, *others]) from None
    if problems:
        raise RejectedError(problems)
    size = len(json.dumps(made, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > MAX_BODY_BYTES:
        raise RejectedError(
            [Problem("", "too_large", f"The request has {size} bytes; at most {MAX_BODY_BYTES} are taken.")]
        )
    return request


def _follows_from(field: str, told: tuple[str, ...]) -> bool:
    """Return whether a field is only missing because its form value, or one of a field inside it, was refused."""
    return any(path == field or path.startswith((f"{field}.", f"{field}[")) for path in told)


def _mapped(mapping: Mapping, payload: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Assemble the request's fields from the payload, with problems for those that could not be read."""
    made: dict[str, Any] = {}
    problems: list[Problem] = []
    if mapping.whole is not None:
        made = _whole(find(mapping.whole, payload, "the request"))
    for path, rule in mapping.fields.items():
        try:
            value = rule.constant if isinstance(rule, Constant) else find(rule, payload, path)
            if value is not None:
                _put(made, path, value)
        except RejectedError as rejected:
            problems += rejected.problems
        except (AttributeError, IndexError, TypeError):  # `whole` has another type along the path
            problems.append(_does_not_fit(path))
    return made, problems


def _whole(found: object) -> dict[str, Any]:
    if isinstance(found, str):
        fields, problems = parse_object(found.encode("utf-8", "surrogatepass"))
        if problems:
            raise RejectedError(problems)
        return fields
    if not isinstance(found, dict):
        raise RejectedError(
            [Problem("", "missing_field", "The payload holds no request where the source's mapping looks.")]
        )
    return dict(cast("dict[str, Any]", found))


def find(expression: str, payload: dict[str, Any], path: str) -> object:
    """Evaluate an expression. Raises RejectedError, naming the path, when the payload does not fit it."""
    try:
        return search(expression, payload)
    except NotUnderstoodError as error:
        raise RejectedError(
            [Problem(path, "invalid_value", f"The field '{path}' could not be read. {error}")]
        ) from None
    except (JMESPathError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        raise RejectedError([_does_not_fit(path)]) from None


def _does_not_fit(path: str) -> Problem:
    message = (
        f"The field '{path}' could not be read from what the form sends. Ask whoever maintains the form's flow to "
        "compare it with the registrar's ticketing.toml."
    )
    return Problem(path, "mapping_failed", message)


def _put(made: dict[str, Any], path: str, value: object) -> None:
    """Set a value at a path, creating the objects and lists along it."""
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
