"""Units of the crash matrix: every n-th recorded point of one action, in one pass, before or after the call."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
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

_PARTS = {"fail": 3, "clean-up": 3}
"""Into how many units the points of an action are cut; those of the others fit into one. No more requests fail in one
than a peek shows of the poison queue: a timer that has to look behind it hides them all for two minutes."""
_UNMISSED = timedelta(seconds=30)
_SMALL = ("register/worker/writes-1-of-1/after", "register/host/1-of-12/after")


@dataclass(frozen=True)
class Unit:
    """One part of one row of the matrix, before and after every call, or at one of these moments only."""

    action: Action
    victim: Victim
    part: Part
    moments: Sequence[When] = get_args(When.__value__)

    @classmethod
    def read(cls, name: str) -> "Unit":
        """The unit of this name: `register/worker/1-of-3`, `register/worker/1-of-3/after`."""
        action, victim, part, *moments = name.split("/")
        found = next(one for one in ACTIONS if one.name == action)
        unit = cls(found, cast("Victim", victim), Part.read(part))
        return replace(unit, moments=cast("list[When]", moments)) if moments else unit

    def __str__(self) -> str:
        return f"{self.action.name}/{self.victim}/{self.part}"

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
        for victim in get_args(Victim.__value__):
            yield from (Unit(action, victim, part) for part in Part.all(_PARTS.get(action.name, 1)))


type Volley = Mapping[str, Point]
"""What dies at once: for each app, the point at which its action is held."""


class Row:
    """One unit at work on its stage."""

    def __init__(self, one: Stage, unit: Unit) -> None:
        self._stage = one
        self._unit = unit
        self._breaches = list[str]()

    def run(self) -> Result:
        """Crash before and after every point of the unit."""
        one, unit = self._stage, self._unit
        points = unit.points(record(one, unit.action))
        names = [f"{unit.action.name}-{number}" for number in range(len(points) * len(unit.moments))]
        unit.action.prepare(one, names)
        apps = iter(names)
        for when in unit.moments:
            volleys = deque[Volley]({next(apps): point for point in group} for group in self._groups(points))
            while volleys:
                self._crash(volleys, when)
        self._breaches += judged(one)
        crashed = len(points) * len(unit.moments)
        figures: dict[str, float] = {"crash_points": crashed, f"crash_points_{unit.victim}": crashed}
        return Result(
            breaches=[f"{unit}: {breach}" for breach in self._breaches], figures=figures | one.witness.examined
        )

    def _groups(self, points: Sequence[Point]) -> Iterator[Sequence[Point]]:
        """Points whose calls can be held at the same time, so that the actions die together.

        Those that need a new worker come first, one after the other: each death leaves one to the next.
        """
        action = self._unit.action
        yield from ((each,) for each in sorted(points, key=lambda point: not point.cold) if action.is_alone(each))
        yield from batched((each for each in points if not action.is_alone(each)), action.together, strict=False)

    def _crash(self, volleys: deque[Volley], when: When) -> None:
        """Take volleys off: hold the actions of each at their points and kill, one after the other; see all through.

        What has died stays hidden until the clock moves, so that no volley disturbs the next; and a minute is too
        short for the timer that misses it.
        """
        one, action = self._stage, self._unit.action
        dead, begun = dict[str, Point](), one.now()
        try:
            while volleys and (not dead or (action.together > 1 and one.now() - begun < _UNMISSED)):
                volley = volleys.popleft()
                dead.update(volley)
                self._hold(volley, when)
                self._kill()
            one.advance(REDELIVERY_SECONDS)
            for app in dead:
                action.repeat(one, app)
            one.settle(lambda: all(action.is_done(one, app) for app in dead))
        except NotReached as missed:
            undone = ", ".join(f"{app} {when} {point}" for app, point in dead.items() if not self._is_done(app))
            self._breaches.append(f"{missed}; not done: {undone or 'none'} of {', '.join(dead)}")
            one.release()

    def _hold(self, volley: Volley, when: When) -> None:
        one, action = self._stage, self._unit.action
        for held, (app, point) in enumerate(volley.items()):
            action.lead_up(one, app)
            one.arm(point, when)
            if point.cold and not one.is_cold:
                one.kill_worker()
                one.wait_for_worker()
            action.begin(one, app)
            one.wait_until_sprung(held + 1)

    def _is_done(self, app: str) -> bool:
        try:
            return self._unit.action.is_done(self._stage, app)
        except NotReached:
            return False

    def _kill(self) -> None:
        if self._unit.victim == "worker":
            self._stage.kill_worker()
            self._stage.release()
            self._stage.wait_for_worker()
        else:
            self._stage.kill_host()
            self._stage.release()
            self._stage.restart_host()
