"""The suite: 100,000 bad messages, most straight into the worker child, some through queue and host."""

from collections.abc import Sequence
from pathlib import Path

from tests.chaos.bad_input.through_queue import run_through_queue
from tests.chaos.bad_input.through_worker import run_through_worker
from tests.chaos.suite import Result, Size

_WORKER, _QUEUE = "worker", "queue"
_COUNTS = {"worker": 4750, "queue": 1000, "worker-small": 1200, "queue-small": 100}
"""Messages of a unit, by the part of its name before the slash."""


class BadInput:
    """Every message is answered or kept with a reason; none ends the worker or writes what nobody may ask for."""

    name = "bad-input"

    def units(self, size: Size) -> Sequence[str]:
        """Twenty units into the worker and five through the queue; one small one of each."""
        if size is Size.SMALL:
            return ["worker-small/00", "queue-small/0"]
        return [*(f"worker/{n:02}" for n in range(20)), *(f"queue/{n}" for n in range(5))]

    def run(self, unit: str, folder: Path) -> Result:
        """Send the unit's messages and judge what became of them."""
        way = unit.partition("/")[0]
        run = run_through_worker if way.startswith(_WORKER) else run_through_queue
        return run(unit, _COUNTS[way], folder)


SUITE = BadInput()
