"""Links: a one-way road for messages between a client and an address. Part 2.6 of the standard."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from devstack.doubles.servicebus.amqp.composite import Composite
from devstack.doubles.servicebus.amqp.events import MessageReceived
from devstack.doubles.servicebus.amqp.outcomes import Accepted, Error, Outcome, Rejected
from devstack.doubles.servicebus.amqp.performatives import (
    Attach,
    Coordinator,
    Detach,
    Disposition,
    Flow,
    Source,
    Target,
    Transfer,
)
from devstack.doubles.servicebus.amqp.types import Symbol, UInt, ULong

if TYPE_CHECKING:
    from devstack.doubles.servicebus.amqp.session import Session

_CREDIT = 1_000
"""How many messages a sender may have under way."""

_SERIAL = 2**32
_FRAME_HEADER = 8


class LinkRefusal(Exception):  # noqa: N818 - the name of what it is; nobody outside raises it
    """A transfer for which the link ends."""

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(description)
        self.error = Error(Symbol(condition), description)


class Link(ABC):
    """What both directions have in common. `attach` is what the client asked for."""

    def __init__(self, session: "Session", attach: Attach) -> None:
        self.attach = attach
        self.handle = session.new_handle()
        self.is_alive = True
        self._session = session

    @property
    def name(self) -> str:
        """The client's name for it."""
        return self.attach.name

    def accept(
        self,
        *,
        source: Source | None = None,
        properties: dict[Any, Any] | None = None,
        max_message_size: int | None = None,
    ) -> None:
        """Let the client have its link, with its own terminuses; `source` stands in for its source."""
        self._session.write(self._answer(source or self.attach.source, self._target(), properties, max_message_size))
        self._begin()

    def refuse(self, error: Error) -> None:
        """Answer with an end of the road that is null, then close it: the form in which clients read why (2.6.3)."""
        source, target = (None, self._target()) if self.attach.role else (self.attach.source, None)
        self._session.write(self._answer(source, target, None, None))
        self.detach(error)

    def detach(self, error: Error | None = None) -> None:
        """Close the link from the server's side."""
        if self.is_alive:
            self.is_alive = False
            self._session.write(Detach(UInt(self.handle), closed=True, error=error))
            self._session.give_up_handle(self.handle)

    def answer_detach(self, detach: Detach) -> None:
        """The client has closed it."""
        self.is_alive = False
        self._session.write(Detach(UInt(self.handle), closed=detach.closed))
        self._session.give_up_handle(self.handle)

    @abstractmethod
    def _begin(self) -> None:
        """What follows the answer to an attach."""

    def _target(self) -> Target | Coordinator | None:
        return self.attach.target

    def _answer(
        self,
        source: Source | None,
        target: Target | Coordinator | None,
        properties: dict[Any, Any] | None,
        max_message_size: int | None,
    ) -> Attach:
        asked = self.attach
        return Attach(
            asked.name,
            UInt(self.handle),
            role=not asked.role,
            snd_settle_mode=asked.snd_settle_mode,
            rcv_settle_mode=asked.rcv_settle_mode,
            source=source,
            target=target,
            initial_delivery_count=UInt(0) if asked.role else None,
            max_message_size=None if max_message_size is None else ULong(max_message_size),
            properties=properties,
        )


