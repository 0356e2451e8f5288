"""Every action of the registrar that exists: how it comes to be possible, what sets it off, and how it ends well."""

import threading
from collections.abc import Sequence

import httpx

from tests.chaos.on_the_wire.action import (
    POISON,
    Action,
    Base,
    ask,
    request_id,
    send_and_wait,
    send_in_vain,
    unreadable,
)
from tests.chaos.on_the_wire.narrowing_actions import FinishTakingBack, Narrow, TakeBack
from tests.chaos.on_the_wire.points import Point
from tests.chaos.on_the_wire.recorded_stack import RecordedStack
from tests.chaos.on_the_wire.refusal_actions import RefuseLate
from tests.chaos.on_the_wire.rotation_actions import (
    Check,
    RegisterCertificate,
    Replace,
    Retire,
    RetireCertificate,
    Revoke,
    Rotate,
    RotateCertificate,
    Sweep,
)
from tests.chaos.on_the_wire.ticket_actions import Approve, Await, ChangeForm, Decide, Tell, Webhook
from tests.chaos.on_the_wire.timer_actions import (
    AnchorAudit,
    CleanUp,
    ExtendAudit,
    Poison,
    PoisonUnreadable,
    Report,
    Resume,
)
from tests.chaos.on_the_wire.waiting import NotReachedError
from tests.e2e.driver import request

_DAY = 24 * 3600
_SLOW_SECRET_SECONDS = 40 * 3600
"""Longer than a request may take, so that it fails; shorter than two days, so that it can be replayed."""


class Register(Base):
    """The first registration of an app."""

    name = "register"

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send the request."""
        stack.send(request(request_id(app), app))


class Change(Base):
    """A change of an app that was made moments ago: another redirect URI, another permission, another credential."""

    name = "change"

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Register the app: within the lag window, a change has more to remember."""
        ask(stack, request(request_id(app), app))

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send the changed request."""
        changed = request(self.final(app), app)
        changed["application"]["publicClient"]["redirectUris"].append("http://localhost/changed")
        changed["application"]["apiPermissions"].append({"api": "Microsoft Graph", "delegated": ["User.Read"]})
        changed["credentials"].append({**changed["credentials"][0], "name": "second-secret"})
        stack.send(changed)

    def final(self, app: str) -> str:
        """The change has an id of its own."""
        return request_id(app, "change")


class Again(Base):
    """The same request once more: the recorded answer, delivered again."""

    name = "again"
    deliveries = 2

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Register the apps."""
        ask(stack, *(request(request_id(app), app) for app in apps))

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send the very same request."""
        stack.send(request(request_id(app), app))


class Reject(Base):
    """A request that the policy forbids."""

    name = "reject"
    status = "rejected"

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Ask for control of the tenant."""
        forbidden = [{"api": "Microsoft Graph", "delegated": ["Directory.AccessAsUser.All"]}]
        stack.send(request(request_id(app), app, apiPermissions=forbidden))


class Unreadable(Base):
    """A message that is no request: a key stands twice."""

    name = "unreadable"
    status = "rejected"

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send it."""
        stack.send({"requestId": request_id(app)}, as_it_is=unreadable(request_id(app)))


class Supersede(Base):
    """A change that was overtaken by a newer one while it waited."""

    name = "supersede"
    status = "rejected"

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Have the first change wait for Graph, and the second one completed."""
        send_in_vain(stack, app)
        ask(stack, request(request_id(app, "newer"), app))
        stack.wait_for_state(request_id(app), "waiting")

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Let the first one go on."""
        stack.advance(8)


class Fail(Base):
    """A request that comes to its deadline: its secret does not begin to work for days."""

    name = "fail"
    status = "failed"
    together = 1

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Have the request wait for its secret."""
        stack.driver.weather(secretActivationSeconds=_SLOW_SECRET_SECONDS)
        send_and_wait(stack, app)

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Let a day pass."""
        stack.advance(_DAY + 3600)


class Replay(Base):
    """A failed request that is sent again by its operator, once the cause is mended."""

    name = "replay"
    deliveries = 2

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Have the requests fail, and make everything work again; one more fails and is never replayed."""
        stack.driver.weather(secretActivationSeconds=_SLOW_SECRET_SECONDS)
        send_and_wait(stack, *apps, f"{apps[0]}-bystander")
        stack.advance(_DAY + 3600)
        stack.settle(lambda: all(stack.answers(request_id(app)) for app in apps))
        stack.driver.weather()
        stack.advance(_SLOW_SECRET_SECONDS - _DAY)
        stack.hide(POISON)

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Ask for the replay, without waiting for what comes of it: the host may die over it."""
        stack.show(POISON, f'"{request_id(app)}"')
        threading.Thread(target=self._ask, args=(stack, app), daemon=True).start()

    def is_alone(self, point: Point) -> bool:
        """Whether it is a look through the poison queue: what one looks at, others do not see meanwhile."""
        return super().is_alone(point) or POISON in point.label

    def repeat(self, stack: RecordedStack, app: str) -> None:
        """Ask again, as an operator would who got no answer: 409 says that it was taken."""
        answer = self._ask(stack, app)
        if answer is None or answer.status_code not in (202, 409):
            raise NotReachedError(f"the replay of {request_id(app)} was answered {answer and answer.status_code}")

    def _ask(self, stack: RecordedStack, app: str) -> httpx.Response | None:
        row = stack.record(request_id(app)) or {}
        operation = str(row["PartitionKey"]).removeprefix("operation-")
        try:
            return stack.functions.post(f"/api/operations/{operation}/replay")
        except httpx.TransportError:
            return None


ACTIONS: Sequence[Action] = (
    Register(),
    Change(),
    Narrow(),
    TakeBack(),
    FinishTakingBack(),
    Again(),
    Reject(),
    Unreadable(),
    Supersede(),
    Fail(),
    Replay(),
    Webhook(),
    Await(),
    Decide(),
    ChangeForm(),
    Approve(),
    Tell(),
    CleanUp(),
    Poison(),
    PoisonUnreadable(),
    Resume(),
    Report(),
    ExtendAudit(),
    AnchorAudit(),
    Rotate(),
    Revoke(),
    Replace(),
    Retire(),
    Sweep(),
    Check(),
    RegisterCertificate(),
    RotateCertificate(),
    RetireCertificate(),
    RefuseLate(),
)
