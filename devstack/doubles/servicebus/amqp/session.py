"""One AMQP session: windows, the links on it, and the transfers that both sides count."""

from collections import deque
from collections.abc import Iterator

from devstack.doubles.servicebus.amqp import frames
from devstack.doubles.servicebus.amqp.composite import Composite
from devstack.doubles.servicebus.amqp.events import CreditChanged, DeliverySettled, Event, LinkAttached, LinkDetached
from devstack.doubles.servicebus.amqp.links import IncomingLink, Link, LinkRefusal, OutgoingLink
from devstack.doubles.servicebus.amqp.outcomes import Released, outcome
from devstack.doubles.servicebus.amqp.performatives import Attach, Begin, Detach, Disposition, Flow, Transfer
from devstack.doubles.servicebus.amqp.types import AmqpDecodeError, UInt, UShort

_WINDOW = 2**31 - 1
"""How many transfers we take in: never the reason to wait, link credit is."""

_HANDLES = 255
_SERIAL = 2**32
"""Transfer and delivery ids are serial numbers of 32 bits (RFC 1982)."""


class SessionError(Exception):
    """What ends a session, with the condition that the client is told."""

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(description)
        self.condition = condition


class Session:
    """A session that the client has begun; it has the same channel in both directions."""

    def __init__(self, channel: int, begin: Begin, max_frame_size: int, output: bytearray) -> None:
        self.has_ended_itself = False
        self._channel = channel
        self._output = output
        self._max_frame_size = max_frame_size
        self._next_incoming = int(begin.next_outgoing_id)
        self._next_outgoing = 0
        self._window = int(begin.incoming_window)
        self._waiting: deque[tuple[Transfer, bytes]] = deque()
        self._by_handle: dict[int, Link] = {}
        self._own_handles: set[int] = set()
        self._next_delivery = 0
        self._outgoing: dict[int, tuple[OutgoingLink, bytes]] = {}
        self.write(Begin(UShort(channel), UInt(0), UInt(_WINDOW), UInt(_WINDOW), handle_max=UInt(_HANDLES)))

    @property
    def max_frame_size(self) -> int:
        """The largest frame that the client takes."""
        return self._max_frame_size

    def take(self, body: Composite, payload: bytes) -> Iterator[Event]:
        """What a frame on this session's channel brings about. Raises SessionError."""
        match body:
            case Attach():
                yield from self._attach(body)
            case Flow():
                yield from self._flow(body)
            case Transfer():
                yield from self._transfer(body, payload)
            case Disposition():
                yield from self._disposition(body)
            case Detach():
                yield from self._detach(body)
            case _:
                raise SessionError("amqp:not-allowed", f"{body.NAME} does not belong here")

    def end(self) -> Iterator[Event]:
        """All links end with the session."""
        links = [link for link in self._by_handle.values() if link.is_alive]
        self._by_handle.clear()
        self._outgoing.clear()
        self._waiting.clear()
        for link in links:
            link.is_alive = False
            yield LinkDetached(link)

    def write(self, body: Composite) -> None:
        """Send a frame on this session's channel."""
        if not self.has_ended_itself:
            self._output += frames.write(body, self._channel)

    def write_flow(self, link: Link | None = None, **members: UInt | bool) -> None:
        """Tell the client where both sides stand."""
        self.write(
            Flow(
                UInt(self._next_incoming),
                UInt(_WINDOW),
                UInt(self._next_outgoing),
                UInt(_WINDOW),
                handle=None if link is None else UInt(link.handle),
                **members,  # pyright: ignore[reportArgumentType]
            )
        )

    def new_delivery(self, link: OutgoingLink, tag: bytes, *, settled: bool) -> int:
        """A delivery id for a message that goes out."""
        delivery = self._next_delivery
        self._next_delivery = (delivery + 1) % _SERIAL
        if not settled:
            self._outgoing[delivery] = (link, tag)
        return delivery

    def forget(self, delivery: int) -> None:
        """A delivery is settled."""
        self._outgoing.pop(delivery, None)

    def send(self, transfer: Transfer, payload: bytes) -> None:
        """Send a transfer, as soon as the client's window has room."""
        self._waiting.append((transfer, payload))
        self._send_waiting()

    def new_handle(self) -> int:
        """The lowest handle of ours that is free."""
        handle = next(number for number in range(_HANDLES + 1) if number not in self._own_handles)
        self._own_handles.add(handle)
        return handle

    def give_up_handle(self, handle: int) -> None:
        """A link has ended on our side."""
        self._own_handles.discard(handle)

    def _send_waiting(self) -> None:
        while self._waiting and self._window > 0:
            transfer, payload = self._waiting.popleft()
            self._output += frames.write(transfer, self._channel, payload)
            self._next_outgoing = (self._next_outgoing + 1) % _SERIAL
            self._window -= 1

    def _attach(self, attach: Attach) -> Iterator[Event]:
        handle = int(attach.handle)
        if handle > _HANDLES or handle in self._by_handle:
            raise SessionError("amqp:session:handle-in-use", f"handle {handle} is in use or too high")
        link: Link = OutgoingLink(self, attach) if attach.role else IncomingLink(self, attach)
        self._by_handle[handle] = link
        yield LinkAttached(link)

    def _flow(self, flow: Flow) -> Iterator[Event]:
        start = 0 if flow.next_incoming_id is None else int(flow.next_incoming_id)
        self._window = (start + int(flow.incoming_window) - self._next_outgoing) % _SERIAL
        if self._window > _WINDOW:  # the client has not yet seen all that was sent
            self._window = 0
        self._send_waiting()
        if flow.handle is None:
            if flow.echo:
                self.write_flow()
            return
        link = self._link(flow.handle)
        if isinstance(link, OutgoingLink) and link.is_alive:
            link.take_flow(flow)
            yield CreditChanged(link)
        elif isinstance(link, IncomingLink) and link.is_alive and flow.echo:
            link.write_credit()

    def _transfer(self, transfer: Transfer, payload: bytes) -> Iterator[Event]:
        self._next_incoming = (self._next_incoming + 1) % _SERIAL
        link = self._link(transfer.handle)
        if not isinstance(link, IncomingLink):
            raise SessionError("amqp:not-allowed", "a transfer on a link that receives")
        if not link.is_alive:
            return
        try:
            received = link.take_transfer(transfer, payload)
        except LinkRefusal as refusal:
            link.detach(refusal.error)
            yield LinkDetached(link)
            return
        if received is not None:
            yield received

    def _disposition(self, disposition: Disposition) -> Iterator[Event]:
        if not disposition.role:
            return  # the sender has settled what we had settled before
        first = int(disposition.first)
        last = first if disposition.last is None else int(disposition.last)
        try:
            state = outcome(disposition.state)
        except AmqpDecodeError as error:
            raise SessionError("amqp:decode-error", str(error)) from error
        for delivery in self._between(first, last):
            link, tag = self._outgoing[delivery]
            if disposition.settled:
                self.forget(delivery)
            if state is None and disposition.settled:
                state = Released()  # settled without an outcome: nobody has looked at it
            if state is not None:
                yield DeliverySettled(link, delivery, tag, state, bool(disposition.settled))

    def _between(self, first: int, last: int) -> list[int]:
        """The deliveries that wait for a word, from `first` to `last`; the client may name a range of any length."""
        length = (last - first) % _SERIAL
        if length < len(self._outgoing):
            named = ((first + offset) % _SERIAL for offset in range(length + 1))
            return [delivery for delivery in named if delivery in self._outgoing]
        if length < len(self._outgoing):
            named = ((first + number) % _SERIAL for number in range(length + 1))
            return [delivery for delivery in named if delivery in self._outgoing]
        return [delivery for delivery in self._outgoing if (delivery - first) % _SERIAL <= length]

    def _detach(self, detach: Detach) -> Iterator[Event]:
        link = self._link(detach.handle)
        del self._by_handle[int(detach.handle)]
        for delivery in [number for number, (owner, _) in self._outgoing.items() if owner is link]:
            del self._outgoing[delivery]
        if link.is_alive:
            link.answer_detach(detach)
            yield LinkDetached(link)

    def _link(self, handle: int) -> Link:
        link = self._by_handle.get(int(handle))
        if link is None:
            raise SessionError("amqp:session:unattached-handle", f"there is no link with handle {handle}")
        return link
