"""A process that has imported what the stack's other Python processes need, and forks them on demand (Linux only).

`python -m devstack.template --socket PATH [--preload MODULE…]`. Tests that start stacks, or kill hosts and workers, a
hundred times start them from here: that takes 50 ms of a core each time, where imports take a second. One template
may serve many stacks of one checkout. Nothing here runs a thread or an event loop: a fork would inherit half of it.

A caller connects, and sends one message (`forked.Start` as JSON) with open descriptors. The answers are `{"pid": …}`,
and `{"returncode": …}` when that process has ended, along with all that were to end with it.
"""

import argparse
import contextlib
import fcntl
import gc
import importlib
import io
import json
import os
import random
import runpy
import selectors
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

PRELOADED = (
    "devstack.doubles.stack",
    "devstack.host.host",
    "devstack.host.worker.library",
    "devstack.host.worker.clock",
    "typer",
    "azure.functions",
    "azure.identity.aio",
    "azure.keyvault.secrets.aio",
    "azure.storage.queue.aio",
    "azure.storage.blob.aio",
    "azure.data.tables.aio",
    "pydantic",
)
_LONGEST_MESSAGE = 256 * 1024
_MOST_DESCRIPTORS = 8
_OUT_OF_THE_WAY = 100
"""Received descriptors are moved here first, where none of the wanted numbers lie."""


@dataclass
class _Running:
    """A forked process, who asked for it, and which processes are to end when it does."""

    pid: int
    caller: socket.socket
    dependants: set[int] = field(default_factory=set[int])


class Template:
    """Accepts callers, forks, and tells of every end."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, _Running] = {}
        """By pidfd."""

    def serve(self) -> NoReturn:
        """Serve until this process is killed."""
        self._selector.register(self._listening, selectors.EVENT_READ)
        while True:
            # One at a time: to reap one may reap others, whose descriptors may be reused then.
            key, _ = self._selector.select()[0]
            if key.fileobj is self._listening:
                self._accept()
            else:
                self._reap(key.fd)

    def _accept(self) -> None:
        caller, _ = self._listening.accept()
        message, descriptors, _, _ = socket.recv_fds(caller, _LONGEST_MESSAGE, _MOST_DESCRIPTORS)
        if not message:
            caller.close()
            return
        request: dict[str, Any] = json.loads(message)
        pid = os.fork()
        if pid == 0:
            self._run_module(request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        ended = os.pidfd_open(pid)
        self._running[ended] = _Running(pid, caller)
        self._selector.register(ended, selectors.EVENT_READ)
        for each in self._running.values():
            if each.pid == request["endsWith"]:
                each.dependants.add(pid)
        _tell(caller, {"pid": pid})

    def _reap(self, descriptor: int) -> None:
        """Reap a process that has ended; whatever was to end with it is dead before the end is reported."""
        running = self._running.pop(descriptor)
        self._selector.unregister(descriptor)
        os.close(descriptor)
        for each in [one for one in self._running.items() if one[1].pid in running.dependants]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each[1].pid, signal.SIGKILL)
            self._reap(each[0])
        _, status = os.waitpid(running.pid, 0)
        _tell(running.caller, {"returncode": os.waitstatus_to_exitcode(status)})
        running.caller.close()

    def _run_module(self, request: dict[str, Any], descriptors: list[int]) -> NoReturn:
        """Run the requested module in this process, and never return."""
        code = 1
        try:
            self._forget()
            if request["newSession"]:
                os.setsid()
            _place(descriptors, request["descriptors"])
            os.environ.clear()
            os.environ.update(request["environment"])
            _trust_anew()
            random.seed()
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, io.TextIOWrapper):
                    stream.reconfigure(write_through=True)
            sys.argv = [request["module"], *request["arguments"]]
            runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            os._exit(code)

    def _forget(self) -> None:
        """Close what belongs to the template."""
        self._selector.close()
        self._listening.close()
        for descriptor, running in self._running.items():
            os.close(descriptor)
            running.caller.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _trust_anew() -> None:
    """Trust the certificates of SSL_CERT_FILE: aiohttp looked when it was imported, and the environment is another."""
    connector = sys.modules.get("aiohttp.connector")
    if connector is not None:
        vars(connector)["_SSL_CONTEXT_VERIFIED"].load_default_certs()


def _place(received: list[int], numbers: list[int]) -> None:
    """Give the received descriptors the numbers that the caller knows them by."""
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, _OUT_OF_THE_WAY) for descriptor in received]
    for descriptor in received:
        os.close(descriptor)
    for descriptor, number in zip(moved, numbers, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)


def _tell(caller: socket.socket, news: dict[str, int]) -> None:
    """Send one line; a caller that is gone is ignored."""
    with contextlib.suppress(OSError):
        caller.sendall(json.dumps(news).encode() + b"\n")


def _leave(*_: object) -> NoReturn:
    os._exit(0)


def main() -> NoReturn:
    """Import, listen, serve."""
    parser = argparse.ArgumentParser(prog="devstack.template", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--preload", nargs="*", default=[], metavar="MODULE", help="what else to import")
    arguments = parser.parse_args()
    path: Path = arguments.socket
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    for name in [*PRELOADED, *arguments.preload]:
        importlib.import_module(name)
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(draft))
        draft.chmod(0o600)
        listening.listen(16)
        gc.freeze()  # no fork's garbage collection needs to look at what was imported here
        draft.rename(path)  # once it has its name, connections are accepted
        Template(listening).serve()


if __name__ == "__main__":
    main()
