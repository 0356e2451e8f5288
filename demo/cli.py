"""The commands of the app's users on a local stack: show, send, answers."""

import json
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from demo.queues import INTAKE, Requester, read_request
from demo.requester import requester
from devstack.command import (
    AppSettings,
    FixedPorts,
    Lag,
    SecretDelay,
    State,
    Throttle,
    make_app,
    read_ports,
    read_settings,
    read_weather,
    run_command,
    running_stack,
)
from devstack.environment import client_environment, own_environment
from devstack.interrupt import Parent
from devstack.lock import find_holder
from devstack.process import StackError
from devstack.project import REPOSITORY
from devstack.stack import DEFAULT_STATE, Stack

_REQUEST = REPOSITORY / "examples" / "ticket.json"

app = make_app()


@app.command()
def show(
    state: State = DEFAULT_STATE,
    lag: Lag = 0,
    throttle: Throttle = 0,
    secret_delay: SecretDelay = 0,
    port: FixedPorts = None,
    setting: AppSettings = None,
    file: Path = _REQUEST,
) -> None:
    """Register an app from a ticket to the note in it, on the running stack or on one of its own.

    `file` is a form as examples/ticket.json, or a request for the queue.
    """
    parent = Parent()
    weather = read_weather(lag, throttle, secret_delay)
    holder = find_holder(state)
    if holder and holder.phase == "ready" and not (weather or port):
        environment = own_environment() | client_environment(running_stack(state), state)
        with _requester(file, environment) as process:
            while process.poll() is None:
                parent.check()
                time.sleep(0.1)
        raise typer.Exit(process.returncode)
    print("starting the local stack", flush=True)
    with (
        Stack.start(state, weather=weather, fixed_ports=read_ports(port), settings=read_settings(setting)) as stack,
        _requester(file, stack.environment()) as process,
    ):
        while process.poll() is None:
            stack.check()
            parent.check()
            time.sleep(0.1)
    raise typer.Exit(process.returncode)


@app.command()
def send(file: Annotated[str, typer.Argument()] = "", state: State = DEFAULT_STATE) -> None:
    """Put a file, as it is, on the running stack's intake queue."""
    if not file:
        raise StackError("which file? make send FILE=examples/azure-digital-twins.json")
    body = read_request(Path(file))
    _queues(state).send(body)
    print(f"sent {len(body)} bytes to {INTAKE}")


@app.command()
def answers(state: State = DEFAULT_STATE) -> None:
    """Show the answers that wait on the results queue, and leave them there."""
    for event in _queues(state).peek_answers():
        print(json.dumps(event, indent=2))


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    return run_command(app, arguments)


@contextmanager
def _requester(file: Path, environment: dict[str, str]) -> Generator[subprocess.Popen[bytes]]:
    """The demo's client as a process of its own: its libraries read the CA when they are imported.

    In a process group of its own too, so that Ctrl-C reaches this process alone, which then ends it.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "demo.client", str(file)],
        env=environment | {"PYTHONPATH": str(REPOSITORY)},
        process_group=0,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _queues(state: Path) -> Requester:
    """The requester's side of whichever broker the running stack has."""
    return requester(client_environment(running_stack(state), state))
