"""What the commands on a stack have in common: their options, the running stack, how a failure is reported."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from devstack.config import ConfigError, StackConfig
from devstack.interrupt import Interrupted
from devstack.lock import find_holder
from devstack.process import StackError

State = Annotated[Path, typer.Option(help="The stack's folder: its ports, data and logs.")]
Lag = Annotated[float, typer.Option(min=0, help="Reads of Graph are this many seconds old.")]
Throttle = Annotated[float, typer.Option(min=0, max=1, help="This share of calls is answered 429.")]
SecretDelay = Annotated[float, typer.Option(min=0, help="Seconds until a new secret can sign in.")]
FixedPorts = Annotated[list[str] | None, typer.Option("--port", help="A fixed port, as service=number.")]

AppSettings = Annotated[list[str] | None, typer.Option("--setting", help="An app setting, as NAME=value.")]


def make_app() -> typer.Typer:
    """A command line whose errors are one line each."""
    return typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, no_args_is_help=True
    )


def run_command(app: Callable[[Sequence[str]], object], arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. What is wrong is said in one line on standard error."""
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


def read_weather(lag: float, throttle: float, secret_delay: float) -> dict[str, Any]:
    """The control plane's weather that the options ask for; empty when they ask for none."""
    weather = {"lagSeconds": lag, "throttleRate": throttle, "secretActivationSeconds": secret_delay}
    return {name: value for name, value in weather.items() if value}


def read_ports(given: Sequence[str] | None) -> dict[str, int]:
    """Ports by service, from `service=number`. Raises ConfigError."""
    ports: dict[str, int] = {}
    for each in given or []:
        service, _, number = each.partition("=")
        if not number.isdigit() or not 0 < int(number) < 65536:
            raise ConfigError(f"{each!r} is not a port: write service=number, functions=7071 for example")
        ports[service] = int(number)
    return ports


def read_settings(given: Sequence[str] | None) -> dict[str, str]:
    """App settings from `NAME=value`. Raises ConfigError."""
    settings: dict[str, str] = {}
    for each in given or []:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise ConfigError(f"{each!r} is not a setting: write NAME=value")
        settings[name] = value
    return settings


def running_stack(state: Path) -> StackConfig:
    """The configuration of the stack that runs in the folder. Raises StackError when none does, or not yet."""
    holder = find_holder(state)
    if holder is None:
        raise StackError(f"no stack is running in {state}: start one with `make up`")
    if holder.phase != "ready":
        raise StackError(f"the stack in {state} is still starting")
    return StackConfig.load(state)
