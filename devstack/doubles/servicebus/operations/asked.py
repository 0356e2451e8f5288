"""What a client asks of one entity."""

from dataclasses import dataclass
from typing import Any

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.amqp.types import Array
from devstack.doubles.servicebus.broker import Broker
from devstack.doubles.servicebus.entities.queue import Queue


@dataclass(frozen=True)
class Asked:
    """The body of a request to `$management`, and the entity at whose address it was sent."""

    broker: Broker
    address: str
    body: dict[str, Any]

    @property
    def queue(self) -> Queue:
        """What can be received from at the address. Raises BusError."""
        return self.broker.entities.receiving(self.address)

    @property
    def now(self) -> int:
        """Milliseconds since 1970 on the stack clock."""
        return self.broker.now()

    def page(self) -> tuple[int, int]:
        """Where the part of a list that is asked for begins, and how long it may be."""
        return int(self.body.get("skip", 0)), int(self.body.get("top", 100))


def items(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a list or an array
    """The elements of a list or an array."""
    return value.items if isinstance(value, Array) else tuple(value)


def as_map(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any AMQP value
    """A map with texts for keys. Raises BusError."""
    if not isinstance(value, dict):
        raise errors.bad_argument("The request's body is no map.")
    return {str(key): item for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
