"""The suite: one unit, since memory is judged over the life of one process."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from devstack.stack import Stack
from tests.chaos.check import Witness
from tests.chaos.load.memory import Growth, Memory
from tests.chaos.load.working_day import WorkingDay
from tests.chaos.suite import Result, Size
from tests.e2e.driver import Driver

_FULL, _SMALL = 2000, 40
_ENOUGH_TO_JUDGE_MEMORY = 400
_MOST_GROWTH = 0.10
"""Of the warmed-up size, per 1,000 requests."""


class LoadSuite:
    """Two thousand requests through the queue and one host with weather on: all answered, memory flat."""

    name = "load"

    def units(self, size: Size) -> Sequence[str]:
        """The number of requests."""
        return [str(_FULL if size is Size.FULL else _SMALL)]

    def run(self, unit: str, folder: Path) -> Result:
        """Send that many requests. Growth is judged where there are enough of them to tell it from warming up."""
        requests = int(unit)
        with Stack.start(folder) as stack:
            driver = Driver(stack)
            worker = driver.worker_process_id()
            memory, witness = Memory({"worker": worker, "host": stack.process_id("host")}), Witness(driver)
            witness.remember_foreign()
            day = WorkingDay(driver, requests, memory, witness)
            breaches = [] if day.work() else ["5: not every request was answered"]
            calls = sum(sum(routes.values()) for service, routes in driver.calls().items() if service == "graph")
            breaches += _rest(driver, witness, day)
            if driver.worker_process_id() != worker:
                breaches.append("the worker did not live through it")
        grown = (
            {name: memory.growth(name, requests) for name in memory.processes}
            if requests >= _ENOUGH_TO_JUDGE_MEMORY
            else {}
        )
        breaches += _too_much(grown)
        again = f"(again: python -m tests.chaos unit {self.name} {unit})"
        return Result(
            breaches=[f"{breach} {again}" for breach in breaches],
            figures={
                "requests": requests,
                "requests_per_second": round(requests / day.figures["seconds"], 2),
                "graph_calls_per_request": round(calls / requests, 1),
                **day.figures,
            },
            maxima={f"{name}_growth_percent": round(100 * growth.share, 2) for name, growth in grown.items()},
            notes=[
                f"{name}: {growth.warmed_up:.0f} MiB, {growth.per_thousand:+.1f} MiB per 1,000 requests"
                for name, growth in grown.items()
            ],
        )


def _rest(driver: Driver, witness: Witness, day: WorkingDay) -> list[str]:
    """Let all come to rest in fine weather, and judge."""
    driver.weather()
    settled = witness.settle()
    driver.advance(15 * 60)
    unsettled = [] if settled and witness.settle() else ["5: requests or clean-up entries still wait"]
    return [*unsettled, *witness.breaches(day.sent)]


def _too_much(grown: dict[str, Growth]) -> Iterator[str]:
    for name, growth in grown.items():
        if growth.share > _MOST_GROWTH:
            yield f"the {name} grows by {growth.per_thousand:.1f} MiB per 1,000 requests, from {growth.warmed_up:.0f}"
