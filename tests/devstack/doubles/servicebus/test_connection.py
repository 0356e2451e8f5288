"""A connection without a socket: sign-in, sessions, links, credit, windows, and what is no AMQP."""

from typing import Any

import pytest

from devstack.doubles.servicebus.amqp import frames
from devstack.doubles.servicebus.amqp.composite import Composite
from devstack.doubles.servicebus.amqp.connection import MECHANISMS, Limits
from devstack.doubles.servicebus.amqp.events import (
    ConnectionEnded,
    ConnectionOpened,
    CreditChanged,
    DeliverySettled,
    LinkAttached,
    LinkDetached,
    MessageReceived,
)
from devstack.doubles.servicebus.amqp.frames import AMQP, SASL
from devstack.doubles.servicebus.amqp.links import IncomingLink, OutgoingLink
from devstack.doubles.servicebus.amqp.outcomes import Accepted, Error, Modified, Outcome, Rejected, outcome
from devstack.doubles.servicebus.amqp.performatives import (
    Attach,
    Begin,
    Close,
    Detach,
    Disposition,
    End,
    Flow,
    Open,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
    Source,
    Target,
    Transfer,
)
from devstack.doubles.servicebus.amqp.types import Symbol, UByte, UInt, symbols
from tests.devstack.doubles.servicebus.amqp_client import Client

SENDER, RECEIVER = UInt(0), UInt(1)


def opened(*, max_frame_size: int = 65_536, window: int = 1_000, limits: Limits | None = None) -> Client:
    """A client with one session on channel 0."""
    client = Client(limits)
    client.raw(AMQP)
    client.say(Open("client", max_frame_size=UInt(max_frame_size)))
    client.say(Begin(None, UInt(0), UInt(window), UInt(1_000)))
    client.heard()
    return client


def attached(client: Client, *, receives: bool, name: str = "link", handle: UInt | None = None) -> Any:
    """A link that the server has accepted."""
    number = handle if handle is not None else (RECEIVER if receives else SENDER)
    attach = Attach(name, number, receives, source=Source("work"), target=Target("work"))
    (event,) = client.say(attach)
    assert isinstance(event, LinkAttached)
    event.link.accept(max_message_size=1_000)
    return event.link


def flow(handle: UInt, credit: int, *, seen: int = 0, incoming: int = 0, window: int = 1_000, **more: Any) -> Flow:
    """What a receiver says of its credit, having seen so many messages of the link and transfers of the session."""
    return Flow(
        UInt(incoming),
        UInt(window),
        UInt(0),
        UInt(1_000),
        handle=handle,
        delivery_count=UInt(seen),
        link_credit=UInt(credit),
        **more,
    )


def error_of(body: Any) -> Error:
    assert isinstance(body, Close | End | Detach)
    assert body.error is not None
    return body.error


def test_signing_in_and_opening() -> None:
    client = Client()
    client.raw(SASL)
    header, mechanisms = client.heard()
    assert (header, mechanisms) == (SASL, SaslMechanisms(symbols(*MECHANISMS)))
    client.say(SaslInit(Symbol("ANONYMOUS")), sasl=True)
    assert client.heard() == [SaslOutcome(UByte(0))]
    client.after_header()
    client.raw(AMQP)
    events = client.say(Open("client", hostname="contoso", idle_time_out=UInt(60_000)))
    assert [type(event) for event in events] == [ConnectionOpened]
    header, answer = client.heard()
    assert header == AMQP
    assert (answer.container_id, answer.max_frame_size, answer.idle_time_out) == ("server", 65_536, 120_000)
    assert client.server.heartbeat_seconds == 30


def test_bytes_may_come_in_any_pieces() -> None:
    client = Client()
    said = AMQP + frames.write(Open("client")) + frames.write(Begin(None, UInt(0), UInt(10), UInt(10)))
    events = [event for byte in said for event in client.raw(bytes([byte]))]
    assert [type(event) for event in events] == [ConnectionOpened]
    assert [type(body) for body in client.heard()] == [bytes, Open, Begin]


def test_another_protocol_is_answered_with_ours_and_the_end() -> None:
    client = Client()
    client.raw(b"HTTP/1.1")
    assert client.heard() == [SASL]
    assert client.server.is_over


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x04\x02\x00\x00\x00",
        b"\x00\x00\x00\x08\x01\x00\x00\x00",
        b"\x00\x00\x00\x08\x03\x00\x00\x00",
        b"\xff\xff\xff\xff\x02\x00\x00\x00",
        b"\x00\x00\x00\x08\x02\x07\x00\x00",
        b"\x00\x00\x00\x0a\x02\x00\x00\x00\x40\x40",
        frames.write(Begin(None, UInt(0), UInt(1), UInt(1)), 5_000),
        frames.write(Flow(None, UInt(1), UInt(0), UInt(1)), 7),
        frames.write(Open("again")),
    ],
)
def test_what_is_no_frame_ends_the_connection(data: bytes) -> None:
    client = opened()
    assert [type(event) for event in client.raw(data)] == [ConnectionEnded]
    (close,) = client.heard()
    assert error_of(close).condition == "amqp:connection:framing-error"
    assert client.raw(frames.write(Open("more"))) == []


