"""The storage queue trigger and output, against a real Azurite, with waits on the stack clock."""

import json
from datetime import timedelta

from devstack.clock import StackClock
from tests.devstack.host.running import Queues, RunningHost, wait_until


def test_a_message_reaches_the_function_with_its_metadata(host: RunningHost, queues: Queues, clock: StackClock) -> None:
    queues.send("echo", "grüß dich")
    (answer,) = queues.take("echoed")
    seen = json.loads(answer)
    assert seen["body"] == "grüß dich"
    assert seen["dequeueCount"] == 1
    assert seen["popReceipt"]
    assert abs(seen["inserted"] - clock.time()) < 10
    assert abs(seen["now"] - clock.time()) < 10
    assert len(seen["trace"].split("-")) == 4
    wait_until(lambda: queues.count("echo") == 0, "the message's deletion")


def test_members_of_a_json_payload_hide_the_messages_own_fields(host: RunningHost, queues: Queues) -> None:
    queues.send("echo", '{"id": "from-the-payload", "list": [1]}')
    (answer,) = queues.take("echoed")
    assert json.loads(answer)["id"] == "from-the-payload"


def test_the_log_tells_of_an_invocation_in_single_lines_with_its_id(host: RunningHost, queues: Queues) -> None:
    queues.send("echo", "logged")
    (answer,) = queues.take("echoed")
    invocation = json.loads(answer)["invocation"]
    wait_until(lambda: host.lines("Executed 'Functions.echo' (Succeeded", invocation), "the last line")
    assert host.lines("Executing 'Functions.echo' (Reason='New queue message detected on 'echo'.'", invocation)
    assert host.lines("WARNING Function.echo.User", "two\\nlines", invocation)


def test_a_failing_message_is_repeated_after_the_delay_and_ends_on_the_poison_queue(
    host: RunningHost, queues: Queues, clock: StackClock
) -> None:
    queues.send("failing", "bad")
    for attempt in (1, 2):
        host.wait_for_release("failing", attempt)
        assert host.lines("Executed 'Functions.failing' (Failed", f"ValueError: attempt {attempt}")
        assert queues.take_all("failing-poison") == []
        clock.advance(timedelta(seconds=31))
    assert queues.take("failing-poison") == ["bad"]
    assert len(host.lines("Executing 'Functions.failing'")) == 3
    assert queues.take_all("failing-output") == []
    wait_until(lambda: queues.count("failing") == 0, "the message's deletion")


def test_a_poison_queue_has_no_poison_queue(host: RunningHost, queues: Queues, clock: StackClock) -> None:
    queues.send("orphans-poison", "late")
    wait_until(lambda: host.lines("Executed 'Functions.orphans' (Failed"), "the first attempt")
    clock.advance(timedelta(seconds=400))
    assert len(host.lines("Executing 'Functions.orphans'")) == 1
    clock.advance(timedelta(seconds=201))
    assert queues.take("orphans-seen") == ["2"]
    assert queues.take_all("orphans-poison-poison") == []


def test_a_running_message_stays_hidden_while_the_clock_jumps(
    host: RunningHost, queues: Queues, clock: StackClock
) -> None:
    queues.send("long", "work")
    wait_until(lambda: host.lines("Executing 'Functions.long_running'"), "its start")
    clock.advance(timedelta(seconds=601))
    queues.send("echo", "the host has seen the first jump when this is answered")
    queues.take("echoed")
    # More than the 20 minutes it runs: on a busy machine it may have begun after the first jump.
    clock.advance(timedelta(seconds=1300))
    (answer,) = queues.take("long-done")
    assert json.loads(answer)["dequeueCount"] == 1
    assert json.loads(answer)["really"] < 5
    wait_until(lambda: queues.count("long") == 0, "the message's deletion")
    assert len(host.lines("Executing 'Functions.long_running'")) == 1


def test_an_array_is_split_and_an_object_written_anew(host: RunningHost, queues: Queues) -> None:
    queues.send("split", '["a", {"b": 1}]')
    assert set(queues.take("split-out", 2)) == {"a", '{\n  "b": 1\n}'}
    queues.send("split", "just text")
    assert queues.take("split-out") == ["just text"]


def test_an_output_is_named_by_the_payload_and_may_hold_several_messages(host: RunningHost, queues: Queues) -> None:
    queues.send("fan", '{"customer": "Contoso"}')
    assert sorted(queues.take("to-contoso", 2)) == ["one", "two"]


def test_no_more_run_at_once_than_batch_and_threshold_allow(host: RunningHost, queues: Queues) -> None:
    queues.send("crowd", *map(str, range(18)))
    seen = [int(answer) for answer in queues.take("crowd-seen", 18)]
    assert 4 <= max(seen) <= 6


def test_a_disabled_function_does_not_listen(host: RunningHost, queues: Queues) -> None:
    queues.send("off", "x")
    queues.send("echo", "a later message")
    queues.take("echoed")
    assert queues.count("off") == 1
    assert host.lines("Function 'off' is disabled")


def test_nothing_runs_twice_however_often_the_clock_jumps(host: RunningHost, queues: Queues, clock: StackClock) -> None:
    queues.send("jumpy", *map(str, range(30)))
    done: list[str] = []

    def jump() -> bool:
        clock.advance(timedelta(seconds=601))
        done.extend(queues.take_all("jumpy-done"))
        return len(done) >= 30

    wait_until(jump, "30 answers")
    wait_until(lambda: queues.count("jumpy") == 0, "the deletion of all messages")
    assert sorted(done, key=int) == [str(number) for number in range(30)]
