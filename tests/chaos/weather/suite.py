"""The suite: each unit is one seed's schedule on a fresh stack."""

from collections.abc import Sequence
from pathlib import Path

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
        """Seeds."""
        seeds = range(1, _SEEDS + 1) if size is Size.FULL else _SMALL_SEEDS
        return [str(seed) for seed in seeds]

    def run(self, unit: str, folder: Path) -> Result:
        """Play the schedule of one seed."""
        schedule = draw_schedule(int(unit))
        opened = opened_settings(folder)
        with start_stack(
            folder, hosts=schedule.hosts, recording=schedule.recording, settings=opened, forked=True
        ) as stack:
            result = Day(Driver(stack), schedule).play()
        again = f"(seed {unit}; again: python -m tests.chaos unit {self.name} {unit})"
        return result.model_copy(update={"breaches": [f"{breach} {again}" for breach in result.breaches]})
