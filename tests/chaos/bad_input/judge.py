"""An opinion of our own on whether a message is a valid request, from the published schema and the documented rules.

Shares nothing with the product: where the two disagree, one of them is wrong.
"""

import base64
import contextlib
import gzip
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

_SCHEMA_FILE = Path(__file__).parents[3] / "schemas/registration-request.v1.json"
_BODY_BYTES = 32 * 1024
_PERMISSIONS = 100
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_BOM = b"\xef\xbb\xbf"
_ID = "([A-Za-z0-9][A-Za-z0-9._-]{0,63})"


class _NotValidError(Exception):
    """The first thing that is wrong."""


def valid_request(body: bytes) -> dict[str, Any] | None:
    """Return the request that a message is, None when it is not a valid one."""
    try:
        request = _read(body)
        json.dumps(request, ensure_ascii=False).encode()  # half a surrogate pair is no character
        _check(request, _schema(), "")
        _check_rules(request)
    except (_NotValidError, ValueError, RecursionError):
        return None
    return request


def readable_fields(body: bytes) -> dict[str, Any]:
    """Return what can be read of a message, valid or not: by that an answer names it; else nothing.

    Of a JSON object, its fields; of anything else, whatever its encoding, the id and the source that stand in it once.
    """
    try:
        parsed: object = json.loads(unwrapped(body).decode(), parse_constant=_refuse)
    except (_NotValidError, ValueError, RecursionError):
        parsed = None
    fields = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}
    if "requestId" in fields:
        return fields
    found = {name: _stands_once(name, _text(body)) for name in ("requestId", "source")}
    named = {name: value for name, value in found.items() if value is not None}
    return fields | named if "requestId" in named else fields


def _stands_once(name: str, text: str) -> str | None:
    """Return the value of a name in what looks like JSON (be it quoted once more), XML, a form or YAML."""
    patterns = (
        rf"""["']{name}\\*["']\s*:\s*\\*["']{_ID}\\*["']""",
        rf"<{name}>\s*{_ID}\s*</{name}>",
        rf"(?:^|[&?]){name}={_ID}(?:&|\s*$)",
        rf"^[ \t]*{name}[ \t]*:[ \t]*{_ID}[ \t]*$",
    )
    found = {value for pattern in patterns for value in re.findall(pattern, text, re.MULTILINE)}
    return found.pop() if len(found) == 1 else None


def _text(body: bytes) -> str:
    """Return the characters of a message: UTF-8, or what its first bytes say; out of base64 and gzip."""
    body = body.removeprefix(_BOM)
    if body.lstrip()[:1] not in (b"{", b"[", b'"'):
        with contextlib.suppress(ValueError):
            body = base64.b64decode(b"".join(body.split()), validate=True) or body
    if body.startswith(b"\x1f\x8b"):
        try:
            return gzip.decompress(body).decode("utf-8", "replace")
        except (OSError, EOFError):
            return ""
    return body.decode(_encoding(body), "replace")


def _encoding(body: bytes) -> str:
    """Name the encoding by a byte order mark, or by the zeros in the first character."""
    marks = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    for mark, name in marks.items():
        if body.startswith(mark):
            return name
    match [byte == 0 for byte in body[:4]]:
        case [False, True, True, True]:
            return "utf-32-le"
        case [True, True, True, False]:
            return "utf-32-be"
        case [False, True, *_]:
            return "utf-16-le"
        case [True, False, *_]:
            return "utf-16-be"
        case _:
            return "utf-8"


def key_of(request: dict[str, Any]) -> tuple[str, str]:
    """Return (source, requestId), which stand for one request for ever."""
    return request.get("source", "queue"), request["requestId"]


@cache
def _schema() -> dict[str, Any]:
    return json.loads(_SCHEMA_FILE.read_text(encoding="utf-8"))


def unwrapped(body: bytes) -> bytes:
    """Undo a byte order mark and base64, be it in lines, which are taken as well. Raises ValueError for bad base64."""
    body = body.removeprefix(_BOM)
    joined = b"".join(body.split())
    if body.lstrip().startswith(b"{") or not _BASE64.fullmatch(joined):
        return body
    return base64.b64decode(joined, validate=True).removeprefix(_BOM)


def _read(body: bytes) -> dict[str, Any]:
    body = unwrapped(body)
    if len(body) > _BODY_BYTES:
        raise _NotValidError("too large")
    parsed: object = json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    if not isinstance(parsed, dict):
        raise _NotValidError("not an object")
    return cast("dict[str, Any]", parsed)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NotValidError("a key stands twice")
    return found


