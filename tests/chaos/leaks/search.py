"""Looks for every secret and token the doubles ever issued in everything a stack leaves behind.

A value may stand there as it is, in base64, in hex, URL-encoded, JSON-escaped, in UTF-16, or in what gzip packed. All
values are looked for at once: an occurrence of 2n - 1 bytes covers a block of n bytes that begins at a multiple of n,
whatever its own position; so only those blocks are compared, with a set of all that the values could show.
"""

import base64
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

_BLOCK = 16
_UNIT = struct.Struct(f"{_BLOCK}s")
_NEEDLE = 2 * _BLOCK - 1
"""Bytes of a value, in one encoding, that are looked for."""

_GZIP = b"\x1f\x8b\x08"
_LONGEST_UNPACKED = 64 * 1024 * 1024
_DEEPEST = 3

_EXCLUDED = ("doubles.db", "stack.json")
"""The doubles' own database is the vault; the secrets of the seeded identities are the stack's, not the product's."""


type _Needle = tuple[str, bytes]
"""How a value is written, and its first bytes when it is."""


class Values:
    """What is looked for, compiled once. A token is known by its signature: the rest of it is no secret."""

    def __init__(self, values: Iterable[str]) -> None:
        self._windows: dict[tuple[bytes], tuple[_Needle, ...]] = {}
        for value in values:
            secret = value.rpartition(".")[2] if value.startswith("eyJ") else value
            for needle in set(_encoded(secret.encode())):
                for start in range(_BLOCK):
                    window = (needle[1][start : start + _BLOCK],)
                    self._windows[window] = (*self._windows.get(window, ()), needle)

    def __bool__(self) -> bool:
        return bool(self._windows)

    def found_in(self, content: bytes) -> Iterator[str]:
        """Yield how each occurrence is written: "plain", "base64 in gzip" and the like. Never the value."""
        yield from self._found(content, _DEEPEST)

    def _found(self, content: bytes, depth: int) -> Iterator[str]:
        yield from self._occurrences(content)
        for how, simpler in _simplified(content):
            for encoding in self._occurrences(simpler):
                yield how if encoding == "plain" else f"{encoding}, {how}"
        for unpacked in _unpacked(content) if depth else ():
            for encoding in self._found(unpacked, depth - 1):
                yield f"{encoding} in gzip"

    def _occurrences(self, content: bytes) -> Iterator[str]:
        whole = memoryview(content)[: len(content) // _BLOCK * _BLOCK]
        if self._windows.keys().isdisjoint(_UNIT.iter_unpack(whole)):
            return
        seen = {needle for block in _UNIT.iter_unpack(whole) for needle in self._windows.get(block, ())}
        yield from (encoding for encoding, needle in sorted(seen) if needle in content)


def leaks(folder: Path, issued: Iterable[str], texts: Mapping[str, bytes] | None = None) -> list[str]:
    """Search a stack's whole folder, and `texts` by what each of them is; say where a value is and how it is written.

    Call it when the stack has stopped, so that Azurite has written everything down. `issued` is what the control
    plane's /issued tells; without any value there is nothing to find, and that is an error of the caller.
    """
    values = Values(issued)
    if not values:
        raise ValueError("no value was issued, so no search can fail")
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.startswith(_EXCLUDED))
    contents: Iterable[tuple[str, bytes]] = ((str(file.relative_to(folder)), file.read_bytes()) for file in files)
    return [
        f"a secret's value ({how}) in {where}"
        for where, content in (*(texts or {}).items(), *contents)
        for how in dict.fromkeys((*values.found_in(content), *values.found_in(where.encode())))
    ]


def issued_values(issued: Mapping[str, Any]) -> list[str]:
    """Flatten the control plane's answer."""
    return [*issued["secrets"], *issued["tokens"]]


def _encoded(value: bytes) -> Iterator[_Needle]:
    """The beginning of a value, in every encoding that is not undone before the search."""
    if len(value) < _NEEDLE:
        raise ValueError("the value is too short to be looked for")
    yield "plain", value[:_NEEDLE]
    yield "hex", value.hex()[:_NEEDLE].encode()
    yield "hex", value.hex().upper()[:_NEEDLE].encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            # What stands before the value decides on the first characters, unless it begins a group of three bytes.
            shown = encode(bytes(shift) + value)[(0, 2, 3)[shift] :]
            yield "base64", shown[:_NEEDLE]


def _simplified(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The content with one way of writing undone, where there is anything to undo."""
    if b"\0" in content:
        yield "UTF-16", content.replace(b"\0", b"")
    if re.search(rb"%[0-9A-Fa-f]{2}", content):
        yield "URL-encoded", unquote_to_bytes(content)
    if b"\\u00" in content or b"\\/" in content:
        unescaped = re.sub(rb"\\u00([0-7][0-9A-Fa-f])", lambda found: bytes.fromhex(found[1].decode()), content)
        yield "JSON-escaped", unescaped.replace(b"\\/", b"/")


def _unpacked(content: bytes) -> Iterator[bytes]:
    at = content.find(_GZIP)
    while at >= 0:
        with suppress(zlib.error):  # the three bytes stood there by chance
            yield zlib.decompressobj(wbits=31).decompress(content[at:], _LONGEST_UNPACKED)
        at = content.find(_GZIP, at + 1)
