"""The processes of units, and two from which they and those of their stacks are forked, where the machine can do that.

Two hundred units import the same for a second and a half, and so do their stacks.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from devstack.forked import SETTING
from devstack.process import Process, Service, Watchdog
from tests.chaos.suites import NAMES
from tests.checkout import ROOT
from tests.stacks import running_template, start_template

_IMPORTED = ("tests.chaos.runner", *(f"tests.chaos.{name.replace('-', '_')}" for name in NAMES))


class Processes:
    """Starts units while its `with` block lasts; none outlives it, however it ends."""

    def __init__(self) -> None:
        self._template: Path | None = None
        self._environment = dict(os.environ)
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as closing:
            stacks = closing.enter_context(running_template())
            self._guard = Watchdog()
            closing.callback(self._guard.dismiss)
            if stacks is not None:
                self._environment[SETTING] = str(stacks)
                self._template = start_template(closing, self._guard, stacks.with_name("units"), *_IMPORTED)
            self._closing = closing.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def start(self, arguments: Sequence[str], log: Path) -> Process:
        """Start `python -m tests.chaos` with these arguments."""
        command = [sys.executable, "-m", "tests.chaos", *arguments]
        environment = {"PYTHONPATH": str(ROOT), **self._environment}
        service = Service(" ".join(arguments), command, environment, lambda: True, template=self._template)
        return Process(service, log, self._guard)
