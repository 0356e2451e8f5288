"""What outlives the doubles' process: it is killed, and starts again on the same files."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue

from devstack.config import StackConfig
from devstack.ports import PortReservations
from tests.contract.servicebus.clients import Bus, Link, from_, take, tcp_bus, text
from tests.contract.servicebus.namespace import write_entities
from tests.devstack.doubles.local import Local
from tests.devstack.doubles.test_process import start

_DEAD, _BURIED = ServiceBusSubQueue.DEAD_LETTER, "plain/$DeadLetterQueue"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[StackConfig]:
    """A stack of its own, and the environment that leads to it."""
    ports = PortReservations()
    config = StackConfig.prepare(tmp_path, take_port=ports.take, bus_entities=write_entities(tmp_path))
    for name, value in Local(tmp_path, config, cast("Any", None)).environment.items():
        monkeypatch.setenv(name, value)
    yield config
    ports.release()


@contextmanager
def running(state: Path, config: StackConfig) -> Generator[Bus]:
    """A client of the process, which is killed in the end: nobody asks before a crash."""
    process = start(state, config)
    try:
        bus = tcp_bus(config, config.administrator, None)
        bus.open([Link("plain"), from_("plain"), from_("plain", sub_queue=_DEAD)])
        yield bus
    finally:
        process.kill()
        process.wait()
    bus.close()


def counts(config: StackConfig, entity: str) -> dict[str, int]:
    """How many messages an entity holds, by state."""
    found = httpx.get(f"http://127.0.0.1:{config.ports.control}/bus", trust_env=False).raise_for_status().json()
    return {state: count for state, count in found[entity].items() if count}


def test_messages_survive_a_restart(tmp_path: Path, config: StackConfig) -> None:
    with running(tmp_path, config) as bus:
        sender, receiver = bus.sender("plain"), bus.receiver("plain")
        sender.send_messages([ServiceBusMessage(body) for body in ("dead", "deferred", "done", "held", "ready")])
        dead, deferred, done, held = take(receiver, 4)
        receiver.dead_letter_message(dead, reason="bad")
        receiver.defer_message(deferred)
        receiver.complete_message(done)
        (scheduled,) = sender.schedule_messages(ServiceBusMessage("later"), datetime.now(UTC) + timedelta(hours=1))
        before = counts(config, "plain"), counts(config, _BURIED)
        assert before == ({"active": 2, "deferred": 1, "scheduled": 1}, {"active": 1})
    with running(tmp_path, config) as bus:
        assert (counts(config, "plain"), counts(config, _BURIED)) == before
        sender, receiver = bus.sender("plain"), bus.receiver("plain")
        first, second = take(receiver, 2)  # a restart ends locks
        assert [(text(message), message.sequence_number) for message in (first, second)] == [
            ("held", held.sequence_number),
            ("ready", (held.sequence_number or 0) + 1),
        ]
        (fetched,) = receiver.receive_deferred_messages(deferred.sequence_number or 0)
        assert text(fetched) == "deferred"
        (buried,) = take(bus.receiver("plain", sub_queue=_DEAD), 1)
        assert (text(buried), buried.dead_letter_reason, buried.sequence_number) == (
            "dead",
            "bad",
            dead.sequence_number,
        )
        sender.send_messages(ServiceBusMessage("new"))
        (new,) = take(receiver, 1)
        assert (new.sequence_number or 0) > scheduled
        sender.cancel_scheduled_messages(scheduled)
        assert counts(config, "plain") == {"active": 3, "deferred": 1}
