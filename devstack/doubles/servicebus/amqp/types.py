"""AMQP's types in Python, each with a class of its own, so that a value goes out as what it came in as.

null, boolean, binary, string, uuid, double, list and map are None, bool, bytes, str, UUID, float, list and dict. Part
1.6 of the standard lists them all. A plain int has no AMQP type: encoding one is an error.
"""

from dataclasses import dataclass
from typing import Any


class AmqpDecodeError(ValueError):
    """Bytes that are not AMQP, or a value that has no place where it stands."""


class Symbol(str):
    """ASCII text from a fixed set: names of capabilities, conditions, annotations."""

    __slots__ = ()


class Char(str):
    """One Unicode character."""

    __slots__ = ()


class UByte(int):
    """0 to 255."""


class UShort(int):
    """16 bits, unsigned."""


class UInt(int):
    """32 bits, unsigned."""


class ULong(int):
    """64 bits, unsigned."""


class Byte(int):
    """8 bits."""


class Short(int):
    """16 bits."""


class Int(int):
    """32 bits."""


class Long(int):
    """64 bits."""


class Timestamp(int):
    """Milliseconds since 1970; years that `datetime` does not know are possible."""


class Float(float):
    """IEEE 754, 32 bits. A double is Python's float."""


@dataclass(frozen=True, slots=True)
class Decimal:
    """IEEE 754 decimal of 4, 8 or 16 bytes, kept as it came: nothing here reckons with it."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Described:
    """A value with a descriptor that says what it means."""

    descriptor: Any
    value: Any


@dataclass(frozen=True, slots=True)
class Array:
    """Values of one type; `code` is the constructor's byte, which an array without values has, too."""

    code: int
    items: tuple[Any, ...]


def symbols(*texts: str) -> Array:
    """An array of symbols."""
    return Array(0xB3, tuple(Symbol(text) for text in texts))
