"""Records the call points of an action: from what goes over the wire while it is done, and from nothing else."""

from typing import Any

from tests.chaos.on_the_wire.actions import Action
from tests.chaos.on_the_wire.points import NOISE, Point, Route, points_of
from tests.chaos.on_the_wire.stage import Stage

_CALM_SECONDS = 1.5
"""A recorded run is not hurried: a move of the clock in the middle of it would add calls."""


def record(stage: Stage, action: Action) -> list[Point]:
    """Do the action twice, on a worker that has just started and on one at work, and return its points."""
    apps = [f"{action.name}-cold", f"{action.name}-warm"]
    action.prepare(stage, apps)
    cold, warm = (_journal(stage, action, app, anew=app == apps[0]) for app in apps)
    points = points_of(warm, cold, NOISE - action.own)
    return points if action.since is None else _since(points, action.since)


def _since(points: list[Point], route: Route) -> list[Point]:
    """The points from the first of a route on; those of a cold worker come before it. Raises ValueError without any."""
    routine = [point for point in points if not point.cold]
    first = [(point.service, point.label) for point in routine].index(route)
    return routine[first:]


def _journal(stage: Stage, action: Action, app: str, *, anew: bool) -> list[dict[str, Any]]:
    """The calls of one run of the action, from its beginning to the end of what is peculiar to it."""
    action.lead_up(stage, app)
    since = stage.last_call()
    if anew:
        stage.kill_worker()
        stage.wait_for_worker()
    action.begin(stage, app)
    stage.advance(2)
    stage.settle(lambda: action.is_done(stage, app), _CALM_SECONDS)
    calls = stage.journal(since)
    ends = [n for n, call in enumerate(calls) if (call["service"], call["label"]) == action.until]
    return calls[: ends[0]] if ends else calls
