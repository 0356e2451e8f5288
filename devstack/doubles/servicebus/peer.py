"""One client: what its links ask for, and what they are answered.

Addresses are those that Microsoft's clients use: an entity, `topic/Subscriptions/name`, either with
`/$DeadLetterQueue`, either with `/$management`, and `$cbs`, with or without scheme and host before them.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from devstack.doubles.middleware import CALLER_MARK
from devstack.doubles.servicebus.access import Access, Right, plain
from devstack.doubles.servicebus.amqp.connection import Connection
from devstack.doubles.servicebus.amqp.events import (
    ConnectionOpened,
    CreditChanged,
    DeliverySettled,
    Event,
    LinkAttached,
    LinkDetached,
    MessageReceived,
)
from devstack.doubles.servicebus.amqp.links import IncomingLink, Link, OutgoingLink
from devstack.doubles.servicebus.amqp.message import Message, read_delivery, read_message
from devstack.doubles.servicebus.amqp.performatives import (
    Accepted,
    Coordinator,
    Error,
    Modified,
    Outcome,
    Rejected,
    Released,
    Source,
)
from devstack.doubles.servicebus.amqp.types import AmqpDecodeError, Described, Long, Symbol
from devstack.doubles.servicebus.broker import LARGEST_MESSAGE, Broker
from devstack.doubles.servicebus.entities import errors
from devstack.doubles.servicebus.entities.queue import DESCRIPTION, REASON, Queue
from devstack.doubles.servicebus.entities.stored import Lock
from devstack.doubles.servicebus.exposure import ConnectionCutError, exposed
from devstack.doubles.servicebus.management import Management
from devstack.doubles.servicebus.receiver import Receiver, token_of
from devstack.doubles.servicebus.requests import answer_token, reply

_CBS, _MANAGEMENT = "$cbs", "/$management"
_SESSION_FILTER = Symbol("com.microsoft:session-filter")
_TIMEOUT = Symbol("com.microsoft:timeout")
_LOCKED_UNTIL = Symbol("com.microsoft:locked-until-utc")
_LONGEST_WAIT_MILLISECONDS = 65_000
_TICKS_AT_1970 = 621_355_968_000_000_000
_TICKS_PER_MILLISECOND = 10_000


class Peer:
    """The broker's side of one connection. `flush` has what the connection holds written to the socket."""

    def __init__(self, broker: Broker, connection: Connection, flush: Callable[[], None]) -> None:
        self._broker = broker
        self._connection = connection
        self._flush = flush
        self._caller = ""
        self._access = Access(broker.world, broker.tokens, broker.name)
        self._receivers: dict[Link, Receiver] = {}
        self._answering: list[OutgoingLink] = []
        self._waiting: set[asyncio.Task[None]] = set()

    async def handle(self, event: Event) -> None:
        """Do what an event asks for. Raises ConnectionCutError when the connection is to die of it."""
        match event:
            case ConnectionOpened(peer=peer):
                self._caller = _caller_of(peer.properties or {})
            case LinkAttached(link=link):
                self._attach(link)
            case LinkDetached(link=link):
                self._detach(link)
            case MessageReceived():
                await self._receive(event)
            case CreditChanged(link=link):
                self._credit(link)
            case DeliverySettled():
                await self._settle(event)
            case _:
                for task in self._waiting:
                    task.cancel()

    def _attach(self, link: Link) -> None:
        try:
            if isinstance(link.attach.target, Coordinator):
                raise errors.BusError("amqp:not-implemented", "This broker has no transactions.")
            self._admit(link, _address(link))
        except errors.BusError as refusal:
            link.refuse(Error(Symbol(refusal.condition), refusal.description))

    def _admit(self, link: Link, address: str) -> None:
        if address == _CBS or address.endswith(_MANAGEMENT):
            if address != _CBS:
                self._access.check_any(address)
                self._broker.entities.managed(address.removesuffix(_MANAGEMENT))
            if isinstance(link, OutgoingLink):
                self._answering.append(link)
            link.accept(max_message_size=LARGEST_MESSAGE)
        elif isinstance(link, IncomingLink):
            self._access.check(address, Right.SEND)
            self._broker.entities.sending(address)
            link.accept(max_message_size=LARGEST_MESSAGE)
        elif isinstance(link, OutgoingLink):
            self._access.check(address, Right.LISTEN)
            queue = self._broker.entities.receiving(address)
            self._admit_receiver(link, queue)

    def _admit_receiver(self, link: OutgoingLink, queue: Queue) -> None:
        filters = (link.attach.source.filter if link.attach.source else None) or {}
        if _SESSION_FILTER not in filters:
            if queue.settings.requires_session:
                raise errors.not_allowed(
                    f"It is not possible for an entity that requires sessions to create a non-sessionful message"
                    f" receiver: {queue.path}."
                )
            self._receivers[link] = receiver = Receiver(link, queue, self._flush)
            link.accept(max_message_size=LARGEST_MESSAGE)
            self._broker.add(receiver)
            return
        wanted = _undescribed(filters[_SESSION_FILTER])
        if not queue.settings.requires_session:
            raise errors.not_allowed(
                f"A sessionful message receiver cannot be created on an entity that does not require sessions:"
                f" {queue.path}."
            )
        if wanted is not None and not isinstance(wanted, str):
            raise errors.bad_argument("A session's id is a text.")
        self._in_background(self._admit_to_session(link, queue, wanted))

    async def _admit_to_session(self, link: OutgoingLink, queue: Queue, wanted: str | None) -> None:
        patience = int((link.attach.properties or {}).get(_TIMEOUT) or _LONGEST_WAIT_MILLISECONDS)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience / 1000
        try:
            session_id = wanted
            while session_id is None:
                queue.catch_up(self._broker.now())
                session_id = queue.next_session()
                if session_id is None:
                    left = deadline - loop.time()
                    if left <= 0 or not link.is_alive:
                        raise errors.no_session_in_time(queue.path)
                    await self._broker.wait_for_change(left)
            lock = queue.sessions.hold(session_id, self._broker.now())
        except errors.BusError as refusal:
            link.refuse(Error(Symbol(refusal.condition), refusal.description))
            self._flush()
            return
        self._open_session(link, queue, session_id, lock)

    def _open_session(self, link: OutgoingLink, queue: Queue, session_id: str, lock: Lock) -> None:
        source = link.attach.source or Source()
        filters = {**(source.filter or {}), _SESSION_FILTER: session_id}
        source = Source(
            source.address,
            source.durable,
            source.expiry_policy,
            source.timeout,
            source.dynamic,
            source.dynamic_node_properties,
            source.distribution_mode,
            filters,
            source.default_outcome,
            source.outcomes,
            source.capabilities,
        )
        ticks = Long(_TICKS_AT_1970 + lock.until * _TICKS_PER_MILLISECOND)
        receiver = Receiver(link, queue, self._flush, (session_id, lock))
        if not link.is_alive:  # it has given up waiting
            queue.sessions.give_back(session_id, lock)
            return
        self._receivers[link] = receiver
        link.accept(source=source, properties={_LOCKED_UNTIL: ticks}, max_message_size=LARGEST_MESSAGE)
        self._broker.add(receiver)
        self._broker.pump(queue)
        self._flush()

    def _detach(self, link: Link) -> None:
        if isinstance(link, OutgoingLink) and link in self._answering:
            self._answering.remove(link)
        receiver = self._receivers.pop(link, None)
        if receiver is not None:
            self._broker.remove(receiver)

    def _credit(self, link: OutgoingLink) -> None:
        receiver = self._receivers.get(link)
        if receiver is not None:
            self._broker.pump(receiver.queue)
        if link.drain:
            link.give_back_credit()

    async def _receive(self, event: MessageReceived) -> None:
        link, address = event.link, _address(event.link)
        try:
            if address == _CBS or address.endswith(_MANAGEMENT):
                answers = self._answer(address, read_message(event.payload))
                _accept(event)
                await answers
                return
            messages = read_delivery(event.payload, event.message_format)
            self._access.check(address, Right.SEND)
            await exposed(
                self._broker.world,
                "SEND",
                address,
                self._caller,
                lambda: self._broker.send(address, messages, len(event.payload)),
            )
        except AmqpDecodeError as error:
            link.settle(event.delivery_id, Rejected(Error(Symbol("amqp:decode-error"), str(error))))
        except errors.BusError as refusal:
            if not event.settled:
                link.settle(event.delivery_id, _refused(refusal))
        else:
            _accept(event)

    async def _answer(self, address: str, request: Message) -> None:
        link = self._link_for(address, request.properties.reply_to)
        if link is None:
            return  # nobody listens
        if address == _CBS:
            answer = answer_token(self._access, request)
        else:
            management = Management(self._broker, self._access, address.removesuffix(_MANAGEMENT), self._caller)
            answer = await management.answer(request)
        link.send(b"answer", reply(request, answer).encoded())

    def _link_for(self, address: str, reply_to: str | None) -> OutgoingLink | None:
        """The link on which an answer goes back: the one whose target the request names, else the address's own."""
        here = [link for link in self._answering if _address(link).casefold() == address.casefold()]
        named = [link for link in here if _target_of(link) == reply_to]
        return next(iter(named or here), None)

    async def _settle(self, event: DeliverySettled) -> None:
        receiver = self._receivers.get(event.link)
        if receiver is None:
            if not event.settled:
                event.link.settle(event.delivery_id, event.outcome)
            return
        queue, token = receiver.queue, token_of(event.tag)

        def operate() -> None:
            receiver.check_session(self._broker.now())
            settle(queue, token, event.outcome, self._broker.now())

        try:
            if isinstance(event.outcome, Released):
                operate()
            else:
                await exposed(
                    self._broker.world, "SETTLE", f"{queue.path} {_verb(event.outcome)}", self._caller, operate
                )
        except errors.BusError as refusal:
            confirmed: Outcome = _refused(refusal)
        else:
            confirmed = Rejected() if isinstance(event.outcome, Rejected) else event.outcome
        if not event.settled:
            event.link.settle(event.delivery_id, confirmed)
        self._broker.pump(queue)

    def _in_background(self, work: Any) -> None:  # noqa: ANN401 - a coroutine
        task = asyncio.ensure_future(work)
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)


