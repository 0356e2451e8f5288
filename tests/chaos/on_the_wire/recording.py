"""Records the call points of an action: from what goes over the wire while it is done, and from nothing else."""

from typing import Any

from tests.chaos.on_the_wire.actions import Action
from tests.chaos.on_the_wire.points import NOISE, Point, Route, points_of
from tests.chaos.on_the_wire.recorded_stack import RecordedStack

_CALM_SECONDS = 1.5
"""A recorded run is not hurried: a move of the clock in the middle of it would add calls."""


def record(stack: RecordedStack, action: Action) -> list[Point]:
    """Do the action twice, on a worker that has just started and on one at work, and return its points."""
    apps = [f"{action.name}-cold", f"{action.name}-warm"]
    action.prepare(stack, apps)
    cold, warm = (_journal(stack, action, app, anew=app == apps[0]) for app in apps)
    points = points_of(warm, cold, NOISE - action.own)
    return points if action.since is None else _since(points, action.since)


def _since(points: list[Point], route: Route) -> list[Point]:
    """The points from the first of a route on; those of a cold worker come before it. Raises ValueError without any."""
    routine = [point for point in points if not point.cold]
    first = [(point.service, point.label) for point in routine].index(route)
    return routine[first:]


def _journal(stack: RecordedStack, action: Action, app: str, *, anew: bool) -> list[dict[str, Any]]:
    """The calls of one run of the action, from its beginning to the end of what is peculiar to it."""
    action.lead_up(stack, app)
    since = stack.last_call()
    if anew:
        stack.kill_worker()
        stack.wait_for_worker()
    action.begin(stack, app)
    stack.advance(2)
    stack.settle(lambda: action.is_done(stack, app), _CALM_SECONDS)
    calls = stack.journal(since)
    ends = [n for n, call in enumerate(calls) if (call["service"], call["label"]) == action.until]
    return calls[: ends[0]] if ends else calls
