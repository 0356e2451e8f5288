"""The ports of one stack: remembered, free, or fixed by the user."""

import random
import socket
from collections.abc import Callable, Iterator, Mapping

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from devstack.project import ConfigError

_PORT_RANGE = range(20_000, 30_000)
"""Below the ranges from which Linux (32768 up) and macOS (49152 up) lend ports to outgoing connections, so
that a remembered port is rarely lost to one; away from the usual ones of Azurite (10000 up) and Core Tools."""


class Ports(BaseModel):
    """TCP ports on 127.0.0.1, one per service of the stack.

    `blob`, `queue` and `table` are Azurite's own; the gateways stand before them for the app whose calls are recorded.
    `ticketing` and `amqp` (the broker without TLS) are 0 in a file that is older than they are, until the next start
    chooses one.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    https: int
    proxy: int
    identity: int
    control: int
    blob: int
    queue: int
    table: int
    functions: int
    functions_2: int
    blob_gateway: int
    queue_gateway: int
    table_gateway: int
    ticketing: int = 0
    amqp: int = 0


class PortReservations:
    """Ports that no other stack on this machine chooses, until `release` or the end of the process.

    Between choosing a port and listening on it seconds pass, and a host that is down listens on none. A port is
    reserved by its UDP counterpart, which no service uses and which the kernel gives back whatever ends the process.
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def take(self, port: int) -> bool:
        """Reserve a free port. Return whether that was possible."""
        if not is_free(port):
            return False
        counterpart = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            counterpart.bind(("127.0.0.1", port))
        except OSError:
            counterpart.close()
            return False
        self._held.append(counterpart)
        return True

    def release(self) -> None:
        """Give all of them back."""
        while self._held:
            self._held.pop().close()


def choose_ports(
    fixed: Mapping[str, int],
    remembered: Mapping[str, int] | None = None,
    *,
    take: Callable[[int], bool],
) -> Ports:
    """One port per service: the user's choice, else the remembered one while it is free, else a free one.

    `take` says of a port whether it is free for this stack, and may reserve it (`PortReservations.take`). Raises
    ConfigError for an unknown service, and when a port that the user chose is taken.
    """
    services = tuple(Ports.model_fields)
    for service in fixed:
        if service not in services:
            raise ConfigError(f"there is no port for {service!r}; there are: {', '.join(services)}")
    if len(set(fixed.values())) < len(fixed):
        raise ConfigError("two services cannot share a port")
    for service, port in fixed.items():
        if not take(port):
            raise ConfigError(f"port {port} ({service}) is taken by another program")
    kept = dict(fixed)
    for service, port in (remembered or {}).items():
        if port and service not in kept and port not in kept.values() and take(port):
            kept[service] = port
    fresh = _free_ports(take, avoid=set(kept.values()))
    return Ports.model_validate({service: kept.get(service) or next(fresh) for service in services})


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_ports(take: Callable[[int], bool], avoid: set[int]) -> Iterator[int]:
    candidates = [port for port in _PORT_RANGE if port not in avoid]
    random.shuffle(candidates)
    yield from (port for port in candidates if take(port))
    raise ConfigError(f"no free port between {_PORT_RANGE.start} and {_PORT_RANGE.stop - 1}")
