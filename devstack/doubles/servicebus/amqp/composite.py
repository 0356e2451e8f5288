"""What performatives, outcomes and terminuses have in common: a list of typed fields under a numbered descriptor."""

from dataclasses import MISSING, dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Self, cast, get_args, get_origin, get_type_hints

from devstack.doubles.servicebus.amqp.encoding import encode
from devstack.doubles.servicebus.amqp.types import AmqpDecodeError, Array, Described, Symbol, ULong


@dataclass(slots=True)
class Composite:
    """A composite type. Subclasses are dataclasses whose fields are the standard's, in its order."""

    CODE: ClassVar[int]
    """The numeric descriptor."""

    NAME: ClassVar[str]
    """The symbolic one."""

    SHORTEST: ClassVar[int] = 0
    """How many fields are written even when the last ones are null."""

    def described(self) -> Described:
        """The value as it goes over the wire; nulls at the end are left out."""
        values = [_outward(getattr(self, field.name)) for field in fields(self)]
        while len(values) > self.SHORTEST and values[-1] is None:
            values.pop()
        return Described(ULong(self.CODE), values)

    def encoded(self) -> bytes:
        """Its bytes."""
        return encode(self.described())

    @classmethod
    def read(cls, values: Any) -> Self:  # noqa: ANN401 - any AMQP value
        """The composite of these field values. Raises AmqpDecodeError when one is missing or of another type."""
        if not isinstance(values, list):
            raise AmqpDecodeError(f"the fields of {cls.NAME} are no list")
        given = cast("list[Any]", values)
        expected = fields(cls)
        if len(given) > len(expected):
            raise AmqpDecodeError(f"{cls.NAME} has {len(given)} fields instead of {len(expected)} at most")
        read: dict[str, Any] = {}
        for number, field in enumerate(expected):
            value = given[number] if number < len(given) else None
            if value is None:
                if field.default is MISSING and field.default_factory is MISSING:
                    if NoneType not in _kinds(cls)[field.name]:
                        raise AmqpDecodeError(f"{field.name} of {cls.NAME} is missing")
                    read[field.name] = None
                continue
            read[field.name] = _inward(cls, field.name, value)
        return cls(**read)


def _outward(value: Any) -> Any:  # noqa: ANN401
    return value.described() if isinstance(value, Composite) else value


def _inward(cls: type[Composite], name: str, value: Any) -> Any:  # noqa: ANN401
    kinds = _kinds(cls)[name]
    if isinstance(value, Described) and (composites := [kind for kind in kinds if issubclass(kind, Composite)]):
        return one_of(value, composites)
    if not isinstance(value, kinds):
        raise AmqpDecodeError(f"{name} of {cls.NAME} is a {type(value).__name__}")
    if isinstance(value, Array) and any(not isinstance(item, Symbol) for item in value.items):
        raise AmqpDecodeError(f"{name} of {cls.NAME} is an array of something else than symbols")
    return value


@cache
def _kinds(cls: type[Composite]) -> dict[str, tuple[type, ...]]:
    hints = get_type_hints(cls)
    return {field.name: tuple(_classes(hints[field.name])) for field in fields(cls)}


def _classes(hint: Any) -> list[type]:  # noqa: ANN401
    if get_origin(hint) is UnionType or isinstance(hint, UnionType):
        return [cls for part in get_args(hint) for cls in _classes(part)]
    if hint is Any:
        return [object]
    return [get_origin(hint) or hint]


def one_of(value: Described, kinds: list[type[Composite]]) -> Composite:
    """The described value as the one of `kinds` that its descriptor names. Raises AmqpDecodeError."""
    for kind in kinds:
        if value.descriptor in (kind.CODE, kind.NAME):
            return kind.read(value.value)
    raise AmqpDecodeError(f"nothing here is described as {value.descriptor!r}")
