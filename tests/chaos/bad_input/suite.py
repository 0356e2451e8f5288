"""The suite: 100,000 bad messages, most straight into the worker child, some through queue and host, or by memory."""

from collections.abc import Sequence
from pathlib import Path

from tests.chaos.bad_input.through_domain import run_through_domain
from tests.chaos.bad_input.through_queue import run_through_queue
from tests.chaos.bad_input.through_worker import run_through_worker
from tests.chaos.suite import Result, Size

_COUNTS = {"worker": 4700, "queue": 1000, "domain": 4530, "worker-small": 1200, "queue-small": 100}
"""Messages of a unit, by the part of its name before the slash."""


class BadInput:
    """Every message is answered or kept with a reason; none ends the worker or writes what nobody may ask for."""

    name = "bad-input"

    def units(self, size: Size) -> Sequence[str]:
        """Eleven units into the worker, three through the queue, ten to the domain; a small one of the first two."""
        if size is Size.SMALL:
            return ["worker-small/00", "queue-small/0"]
        units = {"worker": 11, "queue": 3, "domain": 10}
        return [f"{way}/{number:02}" for way, count in units.items() for number in range(count)]

    def run(self, unit: str, folder: Path) -> Result:
        """Send the unit's messages and judge what became of them."""
        way = unit.partition("/")[0]
        match way.partition("-")[0]:
            case "worker":
                return run_through_worker(unit, _COUNTS[way], folder)
            case "queue":
                return run_through_queue(unit, _COUNTS[way], folder)
            case _:
                return run_through_domain(unit, _COUNTS[way])


SUITE = BadInput()
