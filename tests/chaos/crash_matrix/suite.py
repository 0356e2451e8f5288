"""Units of the crash matrix: every n-th recorded point of one action, in one pass, before or after the call."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import batched
from pathlib import Path
from random import Random
from typing import Literal, cast, get_args

from tests.brokers import Broker, split
from tests.chaos.on_the_wire.actions import ACTIONS, Action
from tests.chaos.on_the_wire.part import Part
from tests.chaos.on_the_wire.points import MOST_UNMET, TRIES, Point
from tests.chaos.on_the_wire.recorded_stack import REDELIVERY_SECONDS, RecordedStack, judged, recorded_stack
from tests.chaos.on_the_wire.recording import record
from tests.chaos.on_the_wire.waiting import NotReachedError, TrapNotReachedError
from tests.chaos.suite import Result, Size

type Killed = Literal["worker", "host"]
type When = Literal["before", "after"]
type Death = tuple[Killed, When, Point]
type Deaths = tuple[Killed, When, Sequence[Point]]

_PARTS = {"fail": 3, "clean-up": 3, "decide-changed": 3}
"""Into how many units the points of an action are cut; those of the others fit into one. No more requests fail in one
than a peek shows of the poison queue: a timer that has to look behind it hides them all for two minutes. Whatever a
changed form is killed at, its ticket has shown something else before: each takes seconds."""
_UNMISSED = timedelta(seconds=30)
_SPARE = 12
"""Apps for calls that are waited for in vain."""
_SMALL = (
    "register/worker/writes-1-of-1/after",
    "register/host/1-of-12/after",
    "unreadable/worker/1-of-1/after@servicebus",
)
_EACH = "each"
"""Worker and host on one stack: starting it and recording the action takes as long as a dozen deaths."""
_LONG = frozenset(
    {
        "register",
        "change",
        "narrow",
        "take-back",
        "replay",
        "await",
        "decide-changed",
        "rotate",
        "replace",
        "register-certificate",
        "rotate-certificate",
        "refuse-late",
    }
)
"""Actions of so many calls that worker and host die in units of their own: no unit is to last for long at the end."""


type Batch = Sequence[Point]
"""The points at which several actions are held, to die at once."""


@dataclass(frozen=True)
class Unit:
    """One part of one row of the matrix, before and after every call, or at one of these moments only."""

    action: Action
    killed: Sequence[Killed]
    part: Part
    broker: Broker = Broker.STORAGE
    moments: Sequence[When] = get_args(When.__value__)

    @classmethod
    def read(cls, name: str) -> "Unit":
        """The unit of this name: `register/worker/1-of-3`, `register/worker/1-of-3/after`, `…@servicebus`."""
        bare, broker = split(name)
        action, killed, part, *moments = bare.split("/")
        found = next(one for one in ACTIONS if one.name == action)
        victims = get_args(Killed.__value__) if killed == _EACH else (cast("Killed", killed),)
        unit = cls(found, victims, Part.read(part), broker)
        return replace(unit, moments=cast("list[When]", moments)) if moments else unit

    def __str__(self) -> str:
        only = () if len(self.moments) == len(get_args(When.__value__)) else self.moments
        killed = self.killed[0] if len(self.killed) == 1 else _EACH
        return self.broker.mark("/".join([self.action.name, killed, str(self.part), *only]))

    def deaths(self, recorded: Sequence[Point]) -> Sequence[Deaths]:
        """Who dies when at which of this part's points: a worker at its own calls, a host at all.

        On Service Bus: at the calls to the broker, and one death at one other call, which follows from the name.
        """
        every: list[Deaths] = [
            (killed, when, self.part.choose([point for point in recorded if killed == "host" or not point.by_host]))
            for killed in self.killed
            for when in self.moments
        ]
        if self.broker is Broker.STORAGE:
            return every
        others: list[Deaths] = [
            (killed, when, [each]) for killed, when, points in every for each in points if not each.by_bus
        ]
        at_calls: list[Deaths] = [
            (killed, when, [each for each in points if each.by_bus]) for killed, when, points in every
        ]
        return [*at_calls, *([Random(str(self)).choice(others)] if others else [])]


class CrashMatrix:
    """The suite; `name` stands in the reports."""

    name = "crash-matrix"

    def units(self, size: Size) -> Sequence[str]:
        """All parts of all rows; in the small size some of the first registration, and a row on Service Bus."""
        if size is Size.SMALL:
            return _SMALL
        return [str(unit) for unit in _all_units()]

    def run(self, unit: str, folder: Path) -> Result:
        """Record the action's points on a fresh stack, crash at each of this part's, and have the result judged."""
        read = Unit.read(unit)
        with recorded_stack(folder, read.broker) as one:
            return Row(one, read).run()


SUITE = CrashMatrix()


def _all_units() -> Iterator[Unit]:
    both: Sequence[Killed] = get_args(Killed.__value__)
    for action in ACTIONS:
        for victims in [[each] for each in both] if action.name in _LONG else [both]:
            yield from (Unit(action, victims, part) for part in Part.all(_PARTS.get(action.name, 1)))
        yield Unit(action, both, Part(1, 1), Broker.SERVICE_BUS)


class Row:
    """One unit at work on its stack."""

    def __init__(self, one: RecordedStack, unit: Unit) -> None:
        self._stage = one
        self._unit = unit
        self._apps: Iterator[str] = iter(())
        self._breaches = list[str]()
        self._misses = Counter[Death]()

    def run(self) -> Result:
        """Crash before and after every point of the unit."""
        one, unit = self._stage, self._unit
        deaths = unit.deaths(record(one, unit.action))
        wanted = sum(len(points) for _, _, points in deaths)
        names = [f"{unit.action.name}-{number}" for number in range(wanted + _SPARE)]
        unit.action.prepare(one, names)
        self._apps = iter(names)
        for killed, when, points in deaths:
            volleys = deque(self._groups(points))
            while volleys:
                self._crash(volleys, killed, when)
        unit.action.leave(one, list(self._apps))
        try:
            self._breaches += judged(one)
        except NotReachedError as missed:
            self._breaches.append(f"at the end: {missed}")
        unmet = [each for each, misses in self._misses.items() if misses == TRIES]
        names_unmet = [f"{killed} {when} {point}" for killed, when, point in unmet]
        if len(unmet) > wanted * MOST_UNMET:
            self._breaches.append(f"too many calls were recorded and did not come again: {', '.join(names_unmet)}")
        crashed = dict.fromkeys(unit.killed, 0)
        for killed, _, points in deaths:
            crashed[killed] += len(points)
        for killed, _, _ in unmet:
            crashed[killed] -= 1
        figures: dict[str, float] = {
            "crash_points": sum(crashed.values()),
            **{f"crash_points_{killed}": crashed[killed] for killed in unit.killed},
            "recorded_calls_that_did_not_come_again": len(unmet),
        }
        return Result(
            breaches=[f"{unit}: {breach}" for breach in self._breaches],
            figures=figures | one.witness.examined,
            notes=[f"{unit}: not met again: {each}" for each in names_unmet],
        )

    def _groups(self, points: Sequence[Point]) -> Iterator[Batch]:
        """Points whose calls can be held at the same time, so that the actions die together.

        Those that need a new worker come first, one after the other: each death leaves one to the next. A call to
        Service Bus that is held has its link to itself, and whoever else would use that waits.
        """
        action = self._unit.action
        alone = [each for each in points if action.is_alone(each) or each.by_bus]
        yield from ((each,) for each in sorted(alone, key=lambda point: not point.cold))
        yield from batched((each for each in points if each not in alone), action.together, strict=False)

    def _crash(self, volleys: deque[Batch], killed: Killed, when: When) -> None:
        """Take volleys off: hold the actions of each at their points and kill, one after the other; see all through.

        What has died stays hidden until the clock moves, so that no batch disturbs the next; and a minute is too
        short for the timer that misses it. On Service Bus a host whose worker died gives the message back at once.
        """
        one, action = self._stage, self._unit.action
        begun, asked = one.now(), dict[str, Point]()
        try:
            goes_on = action.together > 1 and self._unit.broker is Broker.STORAGE
            while volleys and (not asked or (goes_on and one.now() - begun < _UNMISSED)):
                batch = volleys.popleft()
                held = self._hold(batch, when, asked)
                if held < len(batch):
                    volleys += self._again(batch[held:], killed, when)
                if held:
                    self._kill(killed)
                else:
                    one.release()
            one.advance(REDELIVERY_SECONDS)
            for app in asked:
                action.repeat(one, app)
            one.settle(lambda: all(action.is_done(one, app) for app in asked))
        except NotReachedError as missed:
            undone = ", ".join(f"{app} {when} {point}" for app, point in asked.items() if not self._is_done(app))
            self._breaches.append(f"{missed}; not done: {undone or 'none'} of {', '.join(asked)}")
            one.release()

    def _hold(self, batch: Batch, when: When, asked: dict[str, Point]) -> int:
        """Hold one action after the other, each of an app of its own in `asked`; returns how many came to be held.

        The first whose call does not come is the last: its trap would catch a call of the next.
        """
        one, action = self._stage, self._unit.action
        for held, point in enumerate(batch):
            app = next(self._apps)
            action.lead_up(one, app)
            one.arm(point, when)
            if point.cold and not one.is_cold:
                one.kill_worker()
                one.wait_for_worker()
            asked[app] = point
            action.begin(one, app)
            try:
                one.wait_until_held(held + 1)
            except TrapNotReachedError:
                return held
        return len(batch)

    def _again(self, batch: Batch, killed: Killed, when: When) -> Iterator[Batch]:
        """What to hold later: the point that was missed by itself, unless it was missed too often, and the rest.

        Which calls are made depends on timing, here and there: whether two deliveries of a message meet, say.
        """
        missed, *rest = batch
        self._misses[killed, when, missed] += 1
        if self._misses[killed, when, missed] < TRIES:
            yield (missed,)
        if rest:
            yield rest

    def _is_done(self, app: str) -> bool:
        try:
            return self._unit.action.is_done(self._stage, app)
        except NotReachedError:
            return False

    def _kill(self, killed: Killed) -> None:
        """Kill and, once it is dead, let go of the calls that were held; return when there is another."""
        if killed == "worker":
            self._stage.kill_worker()
            self._stage.release()
            self._stage.wait_for_worker()
        else:
            self._stage.kill_host()
            self._stage.release()
            self._stage.restart_host()
