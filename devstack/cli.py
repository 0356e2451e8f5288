"""The commands of the stack itself: up, down, env, run, token, settings."""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

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
from devstack.environment import client_environment, functions_settings, own_environment
from devstack.guide import describe
from devstack.interrupt import Interrupted, Parent
from devstack.lock import find_holder
from devstack.process import StackError
from devstack.services import HOSTS
from devstack.sign_in import SignInFailedError, sign_in
from devstack.stack import DEFAULT_STATE, Stack

_STOP_SECONDS = 60

app = make_app()


@app.command()
def up(
    state: State = DEFAULT_STATE,
    lag: Lag = 0,
    throttle: Throttle = 0,
    secret_delay: SecretDelay = 0,
    port: FixedPorts = None,
    setting: AppSettings = None,
    hosts: Annotated[int, typer.Option(min=0, max=len(HOSTS), help="Functions hosts; with 0, bring your own.")] = 1,
) -> None:
    """Start the local stack and keep it running until Ctrl-C."""
    parent = Parent()
    weather = read_weather(lag, throttle, secret_delay)
    with Stack.start(
        state, weather=weather, fixed_ports=read_ports(port), settings=read_settings(setting), hosts=hosts
    ) as stack:
        print(describe(stack.config, stack.state), flush=True)
        # Being asked to end is how this command ends well.
        with suppress(Interrupted):
            while True:
                stack.check()
                parent.check()
                time.sleep(0.5)


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
def env(state: State = DEFAULT_STATE) -> None:
    """Print the running stack's environment for your own scripts, as export lines for a shell."""
    for name, value in client_environment(running_stack(state), state).items():
        print(f"export {name}={shlex.quote(value)}")


@app.command()
def token(who: Annotated[str, typer.Argument()], state: State = DEFAULT_STATE) -> None:
    """Sign in as one of the tenant's people (the part of their name before the @); print a token for the app's API."""
    try:
        signed_in = sign_in(running_stack(state), client_environment(running_stack(state), state), who)
    except SignInFailedError as failed:
        raise StackError(str(failed)) from None
    print(signed_in["access_token"])


@app.command()
def settings(state: State = DEFAULT_STATE) -> None:
    """Print the running stack's app settings as a local.settings.json for Core Tools."""
    values = functions_settings(running_stack(state), state)
    print(json.dumps({"IsEncrypted": False, "Values": values}, indent=2))


@app.command(context_settings={"allow_interspersed_args": False})
def run(command: Annotated[list[str], typer.Argument()], state: State = DEFAULT_STATE) -> None:
    """Run a command as the administrator of the running stack; if none is running, in the environment as it is."""
    environment = dict(os.environ)
    if find_holder(state) is not None:
        config = running_stack(state)
        environment = own_environment() | client_environment(config, state)
        environment["AZURE_CLIENT_ID"] = config.administrator.client_id
        environment["AZURE_CLIENT_SECRET"] = config.administrator.client_secret
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    return run_command(app, arguments)