def _refuse(name: str) -> None:
    raise _NotValidError(name)


type Test = Callable[[Any, Any, dict[str, Any], str], bool]
"""Whether a value holds to a keyword: value, what the keyword says, the schema around it, the value's place."""

_TYPES: dict[str, type] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def _check(value: Any, schema: dict[str, Any], where: str) -> None:
    """Hold a value to as much of JSON Schema as the published schema uses; an unknown keyword is an error."""
    for keyword, wanted in schema.items():
        if keyword in ("title", "description", "default", "$schema", "$defs", "required", "additionalProperties"):
            continue
        if not _HOLDS[keyword](value, wanted, schema, where):
            raise _NotValidError(f"{where}: {keyword}")


def _has_type(value: Any, wanted: str, _schema: dict[str, Any], _where: str) -> bool:
    if wanted == "null":
        return value is None
    return isinstance(value, _TYPES[wanted]) and (wanted != "integer" or not isinstance(value, bool))


def _has_properties(value: Any, wanted: dict[str, Any], schema: dict[str, Any], where: str) -> bool:
    if not isinstance(value, dict):
        return True
    members = cast("dict[str, Any]", value)
    for key in members.keys() & wanted.keys():
        _check(members[key], wanted[key], f"{where}.{key}")
    return set(schema.get("required", ())) <= members.keys() <= wanted.keys()


def _has_items(value: Any, wanted: dict[str, Any], _schema: dict[str, Any], where: str) -> bool:
    for item in cast("list[Any]", value) if isinstance(value, list) else ():
        _check(item, wanted, f"{where}[]")
    return True


def _is_any(value: Any, wanted: list[dict[str, Any]], _schema: dict[str, Any], where: str) -> bool:
    for option in wanted:
        try:
            _check(value, option, where)
        except _NotValidError:
            continue
        return True
    return False


def _is_referred(value: Any, wanted: str, _schema_part: dict[str, Any], where: str) -> bool:
    _check(value, _schema()["$defs"][wanted.removeprefix("#/$defs/")], where)
    return True


def _same(value: Any, wanted: Any) -> bool:
    return type(value) is type(wanted) and value == wanted


# As in JSON Schema, a keyword is about one kind of value and holds for all others; `type` says which it must be.
_HOLDS: dict[str, Test] = {
    "type": _has_type,
    "properties": _has_properties,
    "items": _has_items,
    "anyOf": _is_any,
    "$ref": _is_referred,
    "const": lambda v, w, _s, _at: _same(v, w),
    "enum": lambda v, w, _s, _at: any(_same(v, one) for one in w),
    "pattern": lambda v, w, _s, _at: not isinstance(v, str) or re.fullmatch(w[1:-1], v) is not None,
    "minLength": lambda v, w, _s, _at: not isinstance(v, str) or len(v) >= w,
    "maxLength": lambda v, w, _s, _at: not isinstance(v, str) or len(v) <= w,
    "maxItems": lambda v, w, _s, _at: not isinstance(v, list) or len(cast("list[Any]", v)) <= w,
    "minimum": lambda v, w, _s, _at: not isinstance(v, int) or v >= w,
    "maximum": lambda v, w, _s, _at: not isinstance(v, int) or v <= w,
}


def _check_rules(request: dict[str, Any]) -> None:
    """Hold a request to what the schema cannot say (README, docs/runbook.md)."""
    application, credentials = request["application"], request.get("credentials", [])
    apis = application.get("apiPermissions", [])
    if any(not _printable(text) for text in _shown(application, credentials)):
        raise _NotValidError("not printable")
    if len({credential["name"] for credential in credentials}) < len(credentials):
        raise _NotValidError("two credentials of one name")
    if any(one["name"] == "pending" or one.get("description", "").casefold().startswith("reg:") for one in credentials):
        raise _NotValidError("reserved")
    if sum(len(api.get("delegated", [])) + len(api.get("application", [])) for api in apis) > _PERMISSIONS:
        raise _NotValidError("too many permissions")


def _shown(application: dict[str, Any], credentials: list[dict[str, Any]]) -> Iterator[str]:
    yield application["displayName"]
    for api in application.get("apiPermissions", []):
        yield from (api["api"], *api.get("delegated", []), *api.get("application", []))
    for credential in credentials:
        yield credential.get("description", "")


def _printable(text: str) -> bool:
    return text.isprintable() and text == text.strip()
