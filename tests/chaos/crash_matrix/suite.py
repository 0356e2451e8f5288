"""Units of the crash matrix: every n-th recorded point of one action, in one pass, before or after the call."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Literal, cast, get_args

from tests.chaos.on_the_wire.actions import ACTIONS, Action
from tests.chaos.on_the_wire.part import Part
from tests.chaos.on_the_wire.points import Point
from tests.chaos.on_the_wire.recording import record
from tests.chaos.on_the_wire.stage import REDELIVERY_SECONDS, NotReached, Stage, judged, stage
from tests.chaos.suite import Result, Size

type Victim = Literal["worker", "host"]
type When = Literal["before", "after"]

_PARTS = {"change": 2, "fail": 2, "replay": 2, "clean-up": 2}
"""Into how many units the points of an action are cut; those of the others fit into one."""
_SMALL = ("register/worker/after/writes-1-of-1", "register/host/after/1-of-12")


@dataclass(frozen=True)
class Unit:
    """One part of one row of the matrix."""

    action: Action
    victim: Victim
    when: When
    part: Part

    @classmethod
    def read(cls, name: str) -> "Unit":
        """The unit of this name: `register/worker/before/1-of-3`."""
        action, victim, when, part = name.split("/")
        found = next(one for one in ACTIONS if one.name == action)
        return cls(found, cast("Victim", victim), cast("When", when), Part.read(part))

    def __str__(self) -> str:
        return f"{self.action.name}/{self.victim}/{self.when}/{self.part}"

    def points(self, recorded: Sequence[Point]) -> Sequence[Point]:
        """This part's points: a worker dies at its own calls, a host at all."""
        return self.part.choose([point for point in recorded if self.victim == "host" or not point.by_host])


class CrashMatrix:
    """The suite; `name` stands in the reports."""

    name = "crash-matrix"

    def units(self, size: Size) -> Sequence[str]:
        """All parts of all rows; in the small size the writes of the first registration, and some of a host's."""
        if size is Size.SMALL:
            return _SMALL
        return [str(unit) for unit in _all_units()]

    def run(self, unit: str, folder: Path) -> Result:
        """Record the action's points on a fresh stack, crash at each of this part's, and have the result judged."""
        with stage(folder) as one:
            return Row(one, Unit.read(unit)).run()


SUITE = CrashMatrix()


def _all_units() -> Iterator[Unit]:
    for action in ACTIONS:
        parts = Part.all(_PARTS.get(action.name, 1))
        for victim in get_args(Victim.__value__):
            for when in get_args(When.__value__):
                yield from (Unit(action, victim, when, part) for part in parts)


class Row:
    """One unit at work on its stage."""

    def __init__(self, one: Stage, unit: Unit) -> None:
        self._stage = one
        self._unit = unit
        self._breaches = list[str]()

    def run(self) -> Result:
        """Crash at every point of the unit."""
        one, unit = self._stage, self._unit
        points = unit.points(record(one, unit.action))
        groups = list(self._groups(points))
        apps = iter([f"{unit.action.name}-{number}" for number in range(len(points))])
        unit.action.prepare(one, [f"{unit.action.name}-{number}" for number in range(len(points))])
        for group in groups:
            self._crash({next(apps): point for point in group})
        self._breaches += judged(one)
        crashed: dict[str, float] = {"crash_points": len(points), f"crash_points_{unit.victim}": len(points)}
        figures = crashed | one.witness.examined
        return Result(breaches=[f"{unit}: {breach}" for breach in self._breaches], figures=figures)

    def _groups(self, points: Sequence[Point]) -> Iterator[Sequence[Point]]:
        """Points whose calls can be held at the same time, so that the actions die together."""
        action = self._unit.action
        yield from batched((each for each in points if not action.is_alone(each)), action.together, strict=False)
        yield from ((each,) for each in points if action.is_alone(each))

    def _crash(self, group: Mapping[str, Point]) -> None:
        """Hold an action of each app at its point, kill, and see every one of them through."""
        one, action = self._stage, self._unit.action
        try:
            for held, (app, point) in enumerate(group.items()):
                action.lead_up(one, app)
                one.arm(point, self._unit.when)
                if point.cold:
                    one.kill_worker()
                    one.wait_for_worker()
                action.begin(one, app)
                one.advance(2)
                one.wait_until_sprung(held + 1)
            self._kill()
            one.advance(REDELIVERY_SECONDS)
            for app in group:
                action.repeat(one, app)
            one.settle(lambda: all(action.is_done(one, app) for app in group))
        except NotReached as missed:
            self._breaches.append(f"{', '.join(f'{app} at {point}' for app, point in group.items())}: {missed}")
            one.release()

    def _kill(self) -> None:
        if self._unit.victim == "worker":
            self._stage.kill_worker()
            self._stage.release()
            self._stage.wait_for_worker()
        else:
            self._stage.kill_host()
            self._stage.release()
            self._stage.restart_host()
