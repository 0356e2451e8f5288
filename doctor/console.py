"""Shared by the doctor's commands: exit codes and errors; options and safe printing are those of all operators."""

import logging
from collections.abc import Iterable, Sequence
from enum import StrEnum

import typer

from doctor.finding import Finding
from queues.console import AsJson, errors, escape, make_app, output
from queues.settings import SettingsError
from shared.policy.policy_file import PolicyError

__all__ = ["INCOMPLETE", "AsJson", "errors", "escape", "exit_code", "make_app", "output", "run"]

_BROKEN = 1
INCOMPLETE = 2
"""Exit code where nothing broken was found, but not everything could be read."""


def run(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Run a command and return its exit code. A settings error is printed as one line."""
    # Failed attempts of the credential chain and of Service Bus fill pages; each read reports a failure in one line.
    for library in ("azure.identity", "azure.servicebus"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
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
