"""How tests start local stacks: at a quiet time of day, and forked from a process that has imported what they need."""

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from devstack.forked import SETTING, is_possible
from devstack.process import Process, Watchdog
from devstack.services import describe_template
from devstack.stack import Stack
from tests.checkout import SCRATCH

QUIET_TIME = time(8, 11)
"""The timers of the night and those of the hour have fired: of these, none comes for 54 minutes of stack time."""

start_stack = partial(Stack.start, starts_at=QUIET_TIME)
"""Start a stack as `Stack.start` does, at the quiet time. Raises StackError or ConfigError when it cannot run."""


def start_template(closing: ExitStack, guard: Watchdog, socket: Path, *preload: str) -> Path:
    """Start a process that forks others, until `closing` ends it; `preload` is what it imports besides."""
    process = Process(describe_template(socket, *preload), socket.with_suffix(".log"), guard)
    closing.callback(process.stop)
    process.wait_until_ready()
    return socket


@contextmanager
def one_template() -> Generator[None]:
    """Have all forked stacks that this process starts share one template, where the machine can do that.

    Importing what doubles, host and worker need takes seconds of a core for each stack.
    """
    with ExitStack() as closing:
        # In the checkout: a stack takes no other checkout's template.
        SCRATCH.mkdir(exist_ok=True)
        socket = Path(closing.enter_context(TemporaryDirectory(dir=SCRATCH, prefix="tests-"))) / "stacks"
        if SETTING not in os.environ and is_possible(socket):
            guard = Watchdog()
            closing.callback(guard.dismiss)
            os.environ[SETTING] = str(start_template(closing, guard, socket))
            closing.callback(os.environ.pop, SETTING)
        yield
