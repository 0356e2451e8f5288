"""Identifies messages that are not JSON objects, so that the sender learns what to change, and their ids. Pure."""

import base64
import binascii
import re
import zlib
from typing import Any, cast

_READ_AT_MOST = 64 * 1024
"""Maximum bytes to decompress: enough to find an id, and safe against decompression bombs."""
_ID = r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})"
_STANDS = (
    r"""(?:["']{name}\\*["']\s*:\s*\\*["']{id}\\*["'])|(?:<{name}>\s*{id}\s*</{name}>)|"""
    r"""(?:^|[&?]){name}={id}(?=&|\s*$)|(?:^[ \t]*{name}[ \t]*:[ \t]*{id}[ \t]*$)"""
)
"""A name with its value: in JSON, JSON inside a string, XML, a form or YAML."""
_FORM = re.compile(r"\s*[A-Za-z0-9_.%+\[\]-]+=[^&\s]*(?:&[A-Za-z0-9_.%+\[\]-]+=[^&\s]*)*\s*")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_BOM = b"\xef\xbb\xbf"
_WIDE = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_PRINTED = range(0x20, 0x7F)
_ENVELOPES = (
    (frozenset({"specversion", "type"}), "a CloudEvents envelope"),
    (frozenset({"eventType", "eventTime"}), "an Event Grid envelope"),
)


def unwrap(body: bytes) -> bytes:
    """Return a message's bytes without a byte order mark, decoded if they are base64 of JSON.

    Functions output bindings and older storage SDKs encode queue messages that way, some with line breaks; `az storage
    message put` and the portal do not. Anything else is returned unchanged.
    """
    plain = _without_bom(body)
    if _looks_like_json(plain):
        return plain
    decoded = _without_bom(_decoded(plain) or b"")
    return decoded if decoded.lstrip()[:1] in (b"{", b"[") else plain


def kind_of(body: bytes) -> str | None:
    """Return what a message is instead of JSON, as the end of a sentence; None if it looks like JSON in UTF-8."""
    plain = _without_bom(body).strip()
    if not plain:
        return "empty"
    kind = _kind_of_bytes(plain)
    if kind is not None or _looks_like_json(plain):
        return kind
    decoded = _decoded(plain)
    if decoded is not None:
        inner = _kind_of_bytes(decoded)
        if inner is not None:
            return f"base64 of {inner}"
        if _looks_like_json(unwrap(decoded)):
            return "encoded in base64 twice"
    if _BASE64.fullmatch(plain):
        return "base64 that is cut off, or whose content is not JSON"
    return _kind_of_text(plain)


def envelope_of(value: object) -> str | None:
    """Return the kind of envelope a value is, if it may contain a request but is not one itself; otherwise None."""
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    if not items or not isinstance(items[0], dict):
        return None
    fields = set(cast("dict[str, object]", items[0]))
    return next((name for marks, name in _ENVELOPES if marks <= fields and "application" not in fields), None)


def legible(body: bytes, fields: dict[str, Any]) -> dict[str, Any]:
    """Return a message's fields, with the id found in its text if it has none and the text has exactly one.

    Such an id serves only to answer the sender: no request is claimed by it.
    """
    if "requestId" in fields:
        return fields
    text = _text(body)
    names = ("requestId", "source")
    found = {name: ids.pop() for name in names if len(ids := _ids(name, text)) == 1}
    return fields | found if "requestId" in found else fields


def _ids(name: str, text: str) -> set[str]:
    pattern = _STANDS.replace("{name}", name).replace("{id}", _ID)
    return {each for found in re.finditer(pattern, text, re.MULTILINE) for each in found.groups() if each}


def _text(body: bytes) -> str:
    """Return the text of a message in any known encoding, as far as it can be decoded."""
    plain = _without_bom(body)
    if not _looks_like_json(plain):
        plain = _decoded(plain) or plain
    encoding = _wide(plain)
    if encoding is not None:
        return plain.decode(encoding, "replace")
    return (_unpacked(plain) or plain).decode("utf-8", "replace")


def _kind_of_bytes(body: bytes) -> str | None:
    encoding = _wide(body)
    if encoding is not None:
        return f"text in {encoding.partition('-')[0].upper()}-{encoding[4:6]}"
    if body.startswith(b"\x1f\x8b"):
        return "data compressed with gzip"
    if body.startswith(b"PK\x03\x04"):
        return "a zip archive"
    return "XML or HTML" if body.lstrip().startswith(b"<") else None


def _kind_of_text(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"not text: it is not UTF-8 at byte {error.start}"
    if not all(each.isprintable() or each.isspace() for each in text):
        return "binary data"
    if "Content-Disposition:" in text or _FORM.fullmatch(text):
        return "a form as browsers send it"
    return "plain text"


def _wide(body: bytes) -> str | None:
    """Return the encoding of text whose characters take two or four bytes."""
    for mark, encoding in _WIDE:
        if body.startswith(mark):
            return encoding
    start = body[:4]
    if len(start) == 4 and start[1] == 0 and start[0] in _PRINTED:
        return "utf-32-le" if start[2:] == b"\x00\x00" else "utf-16-le"
    if len(start) == 4 and start[0] == 0 and start[3] in _PRINTED:
        return "utf-32-be" if start[:3] == b"\x00\x00\x00" else "utf-16-be"
    return None


def _unpacked(body: bytes) -> bytes | None:
    if not body.startswith(b"\x1f\x8b"):
        return None
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, _READ_AT_MOST)
    except zlib.error:
        return None


def _decoded(body: bytes) -> bytes | None:
    """Decode base64, ignoring line breaks; None if it is not base64."""
    joined = b"".join(body.split())
    if not joined:
        return None
    try:
        return base64.b64decode(joined, validate=True)
    except (binascii.Error, ValueError):
        return None


def _without_bom(body: bytes) -> bytes:
    return body.removeprefix(_BOM)


def _looks_like_json(body: bytes) -> bool:
    return body.lstrip()[:1] in (b"{", b"[", b'"')
