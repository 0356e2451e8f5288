"""The timer trigger on the stack clock: schedule, kept status, catch-up, retries, run on start."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from azure.storage.blob import BlobServiceClient

from devstack.azurite import Azurite
from devstack.clock import StackClock
from tests.devstack.host.running import Queues, RunningHost, running_host, wait_until


def to_the_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def test_a_timer_fires_when_the_clock_reaches_its_time(host: RunningHost, queues: Queues, clock: StackClock) -> None:
    queues.take_all("hours")
    due = to_the_hour(clock.now()) + timedelta(hours=1)
    clock.advance(due - clock.now() + timedelta(seconds=1))
    (answer,) = queues.take("hours")
    seen = json.loads(answer)
    assert not seen["pastDue"]
    assert datetime.fromisoformat(seen["next"]) == due
    assert 0 <= seen["now"] - due.timestamp() < 10


def test_several_missed_occurrences_make_one_run(host: RunningHost, queues: Queues, clock: StackClock) -> None:
    queues.take_all("hours")
    clock.advance(timedelta(hours=5))
    queues.take("hours")
    clock.advance(timedelta(hours=1))
    queues.take("hours")


def test_a_timer_is_fired_by_hand(host: RunningHost, queues: Queues) -> None:
    queues.take_all("hours")
    host.fire("hourly")
    (answer,) = queues.take("hours")
    assert json.loads(answer)["next"] is None


def test_a_retry_policy_repeats_a_failed_run(host: RunningHost, queues: Queues, clock: StackClock) -> None:
    clock.advance(timedelta(hours=12, seconds=1))

    def answers() -> list[str]:
        clock.advance(timedelta(seconds=2))  # past the delay between two attempts
        return queues.take_all("flaky-seen")

    assert wait_until(answers, "a run that succeeded")[0] == "2"
    assert len(host.lines("Executed 'Functions.flaky' (Failed")) >= 2


def test_a_restarted_host_catches_up_once_and_keeps_its_status(
    azurite: Azurite, queues: Queues, clock: StackClock, clock_file: Path, life: dict[str, str], port: int
) -> None:
    name = life["NAME"]
    with BlobServiceClient.from_connection_string(azurite.connection_string()) as blobs:
        status = blobs.get_blob_client("azure-webjobs-hosts", f"timers/{name}/Host.Functions.timer/status")
        with running_host("lifecycle", port, clock_file, life) as host:
            (started,) = queues.take(f"{name}-started")
            wait_until(status.exists, "the status")
            assert host.stop() == 0
        first = json.loads(status.download_blob().readall())
        assert first["Last"] == "0001-01-01T00:00:00+00:00"
        clock.advance(timedelta(hours=7))
        with running_host("lifecycle", port, clock_file, life) as host:
            (late,) = queues.take(f"{name}-timer")
            wait_until(lambda: json.loads(status.download_blob().readall()) != first, "the status after the run")
            assert host.lines("UnscheduledInvocationReason: IsPastDue")
            assert host.stop() == 0
        second = json.loads(status.download_blob().readall())
    queues.take_all(f"{name}-started")
    assert queues.take_all(f"{name}-timer") == []
    assert decode(started) == {"pastDue": False, "status": {}}
    assert decode(late) == {"pastDue": True, "next": first["Next"]}
    assert abs(datetime.fromisoformat(second["Last"]) - clock.now()) < timedelta(seconds=20)
    assert datetime.fromisoformat(second["Next"]) > clock.now()
    assert datetime.fromisoformat(second["Next"]).astimezone(UTC).hour % 2 == 0


def decode(message: str) -> object:
    """Messages of this app are in base64; an object was written anew on its way out."""
    return json.loads(base64.b64decode(message))
