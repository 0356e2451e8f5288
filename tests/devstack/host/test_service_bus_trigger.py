"""The Service Bus trigger against the double of the broker, with locks on the stack clock."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devstack.clock import StackClock
from tests.devstack.host.running import Queues, RunningHost, host_command, running_host, wait_until
from tests.devstack.host.running_bus import Bus, running_bus
from tests.devstack.running_azurite import free_ports

_ENTITIES: dict[str, Any] = {
    "queues": {
        **{name: {} for name in ("bytes", "text", "crowd", "kept", "long", "buried", "many")},
        "failing": {"maxDeliveryCount": 3},
        "sessions": {"requiresSession": True},
        "long-sessions": {"requiresSession": True},
        "life": {},
        "life-sessions": {"requiresSession": True},
    },
    "topics": {
        "topic-news": {
            "subscriptions": {
                "sport": {"rules": {"sport": {"sqlFilter": "sys.Label = 'sport'"}}},
                "by-session": {"requiresSession": True, "rules": {"order": {"sqlFilter": "sys.Label = 'order'"}}},
            }
        }
    },
}


@pytest.fixture(scope="module")
def bus(clock_file: Path) -> Iterator[Bus]:
    with running_bus(clock_file, _ENTITIES) as one:
        yield one


@pytest.fixture(scope="module")
def bus_settings(settings: dict[str, str], bus: Bus) -> dict[str, str]:
    return settings | {"Bus": bus.connection_string, "AzureFunctionsWebHost__hostid": "bus"}


@pytest.fixture(scope="module", autouse=True)
def bus_host(bus_settings: dict[str, str], clock_file: Path) -> Iterator[RunningHost]:
    with running_host("bus", free_ports(1)[0], clock_file, bus_settings) as one:
        yield one


def _take(queues: Queues, name: str, count: int = 1) -> list[dict[str, Any]]:
    return [json.loads(answer) for answer in queues.take(name, count)]


def _advance_to_a_renewal(bus: Bus, queue: str, clock: StackClock) -> None:
    before = bus.locked_until(queue)
    clock.advance(timedelta(seconds=51))
    wait_until(lambda: bus.locked_until(queue) > before, "a renewal")


def test_a_message_arrives_with_its_metadata_and_is_completed(bus: Bus, queues: Queues, clock: StackClock) -> None:
    bus.send("bytes", "grüß dich", message_id="m-1", subject="greeting", application_properties={"n": 1, "none": None})
    (seen,) = _take(queues, "bus-seen")
    assert (seen["body"], seen["id"], seen["subject"]) == ("grüß dich", "m-1", "greeting")
    assert seen["properties"] == {"n": 1, "none": None}
    assert seen["number"] == 1
    enqueued = datetime.fromisoformat(seen["enqueued"])
    assert enqueued.tzinfo is None  # as the extension sends it
    assert abs(enqueued - clock.now().replace(tzinfo=None)) < timedelta(seconds=10)
    assert datetime.fromisoformat(seen["metadata"]["EnqueuedTime"]).tzinfo is not None
    assert seen["delivery"] == 1
    bus.wait_until_empty("bytes")
    assert bus.is_empty("bytes/$DeadLetterQueue")


def test_members_of_a_payload_hide_nothing_from_a_function_that_takes_bytes(bus: Bus, queues: Queues) -> None:
    bus.send("bytes", '{"MessageId": "from-the-payload", "EnqueuedTimeUtc": "x"}', message_id="m-2")
    (seen,) = _take(queues, "bus-seen")
    assert seen["id"] == "m-2"


def test_members_of_a_payload_hide_fields_from_a_function_that_takes_text(bus: Bus, queues: Queues) -> None:
    bus.send("text", '{"messageid": "from-the-payload"}', message_id="m-3")
    (seen,) = _take(queues, "bus-text-from-the-payload")
    assert seen["id"] == "from-the-payload"


def test_bytes_that_are_no_text_arrive_unchanged(bus: Bus, queues: Queues) -> None:
    bus.send("bytes", b"\xff\x00")
    (seen,) = _take(queues, "bus-seen")
    assert seen["body"] == "\ufffd\x00"


def test_a_subscription_gets_what_its_filter_lets_in(bus: Bus, queues: Queues) -> None:
    bus.send("topic-news", "rain", subject="weather")
    bus.send("topic-news", "goal", subject="sport")
    (seen,) = _take(queues, "bus-sport")
    assert seen["body"] == "goal"
    wait_until(lambda: bus.is_empty("topic-news/Subscriptions/sport"), "its completion")


def test_a_failing_message_comes_back_at_once_and_becomes_a_dead_letter(
    bus: Bus, bus_host: RunningHost, queues: Queues
) -> None:
    bus.send("failing", "bad", message_id="m-4")
    (dead,) = bus.dead_letters("failing")  # the clock stands: nothing was waited for on it
    assert (dead.message_id, dead.dead_letter_reason) == ("m-4", "MaxDeliveryCountExceeded")
    wait_until(lambda: len(bus_host.lines("Executed 'Functions.failing' (Failed")) == 3, "three attempts")
    assert [len(bus_host.lines(f"ValueError: attempt {number}", "Executed")) for number in (1, 2, 3)] == [1, 1, 1]
    assert bus.is_empty("failing")
    assert queues.take_all("bus-failing") == []


def test_dead_letters_are_a_queue_of_their_own(bus: Bus, queues: Queues) -> None:
    bus.send("buried", "unread")
    with bus.client.get_queue_receiver("buried") as receiver:
        (message,) = receiver.receive_messages(1, max_wait_time=5)
        receiver.dead_letter_message(message, reason="Damaged", error_description="cannot be read")
    (seen,) = _take(queues, "bus-buried")
    assert seen["body"] == "unread"
    assert seen["properties"]["DeadLetterReason"] == "Damaged"
    bus.wait_until_empty("buried/$DeadLetterQueue")


def test_no_more_run_at_once_than_host_json_allows(bus: Bus, queues: Queues) -> None:
    bus.send("crowd", *map(str, range(12)))
    assert max(int(answer) for answer in queues.take("bus-crowd", 12)) == 3


def test_without_completing_a_message_stays_locked_and_comes_back(bus: Bus, queues: Queues, clock: StackClock) -> None:
    bus.send("kept", "again")
    (first,) = _take(queues, "bus-kept")
    assert first["delivery"] == 1
    assert bus.locked_until("kept") > clock.time() * 1000
    clock.advance(timedelta(seconds=61))
    (second,) = _take(queues, "bus-kept")
    assert (second["number"], second["delivery"]) == (first["number"], 2)


def test_a_lock_is_renewed_for_as_long_as_the_function_runs(
    bus: Bus, bus_host: RunningHost, queues: Queues, clock: StackClock
) -> None:
    bus.send("long", "100")
    wait_until(lambda: bus.locked_until("long"), "its start")
    _advance_to_a_renewal(bus, "long", clock)
    clock.advance(timedelta(seconds=51))
    (seen,) = _take(queues, "bus-long")
    assert seen["delivery"] == 1
    bus.wait_until_empty("long")
    assert len(bus_host.lines("Executing 'Functions.long_running'")) == 1


def test_a_lock_is_not_renewed_for_longer_than_host_json_says(
    bus: Bus, bus_host: RunningHost, queues: Queues, clock: StackClock
) -> None:
    started = len(bus_host.lines("Executing 'Functions.long_running'"))
    bus.send("long", "240")
    wait_until(lambda: bus.locked_until("long"), "its start")
    for _ in range(3):  # to 153 s
        _advance_to_a_renewal(bus, "long", clock)
    clock.advance(timedelta(seconds=51))  # to 204 s, where there would be another one, if it were not later than 180 s
    for _ in range(2):
        bus.send("bytes", "the host has seen the clock when this is answered")
        queues.take("bus-seen")
    clock.advance(timedelta(seconds=11))
    (second,) = _take(queues, "bus-long")  # it ends at once
    assert second["delivery"] == 2
    bus.wait_until_empty("long")
    clock.advance(timedelta(seconds=26))
    (first,) = _take(queues, "bus-long")  # what it did counts, but its lock is lost
    assert first["delivery"] == 1
    wait_until(lambda: bus_host.lines("on 'long' could not be settled"), "the refusal")
    assert len(bus_host.lines("Executing 'Functions.long_running'")) == started + 2


def test_sessions_are_served_side_by_side_and_each_in_order(bus: Bus, queues: Queues) -> None:
    for session in ("a", "b", "c"):
        bus.send("sessions", "1", "2", "3", session_id=session)
    seen = sorted(_take(queues, "bus-sessions", 9), key=lambda one: one["began"])
    for session in ("a", "b", "c"):
        assert [one["body"] for one in seen if one["session"] == session] == ["1", "2", "3"]
    assert max(one["inThis"] for one in seen) == 1
    assert max(one["atOnce"] for one in seen) == 2  # maxConcurrentSessions
    bus.wait_until_empty("sessions")


def test_a_failing_message_holds_up_its_session(bus: Bus, queues: Queues) -> None:
    bus.send("sessions", "bad", "after", session_id="d")
    seen = sorted(_take(queues, "bus-sessions", 2), key=lambda one: one["began"])
    assert [(one["body"], one["delivery"]) for one in seen] == [("bad", 2), ("after", 1)]


def test_the_lock_of_a_session_is_renewed(bus: Bus, bus_host: RunningHost, queues: Queues, clock: StackClock) -> None:
    bus.send("long-sessions", "100", session_id="e")
    wait_until(lambda: bus_host.lines("Executing 'Functions.long_session'"), "its start")
    first = bus.session_locked_until("long-sessions", "e")
    clock.advance(timedelta(seconds=51))
    wait_until(lambda: bus.session_locked_until("long-sessions", "e") > first, "a renewal")
    clock.advance(timedelta(seconds=51))
    (seen,) = _take(queues, "bus-long-sessions")
    assert (seen["session"], seen["delivery"]) == ("e", 1)
    bus.wait_until_empty("long-sessions")
    assert len(bus_host.lines("Executing 'Functions.long_session'")) == 1


def test_a_subscription_with_sessions(bus: Bus, queues: Queues) -> None:
    bus.send("topic-news", "1", "2", subject="order", session_id="f")
    assert sorted(one["body"] for one in _take(queues, "bus-by-session", 2)) == ["1", "2"]


def test_a_trigger_for_many_messages_is_refused_and_the_others_run(bus_host: RunningHost) -> None:
    assert bus_host.lines("many", "one Service Bus message per call")


def test_what_is_running_is_finished_and_nothing_begins_after_a_stop(
    bus: Bus, queues: Queues, bus_settings: dict[str, str], clock_file: Path
) -> None:
    with running_host("bus-life", free_ports(1)[0], clock_file, bus_settings) as host:
        bus.send("life", "running")
        wait_until(lambda: host.lines("Executing 'Functions.slow'"), "its start")
        assert host.stop(signal.SIGTERM) == 0
    assert queues.take("bus-life") == ["running"]
    bus.send("life", "left")
    assert bus.counts("life")["active"] == 1
    with bus.client.get_queue_receiver("life") as receiver:
        receiver.complete_message(receiver.receive_messages(1, max_wait_time=5)[0])


@pytest.mark.thorough
def test_drain_works_off_queues_and_sessions(
    bus: Bus, queues: Queues, bus_settings: dict[str, str], clock_file: Path
) -> None:
    bus.send("life", "queued")
    for session in ("a", "b"):
        bus.send("life-sessions", "1", "2", session_id=session)
    command = host_command("bus-life", 0, clock_file, "--drain")
    assert subprocess.run(command, env={**os.environ, **bus_settings}, timeout=30, check=False).returncode == 0
    assert sorted(queues.take_all("bus-life")) == ["a1", "a2", "b1", "b2", "queued"]
    assert bus.is_empty("life")
    assert bus.is_empty("life-sessions")
