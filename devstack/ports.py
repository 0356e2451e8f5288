"""The ports of one stack: remembered, free, or fixed by the user."""

import random
import socket
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from devstack.project import ConfigError

_PORT_RANGE = range(20_000, 30_000)
"""Below the ranges from which Linux (32768 up) and macOS (49152 up) lend ports to outgoing connections, so
that a remembered port is rarely lost to one; away from the usual ones of Azurite (10000 up) and Core Tools."""


class Ports(BaseModel):
    """TCP ports on 127.0.0.1, one per service of the stack.

    `blob`, `queue` and `table` are Azurite's own; the gateways stand before them for the app whose calls are recorded.
    `ticketing` is 0 in a file that is older than it, until the next start chooses one.
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


def choose_ports(fixed: Mapping[str, int], remembered: Mapping[str, int] | None = None) -> Ports:
    """One port per service: the user's choice, else the remembered one while it is free, else a free one.

    Raises ConfigError for an unknown service, and when a port that the user chose is taken.
    """
    services = tuple(Ports.model_fields)
    for service, port in fixed.items():
        if service not in services:
            raise ConfigError(f"there is no port for {service!r}; there are: {', '.join(services)}")
        if not is_free(port):
            raise ConfigError(f"port {port} ({service}) is taken by another program")
    if len(set(fixed.values())) < len(fixed):
        raise ConfigError("two services cannot share a port")
    kept = dict(fixed)
    for service, port in (remembered or {}).items():
        if port and service not in kept and port not in kept.values() and is_free(port):
            kept[service] = port
    fresh = _free_ports(avoid=set(kept.values()))
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


def _free_ports(avoid: set[int]) -> Iterator[int]:
    candidates = [port for port in _PORT_RANGE if port not in avoid]
    random.shuffle(candidates)
    yield from (port for port in candidates if is_free(port))
    raise ConfigError(f"no free port between {_PORT_RANGE.start} and {_PORT_RANGE.stop - 1}")