def settle(queue: Queue, token: Any, outcome: Outcome, now: int) -> None:  # noqa: ANN401
    """Do to a locked message what its receiver says. Raises BusError."""
    match outcome:
        case Accepted():
            queue.complete(token, now)
        case Rejected(error=error):
            info = {str(key): value for key, value in ((error.info if error else None) or {}).items()}
            queue.bury(token, now, info.pop(REASON, None), info.pop(DESCRIPTION, None), info)
        case Modified(undeliverable_here=True, message_annotations=changes):
            queue.defer(token, now, changes)
        case Modified(message_annotations=changes):
            queue.abandon(token, now, changes)
        case Released():
            queue.release(token, now)


def _verb(outcome: Outcome) -> str:
    match outcome:
        case Accepted():
            return "completed"
        case Rejected():
            return "deadLettered"
        case Modified(undeliverable_here=True):
            return "deferred"
        case _:
            return "abandoned"


def _accept(event: MessageReceived) -> None:
    if not event.settled:
        event.link.settle(event.delivery_id, Accepted())


def _refused(refusal: errors.BusError) -> Rejected:
    return Rejected(Error(Symbol(refusal.condition), refusal.description))


def _address(link: Link) -> str:
    """Where a link leads: its source for one that receives, its target for one that sends."""
    end = link.attach.source if link.attach.role else link.attach.target
    address = None if end is None or isinstance(end, Coordinator) else end.address
    if address is None:
        raise errors.bad_argument("The link names no address.")
    return plain(address)


def _target_of(link: OutgoingLink) -> str | None:
    target = link.attach.target
    return None if target is None or isinstance(target, Coordinator) else target.address


def _undescribed(value: Any) -> Any:  # noqa: ANN401
    return value.value if isinstance(value, Described) else value


def _caller_of(properties: dict[Any, Any]) -> str:
    agent = next((str(value) for key, value in properties.items() if str(key) == "user-agent"), "")
    _, mark, caller = agent.rpartition(CALLER_MARK)
    return caller.partition(" ")[0] if mark else ""


__all__ = ["ConnectionCutError", "Peer", "settle"]
