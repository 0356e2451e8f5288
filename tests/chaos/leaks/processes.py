"""Keeps what anybody could read of the stack's processes while they ran: arguments and environments."""

import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

_PAUSE_SECONDS = 0.5


@contextmanager
def watched(state: Path) -> Generator[dict[str, bytes]]:
    """Look twice a second at every process that was told of this state folder; yields what was seen, by process."""
    seen: dict[str, bytes] = {}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_PAUSE_SECONDS):
            seen.update(_visible(str(state.absolute())))

    watcher = threading.Thread(target=look, name="processes", daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def _visible(state: str) -> dict[str, bytes]:
    """Command line and environment of each process of the stack; on systems without /proc there is nothing to see."""
    seen: dict[str, bytes] = {}
    for process in Path("/proc").glob("[0-9]*"):
        # It may end meanwhile, or be somebody else's.
        with suppress(OSError):
            content = (process / "cmdline").read_bytes() + b"\n" + (process / "environ").read_bytes()
            if state.encode() in content:
                seen[f"the arguments and environment of process {process.name}"] = content
    return seen
