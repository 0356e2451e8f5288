"""From values to bytes, each in the shortest form of its type."""

import struct
import uuid
from collections.abc import Callable, Iterable
from typing import Any, cast

from devstack.doubles.servicebus.amqp.types import (
    Array,
    Byte,
    Char,
    Decimal,
    Described,
    Float,
    Int,
    Long,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)

_DECIMALS = {4: 0x74, 8: 0x84, 16: 0x94}


def encode(value: Any) -> bytes:  # noqa: ANN401 - any AMQP value
    """The value with its constructor. Raises TypeError for what has no AMQP type, a plain int included."""
    match value:
        case None:
            return b"\x40"
        case bool():
            return b"\x41" if value else b"\x42"
        case UInt() | ULong() | Int() | Long():
            return _integer(value)
        case Described(descriptor=descriptor, value=described):
            return b"\x00" + encode(descriptor) + encode(described)
        case Array():
            return _array(value)
        case list() | tuple():
            return _list(cast("Iterable[Any]", value))
        case dict():
            return _map(cast("dict[Any, Any]", value))
        case _:
            code, body = _primitive(value)
            return bytes([code]) + body


def _integer(value: int) -> bytes:
    match value:
        case UInt():
            zero, small, wide, form = 0x43, 0x52, 0x70, ">I"
        case ULong():
            zero, small, wide, form = 0x44, 0x53, 0x80, ">Q"
        case Int():
            zero, small, wide, form = None, 0x54, 0x71, ">i"
        case _:
            zero, small, wide, form = None, 0x55, 0x81, ">q"
    if zero is not None:
        if value == 0:
            return bytes([zero])
        if value <= 0xFF:
            return bytes([small, value])
    elif -0x80 <= value <= 0x7F:
        return bytes([small]) + struct.pack(">b", value)
    return bytes([wide]) + struct.pack(form, value)


_PRIMITIVES: dict[type, tuple[int, Callable[[Any], bytes]]] = {
    Char: (0x73, lambda value: struct.pack(">I", ord(value))),
    uuid.UUID: (0x98, lambda value: value.bytes),
    UByte: (0x50, struct.Struct(">B").pack),
    UShort: (0x60, struct.Struct(">H").pack),
    Byte: (0x51, struct.Struct(">b").pack),
    Short: (0x61, struct.Struct(">h").pack),
    Timestamp: (0x83, struct.Struct(">q").pack),
    Float: (0x72, struct.Struct(">f").pack),
    float: (0x82, struct.Struct(">d").pack),
}


def _primitive(value: Any) -> tuple[int, bytes]:  # noqa: ANN401
    match value:
        case Decimal():
            return _DECIMALS[len(value.raw)], value.raw
        case bytes():
            return _sized(0xA0, value)
        case Symbol():
            return _sized(0xA3, value.encode("ascii"))
        case str() if type(value) is str:
            return _sized(0xA1, value.encode())
        case _:
            found = _PRIMITIVES.get(type(value))  # pyright: ignore[reportUnknownArgumentType]
            if found:
                code, written = found
                return code, written(value)
            raise TypeError(f"{type(value).__name__} has no AMQP type")


def _sized(code: int, body: bytes) -> tuple[int, bytes]:
    if len(body) <= 0xFF:
        return code, bytes([len(body)]) + body
    return code + 0x10, struct.pack(">I", len(body)) + body


def _list(values: Iterable[Any]) -> bytes:
    items = [encode(value) for value in values]
    return _compound(0xC0, len(items), b"".join(items)) if items else b"\x45"


def _map(values: dict[Any, Any]) -> bytes:
    body = b"".join(encode(key) + encode(value) for key, value in values.items())
    return _compound(0xC1, 2 * len(values), body)


def _compound(code: int, count: int, body: bytes) -> bytes:
    if len(body) + 1 <= 0xFF and count <= 0xFF:
        return bytes([code, len(body) + 1, count]) + body
    return bytes([code + 0x10]) + struct.pack(">II", len(body) + 4, count) + body


def _array(array: Array) -> bytes:
    """Always in the wide form, its values in the constructor that the array names."""
    if array.code == 0x00:
        descriptor = array.items[0].descriptor if array.items else Symbol("")
        inner = [encode(item.value) for item in array.items]
        codes = {item[:1] for item in inner}
        if len(codes) > 1:
            raise TypeError("an array of described values in several forms")
        constructor = b"\x00" + encode(descriptor) + (codes.pop() if codes else b"\x40")
        body = b"".join(item[1:] for item in inner)
    else:
        constructor = bytes([array.code])
        body = b"".join(_in_form(array.code, item) for item in array.items)
    return b"\xf0" + struct.pack(">II", len(constructor) + len(body) + 4, len(array.items)) + constructor + body


_FORMS = {
    0x52: ">B",
    0x53: ">B",
    0x54: ">b",
    0x55: ">b",
    0x56: ">?",
    0x70: ">I",
    0x71: ">i",
    0x80: ">Q",
    0x81: ">q",
}
"""Constructors that have a shorter or longer one beside them, and how a number looks in them."""


def _in_form(code: int, item: Any) -> bytes:  # noqa: ANN401
    if form := _FORMS.get(code):
        return struct.pack(form, item)
    if code in (0xB0, 0xB1, 0xB3, 0xA0, 0xA1, 0xA3):
        body = item if isinstance(item, bytes) else str(item).encode()
        return (struct.pack(">I", len(body)) if code >= 0xB0 else bytes([len(body)])) + body
    whole = encode(item)
    if code in (0xC0, 0xC1, 0xD0, 0xD1):
        return _compound_in_form(code, whole)
    return whole[1:]


def _compound_in_form(code: int, whole: bytes) -> bytes:
    if whole == b"\x45":
        count, body = 0, b""
    elif whole[0] in (0xC0, 0xC1):
        count, body = whole[2], whole[3:]
    else:
        count, body = int.from_bytes(whole[5:9]), whole[9:]
    if code >= 0xD0:
        return struct.pack(">II", len(body) + 4, count) + body
    return bytes([len(body) + 1, count]) + body
