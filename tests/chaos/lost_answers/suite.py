"""Units of the lost answers: every n-th write of one action, each of which loses its answer so many times in a row."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tests.brokers import Broker, split
from tests.chaos.on_the_wire.actions import ACTIONS, Action
from tests.chaos.on_the_wire.narrowing_actions import Narrow
from tests.chaos.on_the_wire.part import Part, of_the_bus
from tests.chaos.on_the_wire.points import MOST_UNMET, TRIES, Point
from tests.chaos.on_the_wire.recorded_stack import RecordedStack, judged, recorded_stack
from tests.chaos.on_the_wire.recording import record
from tests.chaos.on_the_wire.waiting import NotReachedError
from tests.chaos.suite import Result, Size

_TIMES = {"once": 1, "twice": 2}
_IN_VAIN = "in-vain"
"""The call has no effect, and no answer: of what takes back, whose repetition nothing but a read can ask for, and of
calls to Service Bus, which its client repeats by itself."""
_TRIES_OF_BUS = 4
"""How often the client of Service Bus tries: when none was of use, the app hears of it."""
_SPARE = 12
"""Apps for calls that are waited for in vain."""


class LostAnswers:
    """The suite; `name` stands in the reports. The writes are the app's own: a host is Microsoft's to mend."""

    name = "lost-answers"

    def units(self, size: Size) -> Sequence[str]:
        """Every action, once and twice, and some in vain; in the small size some of the first registration."""
        if size is Size.SMALL:
            return ["register/1-of-4/once", "unreadable/1-of-2/once@servicebus"]
        return [broker.mark(f"{action.name}/1-of-1") for broker in Broker for action in ACTIONS]

    def run(self, unit: str, folder: Path) -> Result:
        """Record the action's writes on a fresh stack, lose the answer of each, and have the result judged."""
        bare, broker = split(unit)
        name, part, *only = bare.split("/")
        action = next(each for each in ACTIONS if each.name == name)
        with recorded_stack(folder, broker) as one:
            points = [point for point in record(one, action) if point.is_write and not point.by_host]
            if broker is Broker.SERVICE_BUS:
                points = of_the_bus(points, unit)
            losses = [(write, how) for write in Part.read(part).choose(points) for how in only or _ways(action, write)]
            apps = [f"{name}-{number}" for number in range(len(losses) + _SPARE)]
            action.prepare(one, apps)
            left = iter(apps)
            found = Found(left)
            for write, how in losses:
                found.lose(one, action, write, how)
            action.leave(one, list(left))
            breaches = [*found.breaches, *judged(one)]
        if len(found.unmet) > len(losses) * MOST_UNMET:
            breaches.append(f"too many calls were recorded and did not come again: {', '.join(found.unmet)}")
        figures: dict[str, float] = {
            "lost_answers": found.lost,
            "recorded_calls_that_did_not_come_again": len(found.unmet),
        }
        return Result(
            breaches=[f"{unit}: {breach}" for breach in breaches],
            figures=figures | one.witness.examined,
            notes=[f"{unit}: not met again: {each}" for each in found.unmet],
        )


SUITE = LostAnswers()


def _ways(action: Action, write: Point) -> Sequence[str]:
    is_taken_back = isinstance(action, Narrow) and write.service == "graph"
    if write.by_bus:
        return "once", _IN_VAIN
    return (*_TIMES, _IN_VAIN) if is_taken_back else tuple(_TIMES)


class Found:
    """What one unit found; `apps` are taken one after the other."""

    def __init__(self, apps: Iterator[str]) -> None:
        self._apps = apps
        self.breaches: list[str] = []
        self.unmet: list[str] = []
        self.lost = 0

    def lose(self, one: RecordedStack, action: Action, write: Point, how: str) -> None:
        """Lose the answer of one write, tried again with another app while the call does not come.

        Which calls are made depends on timing, here and there: whether two deliveries of a message meet, say.
        """
        for _ in range(TRIES):
            try:
                problem = lose(one, action, next(self._apps), write, how)
            except NeverMadeError:
                continue
            self.lost += _TIMES.get(how, 1)
            if problem is not None:
                self.breaches.append(problem)
            return
        self.unmet.append(str(write))


class NeverMadeError(Exception):
    """The action came to its end without the call that was to lose its answer."""


def lose(one: RecordedStack, action: Action, app: str, write: Point, how: str) -> str | None:
    """Do the action while one of its writes loses its answer; what is wrong, if anything.

    Afterwards it is begun again by whoever would: a person without an answer, a timer at its next moment. Whoever does
    not repeat a call, as with addPassword, loses no second answer of it. Raises NeverMadeError.
    """
    try:
        action.lead_up(one, app)
        method, _, path = write.label.partition(" ")
        route = {"service": write.service, "method": method, "path": path}
        kind, times = "lostAnswer", _TIMES.get(how, 1)
        if how == _IN_VAIN:
            kind, times = "refuse", _TRIES_OF_BUS if write.by_bus else 1
        one.script(**route, kind=kind, times=times, after=write.occurrence - 1)
        action.begin(one, app)
        one.advance(2)
        for _ in range(_TIMES.get(how, 1)):
            one.wait_until_quiet()
            with suppress(NotReachedError):  # it may lose its answer as well
                action.repeat(one, app)
        one.settle(lambda: action.is_done(one, app))
        if any(fault["times"] == times for fault in one.faults()):
            raise NeverMadeError
    except NotReachedError as missed:
        return f"{app} at {write}: {missed}"
    finally:
        one.forget_faults()
    return None
