"""How tests start local stacks: at a quiet time of day, and forked from a process that has imported what they need."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from devstack.forked import SETTING, is_possible
from devstack.process import Process, Watchdog
from devstack.services import describe_template
from devstack.stack import Stack
from tests.checkout import SCRATCH

QUIET_TIME = time(8, 11)
"""The nightly timers and those of this hour have fired: the next one is due in 54 minutes of stack time."""

start_stack = partial(Stack.start, starts_at=QUIET_TIME)
"""Start a stack as `Stack.start` does, at the quiet time. Raises StackError or ConfigError when it cannot run."""


def start_template(closing: ExitStack, guard: Watchdog, socket: Path, *preload: str) -> Path:
    """Start a process that forks others, until `closing` ends it; `preload` is what it imports besides."""
    process = Process(describe_template(socket, *preload), socket.with_suffix(".log"), guard)
    closing.callback(process.stop)
    process.wait_until_ready()
    return socket


@contextmanager
def running_template() -> Generator[Path | None]:
    """Run a template that many stacks can share; None where the machine cannot fork them.

    Importing what doubles, host and worker need takes seconds of a core for each stack.
    """
    with ExitStack() as closing:
        # In the checkout: a stack takes no other checkout's template.
        SCRATCH.mkdir(exist_ok=True)
        socket = Path(closing.enter_context(TemporaryDirectory(dir=SCRATCH, prefix="tests-"))) / "stacks"
        if not is_possible(socket):
            yield None
            return
        guard = Watchdog()
        closing.callback(guard.dismiss)
        yield start_template(closing, guard, socket)


@contextmanager
def sharing(template: Path | None) -> Generator[None]:
    """Have forked stacks that start meanwhile share a template; no other host finds it in the environment later."""
    with pytest.MonkeyPatch.context() as patch:
        if template is not None:
            patch.setenv(SETTING, str(template))
        yield
