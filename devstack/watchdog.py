"""Ends the stack's processes when the supervisor dies without being able to.

`python watchdog.py` reads `+<process group>` and `-<process group>` lines from the supervisor's pipe. At the
pipe's end, which comes however the supervisor ends, it stops every group that was not taken back. It holds the
state folder's lock until then, so that no stack starts on top of the last one's processes.
"""

import os
import signal
import sys
import time

_GRACE_SECONDS = 3.0


def main() -> None:
    """Follow the pipe, then clean up."""
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    deadline = time.monotonic() + _GRACE_SECONDS
    alive = {group for group in groups if _signal(group, signal.SIGTERM)}
    while alive and time.monotonic() < deadline:
        time.sleep(0.05)
        alive = {group for group in alive if _signal(group, 0)}
    for group in alive:
        _signal(group, signal.SIGKILL)


def _signal(group: int, kind: int) -> bool:
    """Return whether there was a process to be signalled. EPERM is macOS's word for a group of zombies."""
    try:
        os.killpg(group, kind)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
