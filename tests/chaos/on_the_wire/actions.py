"""Every action of the registrar that exists: how it comes to be possible, what sets it off, and how it ends well."""

import json
import threading
from collections.abc import Sequence
from typing import Any, Protocol

import httpx

from tests.chaos.on_the_wire.points import Point, Route
from tests.chaos.on_the_wire.stage import NotReached, Stage
from tests.e2e.driver import request

_DAY = 24 * 3600
_SLOW_SECRET_SECONDS = 40 * 3600
"""Longer than a request may take, so that it fails; shorter than two days, so that it can be replayed."""
_POISON = "app-registrations-poison"
_ATTEMPT = ("table", "GET backoff")
"""With this call every attempt begins; the points of what follows are those of the first registration."""


class Action(Protocol):
    """One action, done to an app of its own each time; `app` is a uniqueName and gives the request ids, too.

    `together` is how many may be under way at once without making each other's calls. `own` are the calls by which
    timers begin if this is their work. `until` is the call that ends what is peculiar to the action.
    """

    name: str
    together: int
    own: frozenset[Route]
    until: Route | None

    def prepare(self, stage: Stage, apps: Sequence[str]) -> None:
        """Bring about what has to be there long before, for many apps at once."""
        ...

    def lead_up(self, stage: Stage, app: str) -> None:
        """Bring about what has to be there right before, for one app."""
        ...

    def begin(self, stage: Stage, app: str) -> None:
        """Set the action off; its calls come from the app, some time later."""
        ...

    def is_alone(self, point: Point) -> bool:
        """Whether the action makes this call only while no other action of its kind is held."""
        ...

    def repeat(self, stage: Stage, app: str) -> None:
        """Do what a person would do again after a crash; nothing, where a queue or a timer does it."""
        ...

    def is_done(self, stage: Stage, app: str) -> bool:
        """Whether the requester has what the action is for. Raises NotReached when it is something else."""
        ...


class _Base:
    """What most actions have in common."""

    together = 3
    own = frozenset[Route]()
    until: Route | None = None
    status = "completed"
    deliveries = 1

    def prepare(self, stage: Stage, apps: Sequence[str]) -> None:
        """Nothing has to be there."""

    def lead_up(self, stage: Stage, app: str) -> None:
        """Nothing has to be there."""

    def is_alone(self, point: Point) -> bool:
        """Whether it is a call of the host, which sees to other messages only when it is over, or of a new worker."""
        return point.by_host or point.cold

    def repeat(self, stage: Stage, app: str) -> None:
        """Leave it to the queue."""

    def is_done(self, stage: Stage, app: str) -> bool:
        """Whether the last of the answers that are due has arrived; any other than the expected one is a defect."""
        answers = stage.answers(self.final(app))
        if len(answers) < self.deliveries:
            return False
        if answers[-1]["data"]["status"] != self.status:
            raise NotReached(f"{self.final(app)} was answered {answers[-1]['data']['status']}, not {self.status}")
        return True

    def final(self, app: str) -> str:
        """Request id whose answer ends the action."""
        return _id(app)


class Register(_Base):
    """The first registration of an app."""

    name = "register"

    def begin(self, stage: Stage, app: str) -> None:
        """Send the request."""
        stage.send(request(_id(app), app))


class Change(_Base):
    """A change of an app that exists: another redirect URI, another permission, another credential."""

    name = "change"

    def prepare(self, stage: Stage, apps: Sequence[str]) -> None:
        """Register the apps."""
        _ask(stage, *(request(_id(app), app) for app in apps))

    def begin(self, stage: Stage, app: str) -> None:
        """Send the changed request."""
        changed = request(self.final(app), app)
        changed["application"]["publicClient"]["redirectUris"].append("http://localhost/changed")
        changed["application"]["apiPermissions"].append({"api": "Microsoft Graph", "delegated": ["User.Read"]})
        changed["credentials"].append({**changed["credentials"][0], "name": "second-secret"})
        stage.send(changed)

    def final(self, app: str) -> str:
        """The change has an id of its own."""
        return _id(app, "change")


