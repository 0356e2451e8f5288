"""The namespace over TCP without TLS, for who has no proxy: the same broker on another port."""

import pytest
from azure.servicebus import ServiceBusMessage

from tests.contract.servicebus.clients import Loop, take, tcp_bus, text
from tests.contract.servicebus.namespace import BusControl
from tests.devstack.doubles.local import Local


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_message_passes(local: Local, control: BusControl, loop: Loop, kind: str) -> None:
    bus = tcp_bus(local.config, local.config.administrator, loop if kind == "async" else None)
    try:
        bus.sender("plain").send_messages(ServiceBusMessage("x" * 100_000))
        receiver = bus.receiver("plain")
        (message,) = take(receiver, 1)
        assert text(message) == "x" * 100_000
        assert control.counts("plain") == {"active": 1}
        receiver.complete_message(message)
        assert control.counts("plain") == {}
    finally:
        bus.close()
