"""The commands behind the Makefile: demo, up, down, send, answers, replay, env, run, token, settings."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer

from devstack.certificates import Certificates
from devstack.config import ConfigError, StackConfig, StateFolder
from devstack.environment import azurite, client_environment, functions_settings, own_environment
from devstack.guide import describe
from devstack.interrupt import Interrupted, Parent
from devstack.lock import find_holder
from devstack.people import SignInFailedError, sign_in
from devstack.process import StackError
from devstack.queues import INTAKE, RequesterQueues, read_request
from devstack.services import HOSTS
from devstack.stack import DEFAULT_STATE, REPOSITORY, Stack

_DEMO_REQUEST = REPOSITORY / "examples" / "ticket.json"
_STOP_SECONDS = 60

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, no_args_is_help=True)

State = Annotated[Path, typer.Option(help="The stack's folder: its ports, data and logs.")]
Lag = Annotated[float, typer.Option(min=0, help="Reads of Graph are this many seconds old.")]
Throttle = Annotated[float, typer.Option(min=0, max=1, help="This share of calls is answered 429.")]
SecretDelay = Annotated[float, typer.Option(min=0, help="Seconds until a new secret can sign in.")]
FixedPorts = Annotated[list[str] | None, typer.Option("--port", help="A fixed port, as service=number.")]


@app.command()
def up(
    state: State = DEFAULT_STATE,
    lag: Lag = 0,
    throttle: Throttle = 0,
    secret_delay: SecretDelay = 0,
    port: FixedPorts = None,
    hosts: Annotated[int, typer.Option(min=0, max=len(HOSTS), help="Functions hosts; with 0, bring your own.")] = 1,
) -> None:
    """Start the local stack and keep it running until Ctrl-C."""
    parent = Parent()
    weather = _weather(lag, throttle, secret_delay)
    with Stack.start(state, weather=weather, fixed_ports=_ports(port), hosts=hosts) as stack:
        print(describe(stack.config, stack.state), flush=True)
        # Being asked to end is how this command ends well.
        with suppress(Interrupted):
            while True:
                stack.check()
                parent.check()
                time.sleep(0.5)


@app.command()
def demo(
    state: State = DEFAULT_STATE,
    lag: Lag = 0,
    throttle: Throttle = 0,
    secret_delay: SecretDelay = 0,
    port: FixedPorts = None,
    file: Path = _DEMO_REQUEST,
) -> None:
    """Register an app from a ticket to the note in it, on the running stack or on one of its own.

    `file` is a form as examples/ticket.json, or a request for the queue.
    """
    parent = Parent()
    weather = _weather(lag, throttle, secret_delay)
    holder = find_holder(state)
    if holder and holder.phase == "ready" and not (weather or port):
        environment = own_environment() | client_environment(_running(state), state)
        with _requester(file, environment) as process:
            while process.poll() is None:
                parent.check()
                time.sleep(0.1)
        raise typer.Exit(process.returncode)
    print("starting the local stack", flush=True)
    with (
        Stack.start(state, weather=weather, fixed_ports=_ports(port)) as stack,
        _requester(file, stack.environment()) as process,
    ):
        while process.poll() is None:
            stack.check()
            parent.check()
            time.sleep(0.1)
    raise typer.Exit(process.returncode)


@app.command()
def down(state: State = DEFAULT_STATE) -> None:
    """Stop the stack that is running in the folder, if there is one; return when it has stopped."""
    holder = find_holder(state)
    if holder is None:
        return
    with suppress(ProcessLookupError):
        os.kill(holder.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while find_holder(state):
        if time.monotonic() > deadline:
            raise StackError(f"the stack (process {holder.pid}) did not stop within {_STOP_SECONDS} s")
        time.sleep(0.1)


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


@app.command()
def replay(
    id: Annotated[str, typer.Option(help="One failed operation.")] = "",  # noqa: A002  the option's name
    reason: Annotated[str, typer.Option(help="All operations that failed for this reason.")] = "",
    state: State = DEFAULT_STATE,
) -> None:
    """Have failed requests tried again, once their cause is removed."""
    if bool(id) == bool(reason):
        raise StackError("which requests? make replay ID=<operationId>, or make replay REASON=<reason>")
    functions = f"http://127.0.0.1:{_running(state).ports.functions}/api/operations"
    url = f"{functions}/{quote(id, safe='')}/replay" if id else f"{functions}/replay"
    answer = httpx.post(url, params={"reason": reason} if reason else None, trust_env=False, timeout=60)
    if answer.is_error:
        raise StackError(_problem(answer))
    print(answer.text)


@app.command()
def env(state: State = DEFAULT_STATE) -> None:
    """Print the running stack's environment for your own scripts, as export lines for a shell."""
    for name, value in client_environment(_running(state), state).items():
        print(f"export {name}={shlex.quote(value)}")


