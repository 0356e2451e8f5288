"""JSON from outside, parsed without mercy: one object, no duplicate keys, no trailing data, no surprises."""

import base64
import binascii
import json
from typing import Any, NoReturn, cast

from shared.errors import Problem, Rejected, echo, printable

MAX_BODY_BYTES = 32 * 1024
_MAX_READ_BYTES = 64 * 1024
"""What a queue message can hold: a body up to here is still read, so that its answer can name the request."""


def parse_object(body: bytes) -> tuple[dict[str, Any], list[Problem]]:
    """Parse one JSON object; returns it with a problem for every duplicate key, and one for more than 32 KiB.

    Raises Rejected with the one reason why it is not a JSON object at all.
    Base64 of such an object is taken as well: Functions output bindings and older storage SDKs encode queue
    messages that way, `az storage message put` and the portal do not.
    """
    unwrapped = unwrap_base64(body)
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
        raise Rejected([Problem("", "invalid_json", f"The message is not valid JSON: {_explain(error)}.")]) from None
    if not isinstance(parsed, dict):
        raise Rejected([Problem("", "invalid_json", "The message is JSON, but not an object.")])
    problems = [_too_large(len(unwrapped))] if len(unwrapped) > MAX_BODY_BYTES else []
    problems += [
        Problem(printable(key), "duplicate_field", f"The field {echo(key)} stands more than once.")
        for key in dict.fromkeys(duplicates)
    ]
    return cast("dict[str, Any]", parsed), problems


def unwrap_base64(body: bytes) -> bytes:
    """Return what a message means that may have been encoded on its way: JSON as it is, or decoded."""
    stripped = body.strip()
    if stripped[:1] in (b"{", b"[", b'"', b""):
        return body
    try:
        decoded = base64.b64decode(stripped, validate=True)
    except (binascii.Error, ValueError):
        return body
    return decoded if decoded.lstrip()[:1] in (b"{", b"[") else body


def _decode(body: bytes) -> str:
    if len(body) > _MAX_READ_BYTES:
        raise Rejected([_too_large(len(body))])
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected([Problem("", "invalid_json", f"The message is not UTF-8 at byte {error.start}.")]) from None


def _too_large(size: int) -> Problem:
    return Problem("", "too_large", f"The message has {size} bytes; at most {MAX_BODY_BYTES} are taken.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _explain(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "a number or constant is not allowed"
