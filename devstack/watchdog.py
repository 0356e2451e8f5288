"""Ends the stack's processes when the supervisor dies without being able to.

`python watchdog.py` reads `+<process group>` and `-<process group>` lines from the supervisor's pipe. At the
pipe's end, which comes however the supervisor ends, it stops every group that was not taken back. It holds the
state folder's lock until then, so that no stack starts on top of the last one's processes.
"""

import os
import signal
import sys
import time
from contextlib import suppress

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
    for kind in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            # EPERM is how macOS answers for a group of which only a zombie is left.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, kind)
        if groups and kind == signal.SIGTERM:
            time.sleep(_GRACE_SECONDS)


if __name__ == "__main__":
    main()