def test_an_empty_frame_says_only_that_the_peer_is_there() -> None:
    client = opened()
    assert client.say(None) == []
    client.server.beat()
    assert client.heard() == [None]


def test_a_message_is_received_whole_and_settled() -> None:
    client = opened()
    link = attached(client, receives=False)
    attach, credit = client.heard()
    assert (attach.role, attach.max_message_size, credit.link_credit) == (True, 1_000, 1_000)
    assert client.say(Transfer(SENDER, UInt(0), b"1", UInt(0), more=True), b"hel") == []
    (event,) = client.say(Transfer(SENDER, UInt(0), b"1"), b"lo")
    assert event == MessageReceived(link, 0, 0, b"hello", False)
    link.settle(event.delivery_id, Accepted())
    (settled,) = client.heard()
    assert isinstance(settled, Disposition)
    assert (settled.role, settled.first, settled.settled, settled.state) == (True, 0, True, Accepted().described())


def test_an_aborted_message_never_was() -> None:
    client = opened()
    attached(client, receives=False)
    client.say(Transfer(SENDER, UInt(0), b"1", UInt(0), more=True), b"hel")
    assert client.say(Transfer(SENDER, UInt(0), b"1", aborted=True)) == []
    (event,) = client.say(Transfer(SENDER, UInt(1), b"2"), b"next")
    assert event.payload == b"next"


def test_a_message_that_is_too_large_is_rejected_and_ends_its_link() -> None:
    client = opened()
    attached(client, receives=False)
    client.heard()
    client.say(Transfer(SENDER, UInt(0), b"1", UInt(0), more=True), b"x" * 600)
    assert client.say(Transfer(SENDER, UInt(0), b"1", more=True), b"x" * 600) == []
    (event,) = client.say(Transfer(SENDER, UInt(0), b"1"), b"x" * 600)
    assert isinstance(event, LinkDetached)
    disposition, detach = client.heard()
    assert isinstance(disposition, Disposition)
    rejected = outcome(disposition.state)
    assert isinstance(rejected, Rejected)
    for error in (rejected.error, error_of(detach)):
        assert error
        assert error.condition == "amqp:link:message-size-exceeded"
        assert "size:1800 bytes" in (error.description or "")
    assert client.say(Transfer(SENDER, UInt(0), b"1"), b"x") == []


def test_credit_is_renewed_for_as_long_as_messages_come() -> None:
    client = opened()
    attached(client, receives=False)
    client.heard()
    granted = 1_000
    for number in range(5_000):
        assert granted > 0, f"message {number} had no credit"
        client.say(Transfer(SENDER, UInt(number), b"1", settled=True), b"x")
        granted -= 1
        for body in client.heard():
            assert isinstance(body, Flow)
            assert (body.next_incoming_id, body.delivery_count) == (number + 1, number + 1)
            granted = int(body.link_credit or 0)


def test_messages_go_out_on_credit_in_frames_of_the_clients_size() -> None:
    client = opened(max_frame_size=512)
    link = attached(client, receives=True)
    client.heard()
    (event,) = client.say(flow(RECEIVER, 2))
    assert event == CreditChanged(link)
    assert link.credit == 2
    link.send(b"tag", b"x" * 1_200)
    link.send(b"tag", b"y")
    assert link.credit == 0
    parts = client.payloads()
    assert [bool(transfer.more) for transfer, _ in parts] == [True, True, False, False]
    assert b"".join(payload for _, payload in parts) == b"x" * 1_200 + b"y"
    assert [transfer.delivery_id for transfer, _ in parts] == [0, 0, 0, 1]


def test_credit_counts_from_what_the_client_had_seen() -> None:
    client = opened()
    link = attached(client, receives=True)
    client.say(flow(RECEIVER, 10))
    for _ in range(3):
        link.send(b"tag", b"x")
    client.say(flow(RECEIVER, 10, seen=1, incoming=1))
    assert link.credit == 8


def test_a_full_window_holds_transfers_back() -> None:
    client = opened(window=2)
    link = attached(client, receives=True)
    client.heard()
    client.say(flow(RECEIVER, 10, window=2))
    for number in range(4):
        link.send(b"tag", bytes([number]))
    assert [payload for _, payload in client.payloads()] == [b"\x00", b"\x01"]
    client.say(Flow(UInt(2), UInt(2), UInt(0), UInt(1_000)))
    assert [payload for _, payload in client.payloads()] == [b"\x02", b"\x03"]
    client.say(Flow(UInt(3), UInt(1), UInt(0), UInt(1_000)))
    link.send(b"tag", b"held")
    assert client.payloads() == []


def test_a_drain_gives_the_credit_back() -> None:
    client = opened()
    link = attached(client, receives=True)
    client.heard()
    client.say(flow(RECEIVER, 5, drain=True))
    assert link.drain
    link.send(b"tag", b"x")
    link.give_back_credit()
    *_, answer = client.heard()
    assert isinstance(answer, Flow)
    assert (answer.delivery_count, answer.link_credit, answer.drain) == (5, 0, True)
    assert (link.credit, link.drain) == (0, False)


