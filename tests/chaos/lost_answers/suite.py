"""Units of the lost answers: every n-th write of one action, each of which loses its answer so many times in a row."""

from collections.abc import Sequence
from pathlib import Path

from tests.chaos.on_the_wire.actions import ACTIONS, Action
from tests.chaos.on_the_wire.part import Part
from tests.chaos.on_the_wire.points import Point
from tests.chaos.on_the_wire.recording import record
from tests.chaos.on_the_wire.stage import NotReached, Stage, judged, stage
from tests.chaos.suite import Result, Size

_TIMES = {"once": 1, "twice": 2}


class LostAnswers:
    """The suite; `name` stands in the reports. The writes are the app's own: a host is Microsoft's to mend."""

    name = "lost-answers"

    def units(self, size: Size) -> Sequence[str]:
        """Every action, once and twice; in the small size some of the first registration."""
        if size is Size.SMALL:
            return ["register/1-of-4/once"]
        return [f"{action.name}/1-of-1" for action in ACTIONS]

    def run(self, unit: str, folder: Path) -> Result:
        """Record the action's writes on a fresh stack, lose the answer of each, and have the result judged."""
        name, part, *only = unit.split("/")
        action = next(each for each in ACTIONS if each.name == name)
        with stage(folder) as one:
            points = [point for point in record(one, action) if point.is_write and not point.by_host]
            losses = [(write, _TIMES[times]) for times in only or _TIMES for write in Part.read(part).choose(points)]
            apps = [f"{name}-{number}" for number in range(len(losses))]
            action.prepare(one, apps)
            found = [lose(one, action, app, write, times) for app, (write, times) in zip(apps, losses, strict=True)]
            breaches = [*(each for each in found if each), *judged(one)]
        lost: dict[str, float] = {"lost_answers": sum(times for _, times in losses)}
        return Result(breaches=[f"{unit}: {breach}" for breach in breaches], figures=lost | one.witness.examined)


SUITE = LostAnswers()


def lose(one: Stage, action: Action, app: str, write: Point, times: int) -> str | None:
    """Do the action while one of its writes loses its answer; what is wrong, if anything.

    Whoever does not repeat a call, as with addPassword, loses no second answer of it.
    """
    try:
        action.lead_up(one, app)
        method, _, path = write.label.partition(" ")
        route = {"service": write.service, "method": method, "path": path}
        one.script(**route, kind="lostAnswer", times=times, after=write.occurrence - 1)
        action.begin(one, app)
        one.advance(2)
        one.settle(lambda: action.is_done(one, app))
        if any(fault["times"] == times for fault in one.faults()):
            return f"{app} at {write}: the call was never made"
    except NotReached as missed:
        return f"{app} at {write}: {missed}"
    finally:
        one.forget_faults()
    return None
