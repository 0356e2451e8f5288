"""Many messages on one link: every one of them, once, in order."""

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage

from tests.contract.servicebus.clients import Bus, Link, from_, take, text
from tests.contract.servicebus.namespace import BusControl

_COUNT = 5_000


@pytest.fixture(scope="module")
def links() -> list[Link]:
    return [Link("large"), from_("large")]


def test_five_thousand_messages_pass_one_link(async_client: Bus, control: BusControl) -> None:
    sender, receiver = async_client.sender("large"), async_client.receiver("large")
    for start in range(0, _COUNT, 500):
        sender.send_messages([ServiceBusMessage(f"{number}") for number in range(start, start + 500)])
    assert control.counts("large") == {"active": _COUNT}
    taken: list[ServiceBusReceivedMessage] = []
    while len(taken) < _COUNT:
        taken += take(receiver, min(1_000, _COUNT - len(taken)))
    assert [text(message) for message in taken] == [f"{number}" for number in range(_COUNT)]
    async_client.complete(receiver, taken)
    assert control.counts("large") == {}
