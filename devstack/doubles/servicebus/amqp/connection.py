"""One AMQP connection on the server's side, without a socket: bytes in, events and bytes out.

Whoever owns the socket gives what it reads to `receive`, works off the events, and writes what `data_to_send` gives.
Parts 2.4 to 2.6 of the standard; sign-in by SASL (5.3) is accepted without a look, since Service Bus asks for a token
on the link `$cbs` afterwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from devstack.doubles.servicebus.amqp import frames
from devstack.doubles.servicebus.amqp.composite import Composite
from devstack.doubles.servicebus.amqp.events import ConnectionEnded, ConnectionOpened, Event
from devstack.doubles.servicebus.amqp.frames import AMQP, SASL, Frame, FrameReader, FramingError, ProtocolHeader
from devstack.doubles.servicebus.amqp.outcomes import Error
from devstack.doubles.servicebus.amqp.performatives import (
    Begin,
    Close,
    End,
    Open,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
)
from devstack.doubles.servicebus.amqp.session import Session, SessionError
from devstack.doubles.servicebus.amqp.types import Symbol, UByte, UInt, UShort, symbols

MECHANISMS = ("MSSBCBS", "PLAIN", "ANONYMOUS", "EXTERNAL")


@dataclass(frozen=True)
class Limits:
    """What the server tells the client of itself."""

    max_frame_size: int = 64 * 1024
    idle_milliseconds: int = 120_000
    channels: int = 4_999


class Connection:
    """A connection from its first byte to its last."""

    def __init__(self, container_id: str, limits: Limits | None = None) -> None:
        self.peer: Open | None = None
        self.is_over = False
        """Return whether nothing more is read: what is left to send goes out, then the socket is closed."""
        self._container_id = container_id
        self._limits = limits or Limits()
        self._reader = FrameReader(self._limits.max_frame_size)
        self._output = bytearray()
        self._sessions: dict[int, Session] = {}

    @property
    def heartbeat_seconds(self) -> float | None:
        """How often the client wants to hear something: half its idle time-out; None if it does not mind."""
        wanted = self.peer.idle_time_out if self.peer else None
        return wanted / 2000 if wanted else None

    def receive(self, data: bytes) -> list[Event]:
        """Take in what the socket gave. Return what happened by it, in order."""
        try:
            return [] if self.is_over else list(self._received(data))
        except FramingError as error:
            return self.close(Error(Symbol("amqp:connection:framing-error"), str(error)))

    def data_to_send(self) -> bytes:
        """What is to be written to the socket now; each call gives what came since the one before."""
        taken = bytes(self._output)
        self._output.clear()
        return taken

    def beat(self) -> None:
        """Let the client know that the server is there."""
        self._output += frames.write(None)

    def close(self, error: Error | None = None) -> list[Event]:
        """End the connection from the server's side."""
        if self.is_over:
            return []
        if self.peer is None and self._reader.expects_header:
            self._output += AMQP  # not even a header has come
        if self.peer is None:
            self._output += frames.write(self._open())
        self._output += frames.write(Close(error))
        return [*self._end()]

    def end_of_stream(self) -> list[Event]:
        """The socket is gone."""
        return [*self._end()]

    def _received(self, data: bytes) -> Iterator[Event]:
        for item in self._reader.feed(data):
            if isinstance(item, ProtocolHeader):
                self._take_header(item)
            elif item.body is not None:
                yield from self._take(item, item.body)
            if self.is_over:
                return

    def _take_header(self, header: ProtocolHeader) -> None:
        if header.raw == SASL:
            self._output += SASL
            self._output += frames.write(SaslMechanisms(symbols(*MECHANISMS)), sasl=True)
        elif header.raw == AMQP:
            self._output += AMQP
        else:  # the answer to a protocol one does not speak is the header of one that one does (2.2)
            self._output += SASL
            self.is_over = True

    def _take(self, frame: Frame, body: Composite) -> Iterator[Event]:
        match body:
            case SaslInit():
                self._output += frames.write(SaslOutcome(UByte(0)), sasl=True)
                self._reader.expects_header = True
            case Open() if self.peer is None:
                self.peer = body
                self._output += frames.write(self._open())
                yield ConnectionOpened(body)
            case _ if self.peer is None or isinstance(body, Open | SaslMechanisms | SaslOutcome):
                raise FramingError(f"{body.NAME} does not belong here")
            case Close():
                self._output += frames.write(Close())
                yield from self._end()
            case Begin():
                self._begin(frame.channel, body)
            case End():
                yield from self._end_session(frame.channel)
            case _:
                yield from self._in_session(frame, body)

    def _open(self) -> Open:
        limits = self._limits
        return Open(
            self._container_id,
            max_frame_size=UInt(limits.max_frame_size),
            channel_max=UShort(limits.channels),
            idle_time_out=UInt(limits.idle_milliseconds),
        )

    def _begin(self, channel: int, begin: Begin) -> None:
        if channel in self._sessions or channel > self._limits.channels:
            raise FramingError(f"a session begins on channel {channel}")
        assert self.peer is not None
        largest = min(self.peer.max_frame_size, self._limits.max_frame_size)
        session = Session(channel, begin, largest, self._output)
        self._sessions[channel] = session

    def _end_session(self, channel: int) -> Iterator[Event]:
        session = self._sessions.pop(channel, None)
        if session is None:
            raise FramingError(f"there is no session on channel {channel}")
        yield from session.end()
        if not session.has_ended_itself:
            self._output += frames.write(End(), channel)

    def _in_session(self, frame: Frame, body: Composite) -> Iterator[Event]:
        session = self._sessions.get(frame.channel)
        if session is None:
            raise FramingError(f"there is no session on channel {frame.channel}")
        if session.has_ended_itself:
            return  # the client has not read of it yet
        try:
            yield from session.take(body, frame.payload)
        except SessionError as error:
            yield from session.end()
            session.has_ended_itself = True
            self._output += frames.write(End(Error(Symbol(error.condition), str(error))), frame.channel)

    def _end(self) -> Iterator[Event]:
        if self.is_over:
            return
        self.is_over = True
        for session in self._sessions.values():
            yield from session.end()
        self._sessions.clear()
        yield ConnectionEnded()
