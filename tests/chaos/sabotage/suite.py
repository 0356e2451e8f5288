"""The suite: each protection is switched off once; one whose absence nothing misses is a breach."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests.chaos.sabotage.catalogue import REAL_SABOTAGES
from tests.chaos.sabotage.copies import copy_repository, first_failure, replace_once
from tests.chaos.sabotage.replacement import RealSabotage
from tests.chaos.suite import Result, Size
from tests.simulation.sabotages import BACKED, SABOTAGES, Sabotage
from tests.simulation.simulation import simulate

_PARTS = 4
_SMALL = (
    "a field that stands twice is refused",
    "the never-list decides on ids, whatever a directory calls them",
    "a failed request is kept",
)
_SEEDS = 150
_PATIENCE = timedelta(hours=3)
_SEVERAL, _SIMULATED, _REAL, _NONE = "a-few", "simulated", "real", "nothing-off"


class SabotageSuite:
    """Sabotages of the domain are missed by the simulation's checker, those of its surroundings by a test."""

    name = "sabotage"

    def units(self, size: Size) -> Sequence[str]:
        """Parts of both lists, and the tests of the second with nothing switched off."""
        if size is Size.SMALL:
            return [_SEVERAL]
        parts = [f"{kind}-{part}" for kind in (_REAL, _SIMULATED) for part in range(_PARTS)]
        return [_NONE, *parts]

    def run(self, unit: str, folder: Path) -> Result:
        """Switch the unit's protections off, one after the other."""
        kind, _, part = unit.rpartition("-")
        if unit == _NONE:
            return _check_nothing_off(folder)
        if unit == _SEVERAL:
            return _miss_in_copies([each for each in REAL_SABOTAGES if each.protection in _SMALL], folder)
        if kind == _REAL:
            return _miss_in_copies(REAL_SABOTAGES[int(part) :: _PARTS], folder)
        return _miss_in_simulation(SABOTAGES[int(part) :: _PARTS])


def _check_nothing_off(folder: Path) -> Result:
    copy = folder / "copy"
    copy_repository(copy)
    failure = first_failure(copy, sorted({each.check for each in REAL_SABOTAGES}))
    breaches = [] if failure is None else [f"a check fails though nothing is switched off: {failure}"]
    return Result(breaches=breaches, notes=[f"{off}: not missed alone: {reason}" for off, reason in BACKED.items()])


def _miss_in_copies(sabotages: Sequence[RealSabotage], folder: Path) -> Result:
    copy, result = folder / "copy", Result()
    copy_repository(copy)
    for sabotage in sabotages:
        former = dict[str, str]()
        for each in sabotage.replacements:
            content = replace_once(copy, each)
            former.setdefault(each.file, content)
        failure = first_failure(copy, [sabotage.check])
        for file, content in former.items():
            (copy / file).write_text(content, encoding="utf-8")
        _note(result, sabotage.protection, sabotage.check, failure)
    return result


def _miss_in_simulation(sabotages: Sequence[Sabotage]) -> Result:
    result = Result()
    for sabotage in sabotages:
        _note(result, sabotage.name, "the simulation", first_breach(sabotage))
    return result


def first_breach(sabotage: Sabotage) -> str | None:
    """Play schedules until the invariant is broken that this sabotage is to break; the breach and its seed."""
    with pytest.MonkeyPatch.context() as patch:
        sabotage.switch_off(patch)
        for seed in range(sabotage.first_seed, sabotage.first_seed + _SEEDS):
            for breach in simulate(seed, sabotage.spoil, _PATIENCE).breaches:
                if breach.startswith(f"{sabotage.caught_by}:"):
                    return f"{breach} (seed {seed})"
    return None


def _note(result: Result, protection: str, check: str, found: str | None) -> None:
    result.figures["sabotages"] = result.figures.get("sabotages", 0) + 1
    if found is None:
        result.breaches.append(f"{protection}: switched off, and {check} does not miss it")
        return
    result.figures["sabotages_caught"] = result.figures.get("sabotages_caught", 0) + 1
    result.notes.append(f"{protection}: caught by {check}: {found[:200]}")
