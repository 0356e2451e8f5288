"""The processes of units, and two from which they and those of their stacks are forked, where the machine can do that.

Two hundred units import the same for a second and a half, and so do their stacks.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from devstack.forked import SETTING, is_possible
from devstack.process import Process, Service, Watchdog
from tests.chaos.suites import NAMES
from tests.checkout import ROOT, SCRATCH
from tests.stacks import start_template

_IMPORTED = ("tests.chaos.runner", *(f"tests.chaos.{name.replace('-', '_')}" for name in NAMES))


class Processes:
    """Starts units while its `with` block lasts; none outlives it, however it ends."""

    def __init__(self) -> None:
        self._template: Path | None = None
        self._environment = dict(os.environ)
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        # In the checkout: a stack takes no other checkout's template.
        SCRATCH.mkdir(exist_ok=True)
        with ExitStack() as closing:
            folder = Path(closing.enter_context(TemporaryDirectory(dir=SCRATCH, prefix="run-")))
            self._guard = Watchdog()
            closing.callback(self._guard.dismiss)
            if is_possible(folder / "stacks"):
                self._environment[SETTING] = str(start_template(closing, self._guard, folder / "stacks"))
                self._template = start_template(closing, self._guard, folder / "units", *_IMPORTED)
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
