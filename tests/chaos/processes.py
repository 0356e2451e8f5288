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
from devstack.services import describe_template
from tests.chaos.record import FOLDER, ROOT
from tests.chaos.suites import NAMES

_IMPORTED = ("tests.chaos.runner", *(f"tests.chaos.{name.replace('-', '_')}" for name in NAMES))


class Processes:
    """Starts units while its `with` block lasts; none outlives it, however it ends."""

    def __init__(self) -> None:
        self._template: Path | None = None
        self._environment = dict(os.environ)
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        # In the checkout, for a stack takes no template but of its own.
        FOLDER.mkdir(exist_ok=True)
        with ExitStack() as closing:
            folder = Path(closing.enter_context(TemporaryDirectory(dir=FOLDER, prefix="run-")))
            self._guard = Watchdog()
            closing.callback(self._guard.dismiss)
            if is_possible(folder / "stacks"):
                self._environment[SETTING] = str(self._start_template(closing, folder / "stacks"))
                self._template = self._start_template(closing, folder / "units", *_IMPORTED)
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

    def _start_template(self, closing: ExitStack, socket: Path, *preload: str) -> Path:
        process = Process(describe_template(socket, *preload), socket.with_suffix(".log"), self._guard)
        closing.callback(process.stop)
        process.wait_until_ready()
        return socket