def test_a_question_about_the_flow_is_answered() -> None:
    client = opened()
    attached(client, receives=True)
    client.heard()
    client.say(flow(RECEIVER, 5, echo=True))
    client.say(Flow(UInt(0), UInt(5), UInt(0), UInt(5), echo=True))
    of_link, of_session = client.heard()
    assert (of_link.handle, of_link.link_credit, of_session.handle) == (0, 5, None)


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (Accepted().described(), Accepted()),
        (Modified(delivery_failed=True).described(), Modified(delivery_failed=True)),
    ],
)
def test_what_the_client_says_of_a_message_is_passed_on_and_confirmed(state: Any, outcome: Outcome) -> None:
    client = opened()
    link = attached(client, receives=True)
    client.say(flow(RECEIVER, 5))
    link.send(b"one", b"x")
    link.send(b"two", b"y")
    client.heard()
    events = client.say(Disposition(True, UInt(0), UInt(1), False, state))
    assert events == [
        DeliverySettled(link, 0, b"one", outcome, False),
        DeliverySettled(link, 1, b"two", outcome, False),
    ]
    link.settle(0, outcome)
    (confirmed,) = client.heard()
    assert (confirmed.role, confirmed.first, confirmed.settled, confirmed.state) == (False, 0, True, state)
    assert [event.delivery_id for event in client.say(Disposition(True, UInt(0), UInt(1), False, state))] == [1]


def test_a_range_of_any_length_costs_no_more_than_what_is_open() -> None:
    client = opened()
    link = attached(client, receives=True)
    client.say(flow(RECEIVER, 1))
    link.send(b"one", b"x")
    events = client.say(Disposition(True, UInt(0), UInt(2**31), True, Accepted().described()))
    assert [event.delivery_id for event in events] == [0]


def test_after_a_detach_a_disposition_has_no_effect() -> None:
    client = opened()
    link = attached(client, receives=True)
    client.say(flow(RECEIVER, 1))
    link.send(b"one", b"x")
    client.heard()
    assert client.say(Detach(RECEIVER, closed=True)) == [LinkDetached(link)]
    (answer,) = client.heard()
    assert answer == Detach(UInt(0), closed=True)
    assert client.say(Disposition(True, UInt(0), None, True, Accepted().described())) == []


def test_a_refused_link_is_answered_with_a_null_end_and_the_reason() -> None:
    client = opened()
    for role, name in ((True, "receiver"), (False, "sender")):
        attach = Attach(name, UInt(4), role, source=Source("work"), target=Target("work"))
        (event,) = client.say(attach)
        event.link.refuse(Error(Symbol("amqp:not-found"), "there is none"))
        answer, detach = client.heard()
        assert (answer.source if role else answer.target) is None
        assert error_of(detach) == Error(Symbol("amqp:not-found"), "there is none")
        assert client.say(Detach(UInt(4), closed=True)) == []


def test_an_error_has_three_fields_always() -> None:
    assert len(Error(Symbol("amqp:not-found")).described().value) == 3


@pytest.mark.parametrize(
    ("body", "condition"),
    [
        (Attach("other", UInt(256), True, source=Source("work")), "amqp:session:handle-in-use"),
        (Transfer(UInt(9), UInt(0), b"1"), "amqp:session:unattached-handle"),
        (Transfer(RECEIVER, UInt(0), b"1"), "amqp:not-allowed"),
    ],
)
def test_a_session_ends_for_what_does_not_belong_to_it(body: Composite, condition: str) -> None:
    client = opened()
    link = attached(client, receives=True)
    client.heard()
    events = client.say(body)
    assert events == [LinkDetached(link)]
    (end,) = client.heard()
    assert error_of(end).condition == condition
    assert client.say(flow(RECEIVER, 1)) == []
    assert client.say(End()) == []
    client.say(Begin(None, UInt(0), UInt(10), UInt(10)))
    assert [type(each) for each in client.heard()] == [Begin]


def test_links_end_with_their_session_and_with_the_connection() -> None:
    client = opened()
    sending, receiving = attached(client, receives=False), attached(client, receives=True)
    assert isinstance(sending, IncomingLink)
    assert isinstance(receiving, OutgoingLink)
    client.heard()
    assert client.say(End()) == [LinkDetached(sending), LinkDetached(receiving)]
    assert client.heard() == [End()]
    client.say(Begin(None, UInt(0), UInt(10), UInt(10)))
    again = attached(client, receives=True)
    client.heard()
    assert client.say(Close()) == [LinkDetached(again), ConnectionEnded()]
    assert client.heard() == [Close()]


def test_a_lost_socket_ends_everything_once() -> None:
    client = opened()
    link = attached(client, receives=True)
    assert client.server.end_of_stream() == [LinkDetached(link), ConnectionEnded()]
    assert client.server.end_of_stream() == []
