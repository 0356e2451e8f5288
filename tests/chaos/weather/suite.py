"""The suite: each unit is one seed's schedule on a fresh stack."""

from collections.abc import Sequence
from pathlib import Path

from tests.brokers import split, tenth
from tests.chaos.suite import Result, Size
from tests.chaos.weather.day import Day
from tests.chaos.weather.schedule import draw_schedule
from tests.e2e.driver import Driver
from tests.policies import opened_settings
from tests.stacks import start_stack

_SEEDS = 50
_SMALL_SEEDS = (20, 29)
"""Both with two hosts; between them a worker and two hosts are killed, and storage is away and fails."""


class WeatherSuite:
    """Many requests in weather worse than any real day, on one host or two, while processes are killed."""

    name = "weather"

    def units(self, size: Size) -> Sequence[str]:
        """Seeds; on Service Bus a tenth of them."""
        if size is Size.SMALL:
            return [str(seed) for seed in _SMALL_SEEDS]
        seeds = [str(seed) for seed in range(1, _SEEDS + 1)]
        return [*seeds, *tenth(seeds, self.name)]

    def run(self, unit: str, folder: Path) -> Result:
        """Play the schedule of one seed."""
        seed, broker = split(unit)
        schedule = draw_schedule(int(seed), broker)
        settings = opened_settings(folder) | broker.settings()
        with start_stack(
            folder, hosts=schedule.hosts, recording=schedule.recording, settings=settings, forked=True
        ) as stack:
            result = Day(Driver(stack), schedule).play()
        again = f"(again: python -m tests.chaos unit {self.name} {unit})"
        return result.model_copy(update={"breaches": [f"{breach} {again}" for breach in result.breaches]})
