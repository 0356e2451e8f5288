"""One client: what its links ask for, and what they are answered."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from devstack.doubles.middleware import CALLER_MARK
from devstack.doubles.servicebus import errors, routes, session_links
from devstack.doubles.servicebus.access import Access, Right, plain
from devstack.doubles.servicebus.amqp.events import (
    ConnectionEnded,
    ConnectionOpened,
    CreditChanged,
    DeliverySettled,
    Event,
    LinkAttached,
    LinkDetached,
    LinkEvent,
    MessageReceived,
)
from devstack.doubles.servicebus.amqp.links import IncomingLink, Link, OutgoingLink
from devstack.doubles.servicebus.amqp.message import Message, read_delivery, read_message
from devstack.doubles.servicebus.amqp.outcomes import Accepted, Error, Outcome, Rejected, Released
from devstack.doubles.servicebus.amqp.performatives import Coordinator
from devstack.doubles.servicebus.amqp.types import AmqpDecodeError, Symbol
from devstack.doubles.servicebus.answers import reply
from devstack.doubles.servicebus.broker import LARGEST_MESSAGE, Broker
from devstack.doubles.servicebus.entities.queue import Queue
from devstack.doubles.servicebus.exposure import ConnectionCutError, exposed
from devstack.doubles.servicebus.operations import deliveries
from devstack.doubles.servicebus.receiver import Receiver, token_of


class Peer:
    """The broker's side of one connection.

    `flush` has what the connection holds written to the socket; `cut` has the socket closed without a word. What comes
    on one link is worked off in order, and what takes long there keeps no other link waiting.
    """

    def __init__(self, broker: Broker, flush: Callable[[], None], cut: Callable[[], None]) -> None:
        self._broker = broker
        self._flush = flush
        self._cut = cut
        self._to_do: dict[Link, deque[LinkEvent]] = {}
        self._caller = ""
        self._access = Access(broker.world, broker.tokens, broker.name)
        self._receivers: dict[Link, Receiver] = {}
        self._answering: list[OutgoingLink] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, event: Event) -> None:
        """Have done what an event asks for."""
        match event:
            case ConnectionOpened(peer=peer):
                self._caller = _caller_of(peer.properties or {})
            case ConnectionEnded():
                for task in self._tasks:
                    task.cancel()
                for link in list(self._receivers):
                    self._detach(link)
            case _ if event.link in self._to_do:
                self._to_do[event.link].append(event)
            case _:
                self._to_do[event.link] = deque([event])
                self._start(self._work_off(event.link))

    async def _work_off(self, link: Link) -> None:
        to_do = self._to_do[link]
        try:
            while to_do:
                await self._handle(to_do[0])
                to_do.popleft()
        except ConnectionCutError:
            self._cut()
        finally:
            del self._to_do[link]
            self._flush()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        # Eagerly: nearly everything is done without waiting, and in the order in which it came.
        task = asyncio.Task(work, loop=asyncio.get_running_loop(), eager_start=True)
        if not task.done():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _handle(self, event: LinkEvent) -> None:
        match event:
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

    def _attach(self, link: Link) -> None:
        try:
            if isinstance(link.attach.target, Coordinator):
                raise errors.BusError("amqp:not-implemented", "This broker has no transactions.")
            self._admit(link, _address(link))
        except errors.BusError as refusal:
            link.refuse(_error(refusal))

    def _admit(self, link: Link, address: str) -> None:
        if routes.is_for_requests(address):
            routes.admit(self._broker, self._access, address)
            if isinstance(link, OutgoingLink):
                self._answering.append(link)
        elif isinstance(link, IncomingLink):
            self._access.check(address, Right.SEND)
            self._broker.entities.sending(address)
        elif isinstance(link, OutgoingLink):
            self._access.check(address, Right.LISTEN)
            self._admit_receiver(link, self._broker.entities.receiving(address))
            return
        link.accept(max_message_size=LARGEST_MESSAGE)

    def _admit_receiver(self, link: OutgoingLink, queue: Queue) -> None:
        if session_links.asks_for_session(link) != queue.settings.requires_session:
            raise errors.other_receiver_needed(queue.path, needs_session=queue.settings.requires_session)
        if queue.settings.requires_session:
            self._start(self._admit_to_session(link, queue))
            return
        self._receivers[link] = receiver = Receiver(link, queue, self._flush)
        link.accept(max_message_size=LARGEST_MESSAGE)
        self._broker.add(receiver)

    async def _admit_to_session(self, link: OutgoingLink, queue: Queue) -> None:
        try:
            session_id, lock = await session_links.hold_session(self._broker, link, queue)
        except errors.BusError as refusal:
            link.refuse(_error(refusal))
            self._flush()
            return
        if not link.is_alive:  # it has given up waiting
            queue.sessions.give_back(session_id, lock)
            return
        self._receivers[link] = receiver = Receiver(link, queue, self._flush, (session_id, lock))
        session_links.accept(link, session_id, lock)
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
            if routes.is_for_requests(address):
                request = read_message(event.payload)
                _accept(event)
                await self._answer(address, request)
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
                link.settle(event.delivery_id, Rejected(_error(refusal)))
        else:
            _accept(event)

    async def _answer(self, address: str, request: Message) -> None:
        link = self._link_for(address, request.properties.reply_to)
        if link is None:
            return  # nobody listens
        answer = await routes.answer(self._broker, self._access, address, self._caller, request)
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
        queue, token, outcome = receiver.queue, token_of(event.tag), event.outcome

        def operate() -> None:
            receiver.check_session(self._broker.now())
            deliveries.settle(queue, token, outcome, self._broker.now())

        path = f"{queue.path} {deliveries.verb(outcome)}"
        try:
            if isinstance(outcome, Released):  # the client closes its link, and waits for nothing
                operate()
            else:
                await exposed(self._broker.world, "SETTLE", path, self._caller, operate)
        except errors.BusError as refusal:
            confirmed: Outcome = Rejected(_error(refusal))
        else:
            confirmed = Rejected() if isinstance(outcome, Rejected) else outcome
        if not event.settled:
            event.link.settle(event.delivery_id, confirmed)
        self._broker.pump(queue)


def _accept(event: MessageReceived) -> None:
    if not event.settled:
        event.link.settle(event.delivery_id, Accepted())


def _error(refusal: errors.BusError) -> Error:
    return Error(Symbol(refusal.condition), refusal.description)


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


def _caller_of(properties: dict[Any, Any]) -> str:
    agent = next((str(value) for key, value in properties.items() if str(key) == "user-agent"), "")
    _, mark, caller = agent.rpartition(CALLER_MARK)
    return caller.partition(" ")[0] if mark else ""
