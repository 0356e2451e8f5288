"""One client's links without a socket: what is held up on one of them keeps no other waiting."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from devstack.doubles.servicebus.amqp.frames import AMQP
from devstack.doubles.servicebus.amqp.message import Properties, value_message
from devstack.doubles.servicebus.amqp.outcomes import Accepted, outcome
from devstack.doubles.servicebus.amqp.performatives import (
    Attach,
    Begin,
    Disposition,
    Flow,
    Open,
    Source,
    Target,
    Transfer,
)
from devstack.doubles.servicebus.amqp.types import Int, UInt
from devstack.doubles.servicebus.broker import Broker
from devstack.doubles.servicebus.entities.settings import NamespaceSettings
from devstack.doubles.servicebus.errors import BusError
from devstack.doubles.servicebus.peer import Peer
from devstack.doubles.tokens import Tokens
from devstack.doubles.wire import Trap, When
from devstack.doubles.world import World
from tests.devstack.doubles.servicebus.amqp_client import Client

SENDER_ID = str(uuid4())


class PeersClient(Client):
    """A client of one peer, which does what comes; `is_cut` once the broker has dropped the connection."""

    def __init__(self, broker: Broker) -> None:
        super().__init__()
        self.is_cut = False
        self._peer = Peer(broker, lambda: None, self._cut)
        self.raw(AMQP)
        self.say(Open("client"))
        self.say(Begin(None, UInt(0), UInt(1_000), UInt(1_000)))

    def raw(self, data: bytes) -> list[Any]:
        """Send bytes; what they bring about, and the peer has done."""
        events = super().raw(data)
        for event in events:
            self._peer.take(event)
        return events

    def settled(self) -> list[tuple[int, Any]]:
        """The deliveries of which the broker has said since what became of them."""
        return [(body.first, outcome(body.state)) for body in self.heard() if isinstance(body, Disposition)]

    def send(self, handle: int, delivery: int, payload: bytes) -> None:
        """Send one message on a link."""
        self.say(Transfer(UInt(handle), UInt(delivery), b"%d" % delivery, UInt(0)), payload)

    def end(self) -> None:
        """The socket is gone."""
        for event in self.server.end_of_stream():
            self._peer.take(event)

    def _cut(self) -> None:
        self.is_cut = True


@pytest.fixture
def broker(world: World, tokens: Tokens) -> Broker:
    sender = {"principalId": SENDER_ID, "roleDefinitionName": "Azure Service Bus Data Sender"}
    world.documents.put("busNamespaces", "one", {"name": "one", "roleAssignments": [sender]})
    queues: dict[str, dict[str, object]] = {"first": {}, "second": {}, "sessions": {"requiresSession": True}}
    return Broker(world, tokens, "one", NamespaceSettings.model_validate({"queues": queues, "topics": {}}))


def sending(broker: Broker, tokens: Tokens) -> PeersClient:
    """A client with a link to `first` (handle 1) and one to `second` (handle 2)."""
    client = PeersClient(broker)
    client.say(Attach("claims", UInt(0), False, source=Source("client"), target=Target("$cbs")))
    token = tokens.mint(audience="https://servicebus.azure.net", app_id=str(uuid4()), object_id=SENDER_ID)
    request = value_message(token.text, {"operation": "put-token", "name": "sb://one.servicebus.windows.net/"})
    request.set_properties(Properties(message_id="1", reply_to="client"))
    client.say(Attach("answers", UInt(3), True, source=Source("$cbs"), target=Target("client")))
    client.say(Flow(UInt(0), UInt(1_000), UInt(0), UInt(1_000), UInt(3), UInt(0), UInt(10)))
    client.send(0, 0, request.encoded())
    for handle, queue in ((1, "first"), (2, "second")):
        client.say(Attach(queue, UInt(handle), False, source=Source("client"), target=Target(queue)))
    client.heard()
    return client


def counts(broker: Broker) -> dict[str, int]:
    return {queue: broker.entities.receiving(queue).counts()["active"] for queue in ("first", "second")}


async def test_what_is_held_on_one_link_keeps_no_other_waiting(world: World, broker: Broker, tokens: Tokens) -> None:
    client = sending(broker, tokens)
    world.traps.arm(Trap(service="servicebus", label="SEND first", when=When.BEFORE))
    message = value_message("hello", {}).encoded()
    for delivery in (1, 2):
        client.send(1, delivery, message)
    client.send(2, 3, message)
    assert client.settled() == [(3, Accepted())]
    assert counts(broker) == {"first": 0, "second": 1}
    world.traps.release()
    await asyncio.sleep(0)
    assert client.is_cut
    assert counts(broker) == {"first": 0, "second": 1}


async def test_what_comes_on_one_link_is_done_in_its_order(world: World, broker: Broker, tokens: Tokens) -> None:
    client = sending(broker, tokens)
    for delivery in range(1, 6):
        client.send(1, delivery, value_message(Int(delivery), {}).encoded())
    assert [number for number, _ in client.settled()] == [1, 2, 3, 4, 5]
    found = broker.entities.receiving("first").peek(1, 10, broker.now())
    assert [stored.message.body_value() for stored in found] == [1, 2, 3, 4, 5]


async def test_what_is_held_when_the_socket_goes_takes_no_effect(world: World, broker: Broker, tokens: Tokens) -> None:
    client = sending(broker, tokens)
    world.traps.arm(Trap(service="servicebus", label="SEND first", when=When.BEFORE))
    client.send(1, 1, value_message("hello", {}).encoded())
    client.end()
    await asyncio.sleep(0)
    world.traps.release()
    await asyncio.sleep(0)
    assert counts(broker) == {"first": 0, "second": 0}


def test_a_batch_is_taken_whole_or_not_at_all(broker: Broker) -> None:
    good, bad = value_message(Int(1), {}), value_message(Int(2), {})
    good.set_properties(Properties(group_id="1"))
    with pytest.raises(BusError, match="The SessionId was not set"):
        broker.send("sessions", [good, bad], 100)
    assert broker.entities.receiving("sessions").counts()["active"] == 0
    broker.send("sessions", [good], 100)
    assert broker.entities.receiving("sessions").counts()["active"] == 1


def test_messages_of_a_session_that_has_lapsed_are_ready_for_who_comes_next(world: World, broker: Broker) -> None:
    message = value_message(Int(1), {})
    message.set_properties(Properties(group_id="1"))
    broker.send("sessions", [message], 100)
    queue = broker.entities.receiving("sessions")
    queue.sessions.hold("1", broker.now())
    taken = queue.take(broker.now(), "1")
    assert taken is not None
    world.clock.advance(timedelta(minutes=2))
    assert queue.next_session() is None
    broker.end_lapsed_sessions(queue)
    assert queue.next_session() == "1"
    (stored,) = queue.peek(1, 10, broker.now())
    assert (stored.lock, stored.delivery_count) == (None, 1)
