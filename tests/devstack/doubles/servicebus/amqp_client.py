"""The client's side of a connection without a socket."""

from typing import Any

from devstack.doubles.servicebus.amqp import frames
from devstack.doubles.servicebus.amqp.composite import Composite
from devstack.doubles.servicebus.amqp.connection import Connection, Limits
from devstack.doubles.servicebus.amqp.frames import Frame, FrameReader, ProtocolHeader
from devstack.doubles.servicebus.amqp.performatives import Transfer


class Client:
    """The other side of a connection, frame by frame."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.server = Connection("server", limits)
        self._reader = FrameReader(2**32 - 1)

    def raw(self, data: bytes) -> list[Any]:
        """Send bytes; what they bring about."""
        return self.server.receive(data)

    def say(self, body: Composite | None, payload: bytes = b"", channel: int = 0, *, sasl: bool = False) -> list[Any]:
        """Send one frame; what it brings about."""
        return self.raw(frames.write(body, channel, payload, sasl=sasl))

    def heard(self) -> list[Any]:
        """The bodies of all frames, and the headers, that came since."""
        return [item.body if isinstance(item, Frame) else item.raw for item in self._items()]

    def payloads(self) -> list[tuple[Transfer, bytes]]:
        """The transfers that came since, with their payloads."""
        return [
            (item.body, item.payload)
            for item in self._items()
            if isinstance(item, Frame) and isinstance(item.body, Transfer)
        ]

    def _items(self) -> list[ProtocolHeader | Frame]:
        return list(self._reader.feed(self.server.data_to_send()))

    def after_header(self) -> None:
        """The next bytes from the server are a header again."""
        self._reader.expects_header = True
