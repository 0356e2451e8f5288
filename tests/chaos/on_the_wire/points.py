"""Call points: which calls an action makes, as the journal of a run recorded them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

ASKED_ONCE = ("identity", "graph", "keyvault", "entra")
"""Services whose tokens a worker keeps; what differs in calls to storage is when timers fire."""

TRIES, MOST_UNMET = 3, 0.2
"""How often a call is waited for in vain, and the share of an action's calls that may not come again."""

type Route = tuple[str, str]
"""Service and label of a call."""

NOISE = frozenset[Route](
    {
        ("table", "GET unsettled()"),
        ("table", "GET cleanups()"),
        ("table", "GET due()"),
        ("queue", "GET app-registrations-poison/messages peek"),
        ("queue", "GET webhook-requests-poison/messages peek"),
        ("queue", "GET app-registration-work-poison/messages peek"),
        ("queue", "GET credential-rotations-poison/messages peek"),
        ("queue", "GET ticket-updates-poison/messages peek"),
        ("queue", "GET approval-decisions-poison/messages peek"),
        ("table", "GET ticketupdates()"),
        ("servicebus", "PEEK app-registrations/$DeadLetterQueue"),
        ("servicebus", "PEEK webhook-requests/$DeadLetterQueue"),
        ("servicebus", "PEEK app-registration-work/$DeadLetterQueue"),
        ("servicebus", "PEEK credential-rotations/$DeadLetterQueue"),
        ("servicebus", "PEEK ticket-updates/$DeadLetterQueue"),
        ("servicebus", "PEEK approval-decisions/$DeadLetterQueue"),
        ("servicebus", "RENEW app-registrations"),
        ("servicebus", "RENEW webhook-requests"),
        ("servicebus", "RENEW app-registration-work"),
        ("servicebus", "RENEW credential-rotations"),
        ("servicebus", "RENEW ticket-updates"),
        ("servicebus", "RENEW approval-decisions"),
    }
)
"""How a timer begins, which may fire during any action: points only of the actions that are a timer's own. And how a
host keeps what it works on, which depends on when the clock is moved."""
BUS = "servicebus"
_READS = ("GET", "HEAD", "PEEK", "RECEIVE", "RENEW")


@dataclass(frozen=True)
class Point:
    """The `occurrence`th call to a route in a run of an action.

    `caller` is "host", "worker", or empty for a worker's call that does not say so. `cold` says that only a worker
    that has just started makes it: it has no tokens yet.
    """

    service: str
    label: str
    caller: str
    occurrence: int
    cold: bool = False

    @property
    def by_host(self) -> bool:
        """Whether the host itself makes the call, and not its worker."""
        return self.caller == "host"

    @property
    def by_bus(self) -> bool:
        """Whether the call is one to the broker Service Bus."""
        return self.service == BUS

    @property
    def is_write(self) -> bool:
        """Whether the call changes something: a token request and taking a message off a queue do not count."""
        return not self.label.startswith(_READS) and self.service not in ("entra", "identity")

    def __str__(self) -> str:
        return f"{self.service} {self.label} #{self.occurrence}{' (cold worker)' if self.cold else ''}"


def points_of(warm: Iterable[dict[str, Any]], cold: Iterable[dict[str, Any]], ignored: frozenset[Route]) -> list[Point]:
    """All points of an action in the order of the warm run, then what a cold worker calls more often.

    `warm` and `cold` are journals of one run each; calls to `ignored` routes are none of the action's.
    """
    routine, first = _numbered(warm, ignored), _numbered(cold, ignored)
    known = set(routine)
    more = {(each.service, each.label) for each in first if each not in known and each.service in ASKED_ONCE}
    return [*routine, *(_as_cold(point) for point in first if (point.service, point.label) in more)]


def _numbered(journal: Iterable[dict[str, Any]], ignored: frozenset[Route]) -> Sequence[Point]:
    seen, points = Counter[tuple[str, str, str]](), list[Point]()
    for call in journal:
        route = call["service"], call["label"], call["caller"]
        if route[:2] not in ignored:
            seen[route] += 1
            points.append(Point(*route, seen[route]))
    return points


def _as_cold(point: Point) -> Point:
    return Point(point.service, point.label, point.caller, point.occurrence, cold=True)
