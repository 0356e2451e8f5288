"""JSON from outside, parsed without mercy: one object, no duplicate keys, no trailing data, no surprises."""

import base64
import binascii
import json
from typing import Any, NoReturn, cast

from shared.errors import ECHO_LIMIT, Problem, Rejected, echo

MAX_BODY_BYTES = 32 * 1024


def parse_object(body: bytes) -> tuple[dict[str, Any], list[Problem]]:
    """Parse one JSON object of at most 32 KiB; returns it with a problem for every duplicate key.

    Raises Rejected with the one reason why it is not a JSON object at all.
    Base64 of such an object is taken as well: Functions output bindings and older storage SDKs encode queue
    messages that way, `az storage message put` and the portal do not.
    """
    text = _decode(_unwrap_base64(body))
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
    problems = [
        Problem(key[:ECHO_LIMIT], "duplicate_field", f"The field {echo(key)} stands more than once.")
        for key in dict.fromkeys(duplicates)
    ]
    return cast("dict[str, Any]", parsed), problems


def _unwrap_base64(body: bytes) -> bytes:
    stripped = body.strip()
    if stripped[:1] in (b"{", b"[", b'"', b""):
        return body
    try:
        decoded = base64.b64decode(stripped, validate=True)
    except (binascii.Error, ValueError):
        return body
    return decoded if decoded.lstrip()[:1] == b"{" else body


def _decode(body: bytes) -> str:
    if len(body) > MAX_BODY_BYTES:
        raise Rejected(
            [Problem("", "too_large", f"The message has {len(body)} bytes; at most {MAX_BODY_BYTES} are taken.")]
        )
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected([Problem("", "invalid_json", f"The message is not UTF-8 at byte {error.start}.")]) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _explain(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "a number or constant is not allowed"
