"""Shared by the operators' commands: options, and safe printing."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape as escape_markup

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def make_app(*, no_args_is_help: bool = False) -> typer.Typer:
    """Make a command-line application without commands."""
    return typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, no_args_is_help=no_args_is_help
    )


def output() -> Console:
    """Return the console for results."""
    return Console(soft_wrap=True)


def errors() -> Console:
    """Return the console for everything else, so that results can be piped."""
    return Console(stderr=True, soft_wrap=True)


def printable(text: str) -> str:
    """Return external text without terminal control sequences."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def escape(text: str) -> str:
    """Escape external text: it is neither markup nor a terminal control sequence afterwards."""
    return escape_markup(printable(text))