@app.command()
def token(who: Annotated[str, typer.Argument()], state: State = DEFAULT_STATE) -> None:
    """Sign in as one of the seeded people (the part of their name before the @); print a token for the registrar."""
    try:
        signed_in = sign_in(_running(state), client_environment(_running(state), state), who)
    except SignInFailedError as failed:
        raise StackError(str(failed)) from None
    print(signed_in["access_token"])


@app.command()
def settings(state: State = DEFAULT_STATE) -> None:
    """Print the running stack's app settings as a local.settings.json for Core Tools."""
    values = functions_settings(_running(state), state)
    print(json.dumps({"IsEncrypted": False, "Values": values}, indent=2))


@app.command(context_settings={"allow_interspersed_args": False})
def run(command: Annotated[list[str], typer.Argument()], state: State = DEFAULT_STATE) -> None:
    """Run a command as the administrator of the running stack; if none is running, in the environment as it is."""
    environment = dict(os.environ)
    if find_holder(state) is not None:
        config = _running(state)
        environment = own_environment() | client_environment(config, state)
        environment["AZURE_CLIENT_ID"] = config.administrator.client_id
        environment["AZURE_CLIENT_SECRET"] = config.administrator.client_secret
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit code. What is wrong is said in one line on standard error."""
    try:
        app(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    except (StackError, ConfigError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Interrupted as interruption:
        return interruption.exit_code
    return 0


@contextmanager
def _requester(file: Path, environment: dict[str, str]) -> Generator[subprocess.Popen[bytes]]:
    """The demo's client as a process of its own: its libraries read the CA when they are imported.

    In a process group of its own too, so that Ctrl-C reaches this process alone, which then ends it.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "devstack.demo", str(file)],
        env=environment | {"PYTHONPATH": str(REPOSITORY)},
        process_group=0,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _problem(answer: httpx.Response) -> str:
    """What a refusal says, in one line: the functions tell it as RFC 9457 has it."""
    if answer.headers.get("Content-Type") != "application/problem+json":
        return f"the functions answered {answer.status_code}; the host's log says why"
    problem = answer.json()
    return " ".join([problem.get("detail", problem["title"]), *(each["message"] for each in problem.get("errors", []))])


def _weather(lag: float, throttle: float, secret_delay: float) -> dict[str, Any]:
    weather = {"lagSeconds": lag, "throttleRate": throttle, "secretActivationSeconds": secret_delay}
    return {name: value for name, value in weather.items() if value}


def _ports(wishes: list[str] | None) -> dict[str, int]:
    ports: dict[str, int] = {}
    for wish in wishes or []:
        service, _, number = wish.partition("=")
        if not number.isdigit() or not 0 < int(number) < 65536:
            raise ConfigError(f"{wish!r} is not a port: write service=number, functions=7071 for example")
        ports[service] = int(number)
    return ports


def _running(state: Path) -> StackConfig:
    holder = find_holder(state)
    if holder is None:
        raise StackError(f"no stack is running in {state}: start one with `make up`")
    if holder.phase != "ready":
        raise StackError(f"the stack in {state} is still starting")
    return StackConfig.load(state)


def _queues(state: Path) -> RequesterQueues:
    authority = Certificates(StateFolder(state).certificates).ca
    return RequesterQueues(azurite(_running(state), state).connection_string(), str(authority))
