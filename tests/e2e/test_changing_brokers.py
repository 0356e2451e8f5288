"""A deployment changes its broker with half of a backlog on each side: nothing is lost, and nothing is done twice."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueServiceClient

from tests.e2e.driver import Driver, eventually, request
from tests.policies import opened_settings
from tests.stacks import start_stack

pytestmark = [pytest.mark.e2e, pytest.mark.thorough]

ROOT = Path(__file__).parents[2]
KEPT = "app-registrations-poison"


def queues(driver: Driver, *arguments: str) -> tuple[int, str]:
    """Run the operators' command as make does; exit code and what it says."""
    command = [sys.executable, "-m", "devstack", "run", "--state", str(driver.stack.state), "--"]
    command += [sys.executable, "-m", "queues", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def kept(driver: Driver) -> list[dict[str, Any]]:
    """What the list of kept failures says."""
    code, text = queues(driver, "kept", "list", "--json")
    assert code == 0, text
    told = json.loads(text)
    assert told["notShown"] is None
    return told["messages"]


def left_on_storage(driver: Driver) -> dict[str, int]:
    """How many messages each storage queue holds, delayed ones, too."""
    with storage(driver) as service:
        counts = {
            queue.name: service.get_queue_client(queue.name).get_queue_properties().approximate_message_count or 0
            for queue in service.list_queues()
        }
    return {name: count for name, count in counts.items() if count}


def left_on_bus(driver: Driver) -> dict[str, int]:
    """The same of the namespace's queues and subscriptions."""
    counts: dict[str, dict[str, int]] = driver.control("GET", "/bus")
    return {name: sum(states.values()) for name, states in counts.items() if sum(states.values())}


def failed_and_kept(driver: Driver, request_id: str, unique_name: str) -> str:
    """Have a request fail at its deadline; the operation's id."""
    driver.weather(secretActivationSeconds=40 * 3600)
    driver.send(request(request_id, unique_name))
    eventually(lambda: driver.stored_or_none(unique_name), "the secret to be stored")
    driver.advance(25 * 3600)
    failed = driver.answer(request_id, moving_clock=True)
    assert failed["data"]["status"] == "failed"
    driver.weather()
    driver.advance(20 * 3600)
    # The inbox only hides what it has read.
    with storage(driver) as service:
        service.get_queue_client("app-registration-results").clear_messages()
    return failed["data"]["operationId"]


def storage(driver: Driver) -> QueueServiceClient:
    """The queues of the stack's storage account."""
    connection_string = driver.environment["AZURE_STORAGE_CONNECTION_STRING"]
    return QueueServiceClient.from_connection_string(connection_string, use_env_settings=False)


def move_all(driver: Driver, source: str, target: str) -> None:
    """Move until nothing is left, as the page says; what is delayed becomes visible as time passes."""
    text = ""
    for _ in range(20):
        code, text = queues(driver, "move", "--from", source, "--to", target)
        if code == 0:
            return
        assert code == 1, text
        driver.advance(120)
    raise AssertionError(text)


def test_half_a_backlog_on_each_side(tmp_path: Path) -> None:
    settings = opened_settings(tmp_path)
    state = tmp_path / "stack"
    names = [f"move-{number}" for number in range(6)]
    asked = {f"MOVE-{number}": request(f"MOVE-{number}", name) for number, name in enumerate(names)}

    with start_stack(state, settings=settings, forked=True) as stack:
        before = Driver(stack)
        operation_id = failed_and_kept(before, "MOVE-FAILED", "move-failed")
        # One is answered, and nobody has fetched the answer yet.
        before.send(asked["MOVE-0"])
        eventually(lambda: before.stored_or_none("move-0"), "the first app's secret")
        eventually(lambda: left_on_storage(before).get("app-registration-results"), "the first answer")
        # One waits, with a delayed message.
        before.weather(secretActivationSeconds=600)
        before.send(asked["MOVE-1"])
        eventually(lambda: before.stored_or_none("move-1"), "the second app's secret")
        eventually(lambda: left_on_storage(before).get("app-registration-work"), "the delayed message")
        stack.halt("host")
        for request_id in ("MOVE-2", "MOVE-3"):
            before.send(asked[request_id])
        held = left_on_storage(before)
        assert (held["app-registrations"], held[KEPT], held["app-registration-work"]) == (2, 1, 1)

    with start_stack(state, settings=settings | {"MESSAGE_BROKER": "servicebus"}, forked=True) as stack:
        after = Driver(stack, before.inbox)
        # A sender that has no answer yet sends again, on the new broker; others are new.
        for request_id in ("MOVE-3", "MOVE-4", "MOVE-5"):
            after.send(asked[request_id])
        code, text = queues(after, "move", "--from", "storage", "--to", "servicebus")
        assert code in (0, 1), text
        assert "app-registrations: 2 moved, 0 left" in text
        assert f"{KEPT}: 1 moved, 0 left" in text
        assert left_on_bus(after)[KEPT] == 1
        after.weather()
        after.advance(900)  # what waits for its secret goes on, though its message is still on storage
        for request_id in asked:
            answer = after.answer(request_id, moving_clock=True, within=90)
            assert answer["data"]["status"] == "completed", answer
        move_all(after, "storage", "servicebus")
        assert left_on_storage(after) == {}

        # The failure came along, into the session of its operation: it is replayed, and kept no longer.
        assert [each["operationId"] for each in kept(after)] == [operation_id]
        code, text = queues(after, "kept", "replay", operation_id)
        assert code == 0, text
        assert json.loads(text) == {"operationId": operation_id, "generation": 2}
        assert after.answer("MOVE-FAILED", moving_clock=True, within=90)["data"]["status"] == "completed"
        assert KEPT not in left_on_bus(after)

        after.inbox.drain(after.environment)
        for request_id, body in asked.items():
            assert len({answer["id"] for answer in after.inbox.to_request(request_id)}) == 1
            assert len(after.applications(body["application"]["uniqueName"])) == 1
        assert len(after.applications("move-failed")) == 1
