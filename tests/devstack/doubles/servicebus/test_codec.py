"""AMQP's types on the wire: every value comes back as what it was, and bytes of strangers do no harm."""

import struct
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.doubles.servicebus.amqp.decoding import decode
from devstack.doubles.servicebus.amqp.encoding import encode
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
    symbols,
)


def _numbers(kind: type[int], bits: int, *, signed: bool) -> st.SearchStrategy[Any]:
    low = -(2 ** (bits - 1)) if signed else 0
    return st.integers(low, low + 2**bits - 1).map(kind)


_INTEGERS = [
    _numbers(UByte, 8, signed=False),
    _numbers(UShort, 16, signed=False),
    _numbers(UInt, 32, signed=False),
    _numbers(ULong, 64, signed=False),
    _numbers(Byte, 8, signed=True),
    _numbers(Short, 16, signed=True),
    _numbers(Int, 32, signed=True),
    _numbers(Long, 64, signed=True),
    _numbers(Timestamp, 64, signed=True),
]
_SYMBOLS = st.text(st.characters(codec="ascii"), max_size=300).map(Symbol)
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    *_INTEGERS,
    st.floats(allow_nan=False),
    st.floats(allow_nan=False, width=32).map(Float),
    st.characters(exclude_categories=["Cs"]).map(Char),
    st.uuids(),
    st.binary(max_size=300),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    _SYMBOLS,
    st.sampled_from([4, 8, 16]).flatmap(lambda size: st.binary(min_size=size, max_size=size)).map(Decimal),
)
_KEYS = st.one_of(_SYMBOLS, st.text(max_size=20), _INTEGERS[3])
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(_KEYS, inner, max_size=5),
        st.builds(Described, st.one_of(_SYMBOLS, _INTEGERS[3]), inner),
        st.lists(st.text(max_size=20), max_size=5).map(lambda texts: Array(0xB1, tuple(texts))),
        st.lists(_INTEGERS[7], max_size=5).map(lambda numbers: Array(0x81, tuple(numbers))),
    ),
    max_leaves=20,
)


@given(_VALUES)
def test_every_value_comes_back_as_what_it_was(value: Any) -> None:
    back = decode(encode(value))
    assert back == value
    assert _types(back) == _types(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "40"),
        (True, "41"),
        (UInt(0), "43"),
        (UInt(7), "5207"),
        (UInt(256), "7000000100"),
        (ULong(0), "44"),
        (ULong(0x10), "5310"),
        (ULong(2**40), "800000010000000000"),
        (Int(-1), "54ff"),
        (Int(1000), "71000003e8"),
        (Long(-2), "55fe"),
        (Timestamp(0), "830000000000000000"),
        (uuid.UUID("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), "98f81d4fae7dec11d0a76500a0c91e6bf6"),
        (b"ab", "a0026162"),
        ("Hello", "a10548656c6c6f"),
        (Symbol("abc"), "a303616263"),
        ("x" * 256, "b100000100" + "78" * 256),
        ([], "45"),
        ([UInt(0), None], "c0030243" + "40"),
        ({}, "c10100"),
        (Described(ULong(0x24), []), "00532445"),
        (symbols("a", "b"), "f0000000" + "0f" + "00000002" + "b3" + "0000000161" + "0000000162"),
    ],
)
def test_values_are_written_as_the_standard_says(value: Any, written: str) -> None:
    assert encode(value).hex() == written
    assert decode(bytes.fromhex(written)) == value


def test_longer_forms_are_read_too() -> None:
    assert decode(bytes.fromhex("80000000000000000a")) == ULong(10)
    assert decode(bytes.fromhex("5601")) is True
    assert decode(bytes.fromhex("d0000000050000000140")) == [None]
    assert decode(bytes.fromhex("e00602a301610162")) == Array(0xA3, (Symbol("a"), Symbol("b")))


def test_an_array_of_described_values() -> None:
    value = Array(0x00, (Described(Symbol("kind"), "a"), Described(Symbol("kind"), "b")))
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("", "cut off"),
        ("a105", "cut off"),
        ("b1ffffffff61", "cut off"),
        ("d0ffffffff00000001", "cut off"),
        ("c0020540", "values in"),
        ("c0040240" + "4040", "another size"),
        ("c1020140", "no value"),
        ("c10602a1016140", "cut off"),
        ("c1050343" + "4043" + "40", "no value"),
        ("c10504" + "40404040", "twice"),
        ("c1030245" + "40", "list or a map"),
        ("f0000000090000100070" + "00" * 4, "array of"),
        ("a101ff", "UTF-8"),
        ("a301ff", "ASCII"),
        ("73ffffffff", "no character"),
        ("5602", "no boolean"),
        ("01", "no constructor"),
        ("4040", "more than one"),
        ("00" * 40 + "40", "nested"),
        ("c0" + "ff", "cut off"),
    ],
)
def test_what_is_no_amqp_is_refused(data: str, complaint: str) -> None:
    with pytest.raises(AmqpDecodeError, match=complaint):
        decode(bytes.fromhex(data))


@given(st.binary(max_size=200))
def test_bytes_of_strangers_are_read_or_refused(data: bytes) -> None:
    try:
        value = decode(data)
    except AmqpDecodeError:
        return
    encode(value)


@pytest.mark.parametrize("value", [1, object(), {1: None}, [2]])
def test_a_number_without_a_type_is_not_guessed(value: Any) -> None:
    with pytest.raises(TypeError, match="has no AMQP type"):
        encode(value)


def test_a_number_that_its_type_does_not_hold_is_an_error() -> None:
    with pytest.raises(struct.error):
        encode(UInt(2**32))


def _types(value: Any) -> Any:
    """The types in a value, all the way down."""
    match value:
        case Described():
            return (Described, _types(value.descriptor), _types(value.value))
        case Array():
            return (Array, *(_types(item) for item in value.items))
        case list():
            return [_types(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case dict():
            return {_types(key): _types(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
        case _:
            return type(value)  # pyright: ignore[reportUnknownVariableType]