class IncomingLink(Link):
    """A link on which the client sends."""

    def __init__(self, session: "Session", attach: Attach) -> None:
        super().__init__(session, attach)
        self.largest: int | None = None
        self._delivery_count = int(attach.initial_delivery_count or 0)
        self._credit = 0
        self._first: Transfer | None = None
        self._payload: bytearray = bytearray()
        self._size = 0

    def accept(
        self,
        *,
        source: Source | None = None,
        properties: dict[Any, Any] | None = None,
        max_message_size: int | None = None,
    ) -> None:
        """As for every link; a longer message than `max_message_size` is rejected, and ends it."""
        self.largest = max_message_size
        super().accept(source=source, properties=properties, max_message_size=max_message_size)

    def take_transfer(self, transfer: Transfer, payload: bytes) -> MessageReceived | None:
        """A message, once its last part is there. Raises LinkRefusal."""
        if self._first is None:
            if self._credit == 0:
                raise LinkRefusal("amqp:link:transfer-limit-exceeded", "more messages than there was credit for")
            if transfer.delivery_id is None:
                raise LinkRefusal("amqp:not-allowed", "the first transfer of a message has no delivery id")
            self._first = transfer
            self._payload.clear()
            self._size = 0
        first = self._first
        self._size += len(payload)
        if self.largest is None or self._size <= self.largest:
            self._payload += payload
        if transfer.more and not transfer.aborted:
            return None
        self._first = None
        self._delivery_count = (self._delivery_count + 1) % _SERIAL
        self._credit -= 1
        if self._credit <= _CREDIT // 2:
            self.write_credit()
        if transfer.aborted:
            return None
        assert first.delivery_id is not None
        is_settled = bool(first.settled or transfer.settled)
        if self.largest is not None and self._size > self.largest:
            raise self._too_large(int(first.delivery_id), is_settled=is_settled)
        return MessageReceived(
            self, int(first.delivery_id), int(first.message_format or 0), bytes(self._payload), is_settled
        )

    def _too_large(self, delivery_id: int, *, is_settled: bool) -> LinkRefusal:
        """Reject the message; then the link ends. The Python client sees the reason only in the disposition."""
        condition, description = (
            "amqp:link:message-size-exceeded",
            f"The received message (delivery-id:{delivery_id}, size:{self._size} bytes) exceeds the limit"
            f" ({self.largest} bytes) currently allowed on the link.",
        )
        if not is_settled:
            self.settle(delivery_id, Rejected(Error(Symbol(condition), description)))
        return LinkRefusal(condition, description)

    def settle(self, delivery_id: int, outcome: Outcome) -> None:
        """Tell the sender what became of its message."""
        if self.is_alive:
            self._session.write(_disposition(delivery_id, outcome, receiver=True))

    def write_credit(self) -> None:
        """Let the client send on."""
        self._credit = _CREDIT
        self._session.write_flow(self, delivery_count=UInt(self._delivery_count), link_credit=UInt(self._credit))

    def _begin(self) -> None:
        self.write_credit()


class OutgoingLink(Link):
    """A link on which the client receives."""

    def __init__(self, session: "Session", attach: Attach) -> None:
        super().__init__(session, attach)
        self.credit = 0
        self.drain = False
        self._delivery_count = 0

    @property
    def is_pre_settled(self) -> bool:
        """Return whether what is sent is settled at once: the client will not say what became of it."""
        return self.attach.snd_settle_mode == 1

    def take_flow(self, flow: Flow) -> None:
        """The client's credit counts from the number of messages that it had seen when it wrote."""
        seen = 0 if flow.delivery_count is None else int(flow.delivery_count)
        if flow.link_credit is not None:
            credit = (seen + int(flow.link_credit) - self._delivery_count) % _SERIAL
            self.credit = credit if credit < _SERIAL // 2 else 0
        self.drain = bool(flow.drain)
        if flow.echo and not self.drain:
            self._write_state()

    def send(self, tag: bytes, payload: bytes, message_format: int = 0) -> int:
        """Send one message, in as many frames as it takes. Return its delivery id; takes one of `credit`."""
        settled = self.is_pre_settled
        delivery = self._session.new_delivery(self, tag, settled=settled)
        self.credit -= 1
        self._delivery_count = (self._delivery_count + 1) % _SERIAL
        whole = Transfer(UInt(self.handle), UInt(delivery), tag, UInt(message_format), settled=settled, more=True)
        room = self._session.max_frame_size - _FRAME_HEADER - len(whole.encoded())
        parts = [payload[at : at + room] for at in range(0, len(payload), room)] or [b""]
        for number, part in enumerate(parts, start=1):
            self._session.send(replace(whole, more=number < len(parts)), part)
        return delivery

    def settle(self, delivery_id: int, outcome: Outcome) -> None:
        """Confirm what the client asked for, or refuse it by another outcome."""
        self._session.forget(delivery_id)
        if self.is_alive:
            self._session.write(_disposition(delivery_id, outcome, receiver=False))

    def give_back_credit(self) -> None:
        """End a drain: everything there was has been sent."""
        self._delivery_count = (self._delivery_count + self.credit) % _SERIAL
        self.credit = 0
        self._write_state(drain=True)
        self.drain = False

    def _begin(self) -> None:
        """The client grants credit by a flow of its own."""

    def _write_state(self, *, drain: bool = False) -> None:
        self._session.write_flow(
            self,
            delivery_count=UInt(self._delivery_count),
            link_credit=UInt(self.credit),
            available=UInt(0),
            drain=drain,
        )


def _disposition(delivery_id: int, outcome: Outcome, *, receiver: bool) -> Disposition:
    state: Composite = outcome
    return Disposition(role=receiver, first=UInt(delivery_id), settled=True, state=state.described())


ACCEPTED = Accepted()
