"""Shared by the doctor's commands: options, exit codes, errors, and safe printing."""

import logging
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape as escape_markup

from doctor.finding import Finding
from doctor.settings import SettingsError
from shared.policy.policy_file import PolicyError

_BROKEN = 1
INCOMPLETE = 2
"""Exit code where nothing broken was found, but not everything could be read."""

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def make_app(*, no_args_is_help: bool = False) -> typer.Typer:
    """Make a command-line application without commands."""
    return typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, no_args_is_help=no_args_is_help
    )


def run(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Run a command and return its exit code. A settings error is printed as one line."""
    # The credential chain's failed attempts fill pages; each read reports a missing token in one line.
    logging.getLogger("azure.identity").setLevel(logging.CRITICAL)
    try:
        app(arguments)
    except (SettingsError, PolicyError) as error:
        errors().print(f"error: {error}", markup=False)
        return INCOMPLETE
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def exit_code[Kind: StrEnum | None](findings: Iterable[Finding[Kind]], gaps: Sequence[str]) -> int:
    """Return 1 with breaches, 2 when not everything could be read, 0 when all is well, with or without warnings."""
    if any(not each.is_warning for each in findings):
        return _BROKEN
    return INCOMPLETE if gaps else 0


def output() -> Console:
    """Return the console for results."""
    return Console(soft_wrap=True)


def errors() -> Console:
    """Return the console for everything else, so that results can be piped."""
    return Console(stderr=True, soft_wrap=True)


def escape(text: str) -> str:
    """Escape external text: it is neither markup nor a terminal control sequence afterwards."""
    return escape_markup("".join(char if char.isprintable() else ascii(char)[1:-1] for char in text))
