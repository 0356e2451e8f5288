"""Strict parsing of external JSON: one object, no duplicate keys, no trailing data, no constants."""

import json
from typing import Any, NoReturn, cast

from shared.contract.recognising import envelope_of, kind_of, unwrap
from shared.core.errors import Problem, RejectedError
from shared.core.text import echo, printable

MAX_BODY_BYTES = 32 * 1024
_MAX_READ_BYTES = 64 * 1024
"""Maximum size of a queue message: a body up to here is still read, so that its answer can name the request."""
_INSTEAD = "Send one JSON object in UTF-8."
_JSON_KINDS: dict[type, str] = {str: "a text", list: "a list", bool: "true or false", type(None): "null"}


def parse_object(body: bytes) -> tuple[dict[str, Any], list[Problem]]:
    """Parse one JSON object; return it with a problem for every duplicate key, and one for more than 32 KiB.

    Raises RejectedError if it is not a JSON object, saying what it is instead. A leading byte order mark is skipped,
    and base64 is decoded.
    """
    unwrapped = unwrap(body)
    text = _decode(unwrapped)
    duplicates: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        collected: dict[str, Any] = {}
        for key, value in pairs:
            if key in collected:
                duplicates.append(key)
            collected[key] = value
        return collected

    try:
        parsed: object = json.loads(text, object_pairs_hook=collect, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RejectedError(
            [Problem("", "invalid_json", f"The message is not valid JSON: {_explain(error)}.")]
        ) from None
    if not isinstance(parsed, dict):
        raise RejectedError([_no_object(parsed)])
    problems = [_too_large(len(unwrapped))] if len(unwrapped) > MAX_BODY_BYTES else []
    problems += [
        Problem(printable(key), "duplicate_field", f"The field {echo(key)} occurs more than once. Send it once.")
        for key in dict.fromkeys(duplicates)
    ]
    return cast("dict[str, Any]", parsed), problems


def _decode(body: bytes) -> str:
    if len(body) > _MAX_READ_BYTES:
        raise RejectedError([_too_large(len(body))])
    kind = kind_of(body)
    if kind is not None:
        raise RejectedError([Problem("", "invalid_json", f"The message is {kind}. {_INSTEAD}")])
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"The message is not UTF-8 at byte {error.start}. {_INSTEAD}"
        raise RejectedError([Problem("", "invalid_json", message)]) from None


def _no_object(parsed: object) -> Problem:
    envelope = envelope_of(parsed)
    if envelope is not None:
        return enveloped(envelope)
    kind = _JSON_KINDS.get(type(parsed), "a number")
    return Problem("", "invalid_json", f"The message is JSON, but {kind} rather than an object. {_INSTEAD}")


def enveloped(envelope: str) -> Problem:
    """Return the problem that a request was sent in an envelope."""
    return Problem("", "enveloped", f"The message is {envelope}. Send the request in its `data` by itself.")


def _too_large(size: int) -> Problem:
    return Problem("", "too_large", f"The message has {size} bytes; at most {MAX_BODY_BYTES} are taken.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _explain(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "a number or constant is not allowed"
