"""A stream of bytes as protocol headers and frames: part 2.2 and 2.3 of the standard."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from devstack.doubles.servicebus.amqp.composite import Composite
from devstack.doubles.servicebus.amqp.decoding import Decoder
from devstack.doubles.servicebus.amqp.performatives import performative
from devstack.doubles.servicebus.amqp.types import AmqpDecodeError

AMQP = b"AMQP\x00\x01\x00\x00"
SASL = b"AMQP\x03\x01\x00\x00"

_HEADER = struct.Struct(">IBBH")
_AMQP_FRAME, _SASL_FRAME = 0, 1
_SMALLEST_MAX = 512
"""What every peer takes (2.7.1)."""


class FramingError(Exception):
    """A stream that is no AMQP: the connection cannot be read on."""


@dataclass(frozen=True, slots=True)
class ProtocolHeader:
    """The eight bytes with which a protocol is chosen."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `body` is None for an empty one, which only says that the peer is there."""

    channel: int
    body: Composite | None
    payload: bytes = b""


class FrameReader:
    """Splits what comes in. `max_frame_size` is what we allow: a longer frame is an error, not waited for."""

    def __init__(self, max_frame_size: int) -> None:
        self._max = max_frame_size
        self._buffer = bytearray()
        self.expects_header = True

    def feed(self, data: bytes) -> Iterator[ProtocolHeader | Frame]:
        """The headers and frames that are complete now. Raises FramingError."""
        self._buffer += data
        while found := self._next():
            yield found

    def _next(self) -> ProtocolHeader | Frame | None:
        if self.expects_header:
            if len(self._buffer) < len(AMQP):
                return None
            self.expects_header = False
            return ProtocolHeader(self._cut(len(AMQP)))
        if len(self._buffer) < _HEADER.size:
            return None
        size, offset, kind, channel = _HEADER.unpack_from(self._buffer)
        if not _HEADER.size <= 4 * offset <= size <= max(self._max, _SMALLEST_MAX):
            raise FramingError(f"a frame of {size} bytes whose body begins at {4 * offset}")
        if kind not in (_AMQP_FRAME, _SASL_FRAME):
            raise FramingError(f"a frame of type {kind}")
        if len(self._buffer) < size:
            return None
        return _frame(self._cut(size)[4 * offset :], channel, sasl=kind == _SASL_FRAME)

    def _cut(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def _frame(body: bytes, channel: int, *, sasl: bool) -> Frame:
    if not body:
        return Frame(channel, None)
    decoder = Decoder(body)
    try:
        read = performative(decoder.value(), sasl=sasl)
    except AmqpDecodeError as error:
        raise FramingError(f"a frame that cannot be read: {error}") from error
    return Frame(channel, read, body[decoder.at :])


def write(body: Composite | None, channel: int = 0, payload: bytes = b"", *, sasl: bool = False) -> bytes:
    """One frame's bytes; without a body, an empty frame."""
    content = (body.encoded() if body else b"") + payload
    kind = _SASL_FRAME if sasl else _AMQP_FRAME
    return _HEADER.pack(_HEADER.size + len(content), _HEADER.size // 4, kind, channel) + content
