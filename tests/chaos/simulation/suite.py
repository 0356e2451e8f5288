"""The suite: a unit is a range of seeds, some of them played twice and compared event by event."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.suite import Result, Size
from tests.simulation.simulation import Run, simulate

_UNITS, _SEEDS = 20, 500
_REPLAYED_EVERY = 50


class SimulationSuite:
    """Every seed is a schedule: its requests, its weather, who runs when, who dies, and what people do meanwhile."""

    name = "simulation"

    def units(self, size: Size) -> Sequence[str]:
        """First seeds of ranges; none in the small size, where tests/simulation plays its own."""
        return [str(first) for first in range(0, _UNITS * _SEEDS, _SEEDS)] if size is Size.FULL else []

    def run(self, unit: str, folder: Path) -> Result:
        """Play a range of seeds; `folder` stays empty."""
        figures, breaches = Counter[str](), list[str]()
        for seed in range(int(unit), int(unit) + _SEEDS):
            run = simulate(seed)
            figures.update(run.figures)
            breaches += [f"{breach} ({_again(seed)})" for breach in run.breaches]
            if seed % _REPLAYED_EVERY == 0:
                figures["replays_compared"] += 1
                breaches += _differences(run)
        return Result(breaches=breaches, figures={name: float(count) for name, count in figures.items()})


def _differences(run: Run) -> list[str]:
    same = simulate(run.seed).report() == run.report()
    return [] if same else [f"seed {run.seed} does not replay exactly ({_again(run.seed)})"]


def _again(seed: int) -> str:
    return f"again: SIMULATION_FIRST_SEED={seed} SIMULATION_SEEDS=1 pytest tests/simulation/test_schedules.py"