class Again(_Base):
    """The same request once more: the recorded answer, delivered again."""

    name = "again"
    deliveries = 2

    def prepare(self, stage: Stage, apps: Sequence[str]) -> None:
        """Register the apps."""
        _ask(stage, *(request(_id(app), app) for app in apps))

    def begin(self, stage: Stage, app: str) -> None:
        """Send the very same request."""
        stage.send(request(_id(app), app))


class Reject(_Base):
    """A request that the policy forbids."""

    name = "reject"
    status = "rejected"

    def begin(self, stage: Stage, app: str) -> None:
        """Ask for control of the tenant."""
        forbidden = [{"api": "Microsoft Graph", "delegated": ["Directory.AccessAsUser.All"]}]
        stage.send(request(_id(app), app, apiPermissions=forbidden))


class Unreadable(_Base):
    """A message that is no request: a key stands twice."""

    name = "unreadable"
    status = "rejected"

    def begin(self, stage: Stage, app: str) -> None:
        """Send it."""
        stage.send({"requestId": _id(app)}, as_it_is=_unreadable(_id(app)))


class Supersede(_Base):
    """A change that was overtaken by a newer one while it waited."""

    name = "supersede"
    status = "rejected"

    def lead_up(self, stage: Stage, app: str) -> None:
        """Have the first change wait for Graph, and the second one completed."""
        _send_in_vain(stage, app)
        _ask(stage, request(_id(app, "newer"), app))
        stage.wait_for_state(_id(app), "waiting")

    def begin(self, stage: Stage, app: str) -> None:
        """Let the first one go on."""
        stage.advance(8)


class Fail(_Base):
    """A request that comes to its deadline: its secret does not begin to work for days."""

    name = "fail"
    status = "failed"
    together = 1

    def lead_up(self, stage: Stage, app: str) -> None:
        """Have the request wait for its secret."""
        stage.driver.weather(secretActivationSeconds=_SLOW_SECRET_SECONDS)
        _send_and_wait(stage, app)

    def begin(self, stage: Stage, app: str) -> None:
        """Let a day pass."""
        stage.advance(_DAY + 3600)


class Replay(_Base):
    """A failed request that is sent again by its operator, once the cause is mended."""

    name = "replay"
    deliveries = 2

    def prepare(self, stage: Stage, apps: Sequence[str]) -> None:
        """Have the requests fail, and make everything work again; one more fails and is never replayed."""
        stage.driver.weather(secretActivationSeconds=_SLOW_SECRET_SECONDS)
        _send_and_wait(stage, *apps, f"{apps[0]}-bystander")
        stage.advance(_DAY + 3600)
        stage.settle(lambda: all(stage.answers(_id(app)) for app in apps))
        stage.driver.weather()
        stage.advance(_SLOW_SECRET_SECONDS - _DAY)
        stage.hide(_POISON)

    def begin(self, stage: Stage, app: str) -> None:
        """Ask for the replay, without waiting for what comes of it: the host may die over it."""
        stage.show(_POISON, f'"{_id(app)}"')
        threading.Thread(target=self._ask, args=(stage, app), daemon=True).start()

    def is_alone(self, point: Point) -> bool:
        """Whether it is a look through the poison queue: what one looks at, others do not see meanwhile."""
        return super().is_alone(point) or _POISON in point.label

    def repeat(self, stage: Stage, app: str) -> None:
        """Ask again, as an operator would who got no answer: 409 says that it was taken."""
        answer = self._ask(stage, app)
        if answer is None or answer.status_code not in (202, 409):
            raise NotReached(f"the replay of {_id(app)} was answered {answer and answer.status_code}")

    def _ask(self, stage: Stage, app: str) -> httpx.Response | None:
        row = stage.record(_id(app)) or {}
        operation = str(row["PartitionKey"]).removeprefix("operation-")
        try:
            return stage.functions.post(f"/api/operations/{operation}/replay")
        except httpx.TransportError:
            return None


