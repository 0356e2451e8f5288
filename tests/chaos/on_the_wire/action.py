"""What an action of the registrar is to the crash matrix, and what most have in common."""

import json
from collections.abc import Sequence
from itertools import batched
from typing import Any, Protocol

from tests.chaos.on_the_wire.points import Point, Route
from tests.chaos.on_the_wire.recorded_stack import RecordedStack
from tests.chaos.on_the_wire.waiting import NotReachedError
from tests.e2e.driver import request

POISON = "app-registrations-poison"
_TOGETHER = 16
"""Requests that are sent at once."""


class Action(Protocol):
    """One action, done to an app of its own each time; `app` is a uniqueName and gives the request ids, too.

    `together` is how many may be under way at once without making each other's calls. `own` are the calls by which
    timers begin if this is their work. What is peculiar to the action begins with the call `since`, and ends before
    the call `until`: the rest is the work of another action, whose points these are.
    """

    name: str
    together: int
    own: frozenset[Route]
    since: Route | None
    until: Route | None

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Bring about what has to be there long before, for many apps at once."""
        ...

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Bring about what has to be there right before, for one app."""
        ...

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Set the action off; its calls come from the app, some time later."""
        ...

    def is_alone(self, point: Point) -> bool:
        """Whether the action makes this call only while no other action of its kind is held."""
        ...

    def repeat(self, stack: RecordedStack, app: str) -> None:
        """Do what a person would do again after a crash; nothing, where a queue or a timer does it."""
        ...

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether the requester has what the action is for. Raises NotReachedError when it is something else."""
        ...

    def leave(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Put right what was prepared for apps that were not needed in the end."""
        ...


class Base:
    """What most actions have in common."""

    together = 16
    own = frozenset[Route]()
    since: Route | None = None
    until: Route | None = None
    status = "completed"
    deliveries = 1

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Nothing has to be there."""

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Nothing has to be there."""

    def is_alone(self, point: Point) -> bool:
        """Whether it is a call of the host, which sees to other messages only when it is over, or of a new worker."""
        return point.by_host or point.cold

    def repeat(self, stack: RecordedStack, app: str) -> None:
        """Leave it to the queue."""

    def leave(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Nothing of it is in the way."""

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether the last of the answers that are due has arrived; any other than the expected one is a defect."""
        answers = stack.answers(self.final(app))
        if len(answers) < self.deliveries:
            return False
        if answers[-1]["data"]["status"] != self.status:
            raise NotReachedError(f"{self.final(app)} was answered {answers[-1]['data']['status']}, not {self.status}")
        return True

    def final(self, app: str) -> str:
        """Request id whose answer ends the action."""
        return request_id(app)


def request_id(app: str, what: str = "first") -> str:
    """Request id of what is done to an app."""
    return f"{app}.{what}"


def unreadable(its_id: str) -> bytes:
    """A message in which a key stands twice."""
    return f'{{"requestId": {json.dumps(its_id)}, "action": "register", "action": "register"}}'.encode()


def ask(stack: RecordedStack, *bodies: dict[str, Any]) -> None:
    """Have requests completed, with nothing left over.

    Some at a time: more of one requester's at once lose too many races for the count of their day, and come back only
    when the clock moves.
    """
    for some in batched(bodies, _TOGETHER, strict=False):
        _ask_together(stack, some)
    stack.wait_until_quiet()


def _ask_together(stack: RecordedStack, bodies: Sequence[dict[str, Any]]) -> None:
    for body in bodies:
        stack.send(body)
    stack.advance(2)
    ids = [body["requestId"] for body in bodies]
    stack.wait_for(lambda: all(stack.answers(each) for each in ids), f"the answers to {', '.join(ids)}", len(ids))


def send_and_wait(stack: RecordedStack, *apps: str) -> None:
    """Send requests that something keeps from being served at once, and see them waiting; some at a time, as `ask`."""
    for some in batched(apps, _TOGETHER, strict=False):
        for app in some:
            stack.send(request(request_id(app), app))
        stack.advance(2)
        for app in some:
            stack.wait_for_state(request_id(app), "waiting")
    stack.wait_until_quiet()


def send_in_vain(stack: RecordedStack, app: str, body: dict[str, Any] | None = None) -> None:
    """Send a request that has to wait because Graph fails once, for this app: another's retry may come first."""
    path = f"*/applications(uniqueName='{app}')"
    stack.script(service="graph", path=path, method="GET", kind="error", status=500)
    stack.send(body or request(request_id(app), app))
    stack.advance(2)
    stack.wait_for_state(request_id(app), "waiting")
    stack.wait_until_quiet()
