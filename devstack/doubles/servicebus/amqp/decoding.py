"""From bytes to values. Every length is held against what is there: the bytes come from anybody who may connect."""

import struct
import uuid
from collections.abc import Callable
from typing import Any

from devstack.doubles.servicebus.amqp.types import (
    AmqpDecodeError,
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

_MAX_DEPTH = 32
"""How deeply lists, maps and arrays may be nested; messages of real senders have four or five levels."""

type _Reader = Callable[[bytes], Any]


def _number(form: str, kind: Callable[[Any], Any]) -> _Reader:
    unpack = struct.Struct(form).unpack
    return lambda raw: kind(unpack(raw)[0])


def _boolean(raw: bytes) -> bool:
    if raw not in (b"\0", b"\1"):
        raise AmqpDecodeError(f"{raw.hex()} is no boolean")
    return raw == b"\1"


def _char(raw: bytes) -> Char:
    number = int.from_bytes(raw)
    if number > 0x10FFFF:
        raise AmqpDecodeError(f"{number:#x} is no character")
    return Char(chr(number))


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise AmqpDecodeError("a string is not UTF-8") from error


def _symbol(raw: bytes) -> Symbol:
    try:
        return Symbol(raw.decode("ascii"))
    except UnicodeDecodeError as error:
        raise AmqpDecodeError("a symbol is not ASCII") from error


_FIXED: dict[int, tuple[int, _Reader]] = {
    0x40: (0, lambda _: None),
    0x41: (0, lambda _: True),
    0x42: (0, lambda _: False),
    0x43: (0, lambda _: UInt(0)),
    0x44: (0, lambda _: ULong(0)),
    0x45: (0, lambda _: []),
    0x50: (1, _number(">B", UByte)),
    0x51: (1, _number(">b", Byte)),
    0x52: (1, _number(">B", UInt)),
    0x53: (1, _number(">B", ULong)),
    0x54: (1, _number(">b", Int)),
    0x55: (1, _number(">b", Long)),
    0x56: (1, _boolean),
    0x60: (2, _number(">H", UShort)),
    0x61: (2, _number(">h", Short)),
    0x70: (4, _number(">I", UInt)),
    0x71: (4, _number(">i", Int)),
    0x72: (4, _number(">f", Float)),
    0x73: (4, _char),
    0x74: (4, Decimal),
    0x80: (8, _number(">Q", ULong)),
    0x81: (8, _number(">q", Long)),
    0x82: (8, _number(">d", float)),
    0x83: (8, _number(">q", Timestamp)),
    0x84: (8, Decimal),
    0x94: (16, Decimal),
    0x98: (16, lambda raw: uuid.UUID(bytes=raw)),
}
"""Constructors of a fixed width: how many bytes, and what they mean."""

_VARIABLE: dict[int, tuple[int, _Reader]] = {
    0xA0: (1, bytes),
    0xA1: (1, _text),
    0xA3: (1, _symbol),
    0xB0: (4, bytes),
    0xB1: (4, _text),
    0xB3: (4, _symbol),
}
"""Constructors with a length before the value: how wide the length is, and what the value means."""

_COMPOUND = {0xC0: 1, 0xC1: 1, 0xD0: 4, 0xD1: 4, 0xE0: 1, 0xF0: 4}
"""List, map and array: how wide size and count are."""


class Decoder:
    """Reads one value after the other from a buffer."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at
        self._depth = 0

    @property
    def is_at_end(self) -> bool:
        """Return whether everything has been read."""
        return self.at >= len(self.data)

    def value(self) -> Any:  # noqa: ANN401 - any AMQP value
        """The next value. Raises AmqpDecodeError."""
        code = self._byte()
        if code == 0x00:
            return self._described(self.value)
        return self._of(code)

    def _described(self, value: Callable[[], Any]) -> Described:
        self._enter()
        descriptor = self.value()
        described = Described(descriptor, value())
        self._depth -= 1
        return described

    def _of(self, code: int) -> Any:  # noqa: ANN401
        if fixed := _FIXED.get(code):
            width, read = fixed
            return read(self._take(width))
        if variable := _VARIABLE.get(code):
            width, read = variable
            return read(self._take(self._length(width)))
        if width := _COMPOUND.get(code):
            self._enter()
            value = self._compound(code, width)
            self._depth -= 1
            return value
        raise AmqpDecodeError(f"{code:#04x} is no constructor")

    def _compound(self, code: int, width: int) -> Any:  # noqa: ANN401
        size = self._length(width)
        if size > len(self.data) - self.at:
            raise AmqpDecodeError("a list, map or array is cut off")
        end = self.at + size
        count = self._length(width)
        value: Any
        if code in (0xE0, 0xF0):
            value = self._array(count, end)
        elif count > size:  # each of its values has a byte at least
            raise AmqpDecodeError(f"{count} values in {size} bytes")
        elif code in (0xC0, 0xD0):
            value = [self.value() for _ in range(count)]
        else:
            value = self._map(count)
        if self.at != end:
            raise AmqpDecodeError("a list, map or array has another size than it says")
        return value

    def _map(self, count: int) -> dict[Any, Any]:
        if count % 2:
            raise AmqpDecodeError("a map with a key that has no value")
        found: dict[Any, Any] = {}
        for _ in range(count // 2):
            key = self.value()
            try:
                is_new = key not in found
            except TypeError as error:
                raise AmqpDecodeError("a map's key is a list or a map") from error
            if not is_new:
                raise AmqpDecodeError(f"a map with the key {key!r} twice")
            found[key] = self.value()
        return found

    def _array(self, count: int, end: int) -> Array:
        code = self._byte()
        if code == 0x00:
            descriptor = self.value()
            code = self._byte()
            plain = self._items(code, count, end)
            return Array(0x00, tuple(Described(descriptor, item) for item in plain))
        return Array(code, self._items(code, count, end))

    def _items(self, code: int, count: int, end: int) -> tuple[Any, ...]:
        width = _FIXED[code][0] if code in _FIXED else 1
        if count * max(width, 1) > max(end - self.at, 0) and (width or count > 0xFFFF):
            raise AmqpDecodeError(f"an array of {count} values in {end - self.at} bytes")
        return tuple(self._of(code) for _ in range(count))

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise AmqpDecodeError(f"nested more than {_MAX_DEPTH} levels deep")

    def _byte(self) -> int:
        return self._take(1)[0]

    def _length(self, width: int) -> int:
        return int.from_bytes(self._take(width))

    def _take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) != count:
            raise AmqpDecodeError("a value is cut off")
        self.at += count
        return taken


def decode(data: bytes) -> Any:  # noqa: ANN401 - any AMQP value
    """The one value in `data`. Raises AmqpDecodeError."""
    decoder = Decoder(data)
    value = decoder.value()
    if not decoder.is_at_end:
        raise AmqpDecodeError("there is more than one value")
    return value
