"""The suite: two units of a thousand requests; memory is judged over the life of each one's processes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.brokers import split
from tests.chaos.check import Witness
from tests.chaos.load.memory import Growth, Memory
from tests.chaos.load.working_day import WorkingDay
from tests.chaos.suite import Result, Size
from tests.e2e.driver import Driver
from tests.stacks import start_stack

_FULL, _SMALL = ("1000-1", "1000-2", "200-1@servicebus"), ("40-1",)
_ENOUGH_TO_JUDGE_MEMORY = 400
_MOST_GROWTH = 0.10
"""Of the warmed-up size, per 1,000 requests. Measured over 690: the worker went from 115 to 116 MiB between two steps,
of 5 MiB when a timer first ran, and stayed at 120 MiB; the host gained less than 1."""


class LoadSuite:
    """Two thousand requests through the queue and one host with weather on: all answered, memory flat."""

    name = "load"

    def units(self, size: Size) -> Sequence[str]:
        """The number of requests, and the seed of the weather and the traffic; on Service Bus a tenth of them."""
        return _FULL if size is Size.FULL else _SMALL

    def run(self, unit: str, folder: Path) -> Result:
        """Send that many requests. Growth is judged where there are enough of them to tell it from warming up."""
        bare, broker = split(unit)
        requests, seed = map(int, bare.split("-"))
        with start_stack(folder, settings=broker.settings()) as stack:
            driver = Driver(stack)
            worker = driver.worker_process_id()
            memory, witness = Memory({"worker": worker, "host": stack.process_id("host")}), Witness(driver)
            witness.remember_foreign()
            for timer in driver.timers():  # what a timer imports when it first runs, once a day say, is no growth
                driver.start(timer)
            day = WorkingDay(driver, requests, seed, memory, witness)
            breaches = [] if day.work() else ["5: not every request was answered"]
            calls = sum(sum(routes.values()) for service, routes in driver.calls().items() if service == "graph")
            breaches += _rest(driver, witness, day)
            if driver.worker_process_id() != worker:
                breaches.append("the worker did not live through it")
        judged = memory.processes if requests >= _ENOUGH_TO_JUDGE_MEMORY else ()
        grown = {name: memory.growth(name, requests) for name in judged}
        breaches += _too_much(grown)
        again = f"(again: python -m tests.chaos unit {self.name} {unit})"
        return Result(
            breaches=[f"{breach} {again}" for breach in breaches],
            figures={"requests": requests, "graph_calls": calls, **day.figures, **witness.examined},
            maxima=_maxima(day, calls, grown),
            notes=[f"{name}: {growth}" for name, growth in grown.items()],
        )


def _maxima(day: WorkingDay, graph_calls: int, grown: dict[str, Growth]) -> dict[str, float]:
    return {
        "seconds_per_request": round(day.figures["seconds"] / day.requests, 2),
        "graph_calls_per_request": round(graph_calls / day.requests, 1),
        **{f"{name}_growth_percent_per_1000": round(100 * growth.share, 1) for name, growth in grown.items()},
    }


def _rest(driver: Driver, witness: Witness, day: WorkingDay) -> list[str]:
    """Let all come to rest in fine weather, and judge."""
    driver.weather()
    waiting = [witness.settle()]
    driver.advance(15 * 60)
    waiting.append(witness.settle())
    return [*(f"5: {what}" for what in waiting if what), *witness.breaches(day.sent)]


def _too_much(grown: dict[str, Growth]) -> Iterator[str]:
    for name, growth in grown.items():
        if growth.share > _MOST_GROWTH:
            yield f"memory of the {name} is not flat: {growth}"
