"""The client of a namespace by connection string, over plain TCP as Microsoft's emulator has it."""

import asyncio
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusMessage

from shared.adapters.servicebus.client import connect_by_string
from tests.devstack.host.running_bus import Bus, running_bus


async def _there_and_back(bus: Bus) -> list[str]:
    async with connect_by_string(bus.connection_string) as client:
        async with client.get_queue_sender("work") as sender:
            await sender.send_messages(ServiceBusMessage("hello"))
        async with client.get_queue_receiver("work") as receiver:
            received = await receiver.receive_messages(1, max_wait_time=5)
            for message in received:
                await receiver.complete_message(message)
    return [str(message) for message in received]


def test_a_connection_string_of_the_emulators_kind_leads_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")  # of no use here, and gone around
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    with running_bus(tmp_path / "clock", {"queues": {"work": {}}}) as bus:
        assert asyncio.run(_there_and_back(bus)) == ["hello"]
        assert bus.is_empty("work")


def test_what_is_no_connection_string_is_refused() -> None:
    with pytest.raises(ValueError, match="Connection string"):
        connect_by_string("contoso.servicebus.windows.net")