class CleanUp(_Base):
    """A secret whose value was lost with an answer, and whose request came to nothing: a timer removes it."""

    name = "clean-up"
    together = 1
    own = frozenset({("table", "GET cleanups()")})

    def lead_up(self, stage: Stage, app: str) -> None:
        """Lose the answer of addPassword, and supersede the request that issued the secret."""
        stage.script(service="graph", path="/applications/{id}/addPassword", kind="lostAnswer")
        _send_and_wait(stage, app)
        _ask(stage, request(_id(app, "newer"), app))
        stage.advance(15)
        stage.wait_for(lambda: bool(stage.answers(_id(app))), "the overtaken request's answer")
        stage.wait_until_quiet()

    def begin(self, stage: Stage, app: str) -> None:
        """Let the lag window pass, and the timer's next moment come."""
        stage.advance(600)

    def is_done(self, stage: Stage, app: str) -> bool:
        """Whether nothing is left to be tidied up is asked of the table, for every action."""
        return True


class Poison(_Base):
    """A proper request that the host gave up on: a timer takes it up again, and an attempt follows as always."""

    name = "poison"
    together = 1
    own = frozenset(
        {
            ("queue", f"GET {_POISON}/messages peek"),
            ("queue", "GET app-registration-work-poison/messages peek"),
        }
    )
    until: Route | None = _ATTEMPT

    def begin(self, stage: Stage, app: str) -> None:
        """Put it where the host puts such messages, and let the timer's next moment come."""
        stage.send(request(_id(app), app), queue=_POISON)
        stage.advance(300)


class PoisonUnreadable(Poison):
    """A message that nobody can read, and that the host gave up on: a timer answers and keeps it."""

    name = "poison-unreadable"
    status = "failed"
    until = None

    def begin(self, stage: Stage, app: str) -> None:
        """Put it where the host puts such messages, and let the timer's next moment come."""
        stage.send({"requestId": _id(app)}, as_it_is=_unreadable(_id(app)), queue=_POISON)
        stage.advance(300)


class Resume(_Base):
    """An operation whose message was lost with its queue: a timer sends it again, and an attempt follows as always."""

    name = "resume"
    together = 1
    own = frozenset({("table", "GET unsettled()")})
    until: Route | None = _ATTEMPT

    def lead_up(self, stage: Stage, app: str) -> None:
        """Have a request wait, and take its message away."""
        _send_in_vain(stage, app)
        stage.empty("app-registration-work")

    def begin(self, stage: Stage, app: str) -> None:
        """Let so much time pass that it is missed."""
        stage.advance(120)


ACTIONS: Sequence[Action] = (
    Register(),
    Change(),
    Again(),
    Reject(),
    Unreadable(),
    Supersede(),
    Fail(),
    Replay(),
    CleanUp(),
    Poison(),
    PoisonUnreadable(),
    Resume(),
)


def _id(app: str, what: str = "first") -> str:
    return f"{app}.{what}"


def _unreadable(request_id: str) -> bytes:
    return f'{{"requestId": {json.dumps(request_id)}, "action": "register", "action": "register"}}'.encode()


def _ask(stage: Stage, *bodies: dict[str, Any]) -> None:
    """Have requests completed, with nothing left over."""
    for body in bodies:
        stage.send(body)
    stage.advance(2)
    ids = [body["requestId"] for body in bodies]
    stage.wait_for(lambda: all(stage.answers(each) for each in ids), f"the answers to {', '.join(ids)}")
    stage.wait_until_quiet()


def _send_and_wait(stage: Stage, *apps: str) -> None:
    """Send requests that something keeps from being served at once, and see them waiting."""
    for app in apps:
        stage.send(request(_id(app), app))
    stage.advance(2)
    for app in apps:
        stage.wait_for_state(_id(app), "waiting")
    stage.wait_until_quiet()


def _send_in_vain(stage: Stage, app: str) -> None:
    """Send a request that has to wait because Graph fails once."""
    stage.script(service="graph", path="/applications(uniqueName)", method="GET", kind="error", status=500)
    _send_and_wait(stage, app)
