"""Changes that take back: less permissions, no consent, another redirect URI in the place of one."""

from collections.abc import Sequence
from typing import Any

from tests.chaos.on_the_wire.action import Base, ask, request_id
from tests.chaos.on_the_wire.points import Route
from tests.chaos.on_the_wire.recorded_stack import RecordedStack
from tests.e2e.driver import request

_BEYOND_LAG_SECONDS = 301
_WIDE: list[dict[str, Any]] = [
    {"api": "Azure Digital Twins", "delegated": ["Read.Write"]},
    {"api": "Microsoft Graph", "delegated": ["User.Read"]},
]


class Narrow(Base):
    """An app loses a permission, and a redirect URI for another one."""

    name = "narrow"
    until: Route | None = ("table", "DELETE unsettled")

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Register the apps with more, so long ago that no read is older."""
        ask(stack, *(request(request_id(app), app, apiPermissions=_WIDE) for app in apps))
        stack.advance(_BEYOND_LAG_SECONDS)

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send the change."""
        narrowed = request(self.final(app), app, apiPermissions=_WIDE[:1])
        narrowed["application"]["publicClient"]["redirectUris"] = ["http://localhost/narrowed"]
        stack.send(narrowed)

    def final(self, app: str) -> str:
        """The change has an id of its own."""
        return request_id(app, "narrow")


class TakeBack(Narrow):
    """An app loses all consents, and comes to hold nothing."""

    name = "take-back"

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send the change."""
        stack.send(request(self.final(app), app, apiPermissions=_WIDE, adminConsent=False))


class FinishTakingBack(Narrow):
    """What a change took back is looked at once more by a timer, and forgotten."""

    name = "finish-taking-back"
    together = 1
    own = frozenset({("table", "GET cleanups()")})
    until = None

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Have the change completed."""
        super().begin(stack, app)
        stack.advance(2)
        stack.wait_for(lambda: bool(stack.answers(self.final(app))), f"the answer to {self.final(app)}")
        stack.wait_until_quiet()

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Let the lag window pass, and the timer's next moment come."""
        stack.advance(600)
