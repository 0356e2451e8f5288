"""What timers do: tidy up, and carry on what queue or host have lost."""

from datetime import datetime

from tests.chaos.on_the_wire.action import POISON, Base, ask, request_id, send_and_wait, send_in_vain, unreadable
from tests.chaos.on_the_wire.points import Route
from tests.chaos.on_the_wire.recorded_stack import RecordedStack
from tests.e2e.driver import request

_REPORT_OLD_SECONDS, _FORMATS = 5 * 3600, 3
_DAY_SECONDS = 24 * 3600
_CLEANED_EVERY_SECONDS = 300
"""Half a minute after each of these the timer comes."""
_ATTEMPT = ("table", "GET backoff")
"""With this call every attempt begins; the points of what follows are those of the first registration."""


class CleanUp(Base):
    """A secret whose value was lost with an answer, and whose request came to nothing: a timer removes it."""

    name = "clean-up"
    together = 1
    own = frozenset({("table", "GET cleanups()")})

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Lose the answer of addPassword, and let the request reach its deadline between two runs of the timer."""
        stack.advance((120 - stack.now().timestamp()) % _CLEANED_EVERY_SECONDS)
        stack.script(service="graph", path="/applications/{id}/addPassword", kind="lostAnswer")
        send_and_wait(stack, app)
        for seconds in (_DAY_SECONDS - 30, 60):
            stack.script(service="graph", path="/applications(uniqueName)", method="GET", kind="error", status=500)
            stack.advance(seconds)
            stack.wait_until_quiet()
        stack.wait_for(lambda: bool(stack.answers(request_id(app))), "the answer to the request that failed")
        stack.wait_until_quiet()

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Let the timer's next moment come."""
        stack.advance(_CLEANED_EVERY_SECONDS)

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether nothing is left to be tidied up is asked of the table, for every action."""
        return True


class Poison(Base):
    """A proper request that the host gave up on: a timer takes it up again, and an attempt follows as always."""

    name = "poison"
    together = 1
    own = frozenset(
        {
            ("queue", f"GET {POISON}/messages peek"),
            ("queue", "GET app-registration-work-poison/messages peek"),
            ("queue", "GET credential-rotations-poison/messages peek"),
            ("servicebus", "PEEK app-registrations/$DeadLetterQueue"),
            ("servicebus", "PEEK app-registration-work/$DeadLetterQueue"),
            ("servicebus", "PEEK credential-rotations/$DeadLetterQueue"),
        }
    )
    until: Route | None = _ATTEMPT

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Put it where the host puts such messages, and let the timer's next moment come."""
        stack.send(request(request_id(app), app), given_up=True)
        stack.advance(300)


class PoisonUnreadable(Poison):
    """A message that nobody can read, and that the host gave up on: a timer rejects and keeps it."""

    name = "poison-unreadable"
    status = "rejected"
    until = None

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Put it where the host puts such messages, and let the timer's next moment come."""
        stack.send({"requestId": request_id(app)}, as_it_is=unreadable(request_id(app)), given_up=True)
        stack.advance(300)


class Report(Base):
    """The nightly report: read whole, and written last of all."""

    name = "report"
    together = 1

    def __init__(self) -> None:
        self._before: dict[str, dict[str, datetime]] = {}

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Let the newest report grow old: a young one is not made again."""
        stack.advance(_REPORT_OLD_SECONDS)
        stack.settle(lambda: True)
        self._before[app] = stack.report_as_of()

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Start it."""
        stack.call("report_credentials")

    def repeat(self, stack: RecordedStack, app: str) -> None:
        """Start it again, as the timer does an hour later; nothing, if it was written in time."""
        stack.call("report_credentials")

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether all formats are newer than before, and of one moment."""
        before, now = self._before[app], stack.report_as_of()
        return len(now) == _FORMATS and len(set(now.values())) == 1 and not before.items() & now.items()


class ExtendAudit(Base):
    """What a registration left in the outbox comes into the chain."""

    name = "extend-audit"
    together = 1

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Have something to be taken over."""
        ask(stack, request(request_id(app), app))

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Start it."""
        stack.call("extend_audit")

    def repeat(self, stack: RecordedStack, app: str) -> None:
        """Start it again, as the timer does a minute later."""
        stack.call("extend_audit")

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether nothing waits any more; that the chain is whole, the witness says in the end."""
        return stack.noted() == 0


class AnchorAudit(Base):
    """The chain's end is written down for the day."""

    name = "anchor-audit"
    together = 1

    def __init__(self) -> None:
        self._days: dict[str, str] = {}

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Let a day begin that has no anchor."""
        stack.advance(_DAY_SECONDS)
        stack.settle(lambda: True)
        self._days[app] = f"{stack.now():%Y-%m-%d}"

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Start it."""
        stack.call("anchor_audit")

    def repeat(self, stack: RecordedStack, app: str) -> None:
        """Start it again, as the timer does an hour later."""
        stack.call("anchor_audit")

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether the day has its anchor, or the next one that came meanwhile; and no second one, from doubt."""
        anchored = stack.anchored_days()
        return max(anchored, default="") >= self._days[app] and all(
            len(day) == len(self._days[app]) for day in anchored
        )


class Resume(Base):
    """An operation whose message was lost with its queue: a timer sends it again, and an attempt follows as always."""

    name = "resume"
    together = 1
    own = frozenset({("table", "GET unsettled()")})
    until: Route | None = _ATTEMPT

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Have a request wait, and take its message away."""
        send_in_vain(stack, app)
        stack.empty("app-registration-work")

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Let so much time pass that it is missed."""
        stack.advance(120)
