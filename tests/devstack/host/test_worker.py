"""What becomes of invocations when the worker child dies, and of the child when the host does."""

import os
from datetime import timedelta

from devstack.clock import StackClock
from tests.devstack.host.running import Queues, RunningHost, wait_until


def test_a_crash_fails_the_invocation_and_a_new_worker_repeats_it(
    host: RunningHost, queues: Queues, clock: StackClock
) -> None:
    before = host.worker_pid()
    queues.send("crashing", "x")
    wait_until(lambda: host.lines("Executed 'Functions.crashing' (Failed", "exit code 3"), "the failure")
    host.wait_for_release("crashing")
    clock.advance(timedelta(seconds=31))
    assert queues.take("crash-survived") == ["2"]
    assert host.worker_pid() != before


def test_a_function_that_exits_fails_alone(host: RunningHost, queues: Queues, clock: StackClock) -> None:
    before = host.worker_pid()
    queues.send("exiting", "x")
    wait_until(lambda: host.lines("Executed 'Functions.exiting' (Failed", "SystemExit: enough"), "the failure")
    host.wait_for_release("exiting")
    clock.advance(timedelta(seconds=31))
    assert queues.take("exit-survived") == [f"2 {before}"]


def test_a_timeout_ends_the_worker_and_fails_what_it_ran(host: RunningHost, queues: Queues, clock: StackClock) -> None:
    before = host.worker_pid()
    queues.send("stuck", "x")
    wait_until(lambda: host.lines("Timeout value of 0:00:02 exceeded by function 'stuck'"), "the timeout")
    host.wait_for_release("stuck")
    assert host.lines("Executed 'Functions.stuck' (Failed")
    clock.advance(timedelta(seconds=31))
    assert queues.take("stuck-survived") == ["2"]
    assert not is_alive(before)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
