"""The recorded wire of a stack: its journal, its clock, its traps and faults."""

from datetime import datetime
from typing import Any

import httpx

from tests.chaos.on_the_wire.points import ASKED_ONCE, Point


class RecordedWire:
    """Every call of the app, in order; and what the control plane does to the calls that come."""

    def __init__(self, control: httpx.Client) -> None:
        self._control = control
        self.is_cold = True
        """Whether the worker has just started and holds no tokens yet."""
        self.is_starting = True
        """Whether the worker has called nobody yet."""
        self._last_seen = 0

    def advance(self, seconds: float) -> None:
        """Move the stack clock, which also wakes whoever waits between two looks at a queue."""
        self._control.post("/clock", json={"advanceSeconds": seconds}).raise_for_status()

    def now(self) -> datetime:
        """The time on the stack clock."""
        return datetime.fromisoformat(self._control.get("/clock").json()["now"])

    def journal(self, since: int = 0, *, within: float = 0, calm: float = 0) -> list[dict[str, Any]]:
        """The calls of the app after the one with this number.

        With `within`, wait up to so many seconds until there are any and none has come for `calm` seconds more.
        """
        asked = {"since": since, "within": within, "calm": calm}
        calls = self._control.get("/journal", params=asked).raise_for_status().json()
        self.is_starting &= not any(call["caller"] != "host" for call in calls)
        self.is_cold &= not any(call["service"] in ASKED_ONCE for call in calls)
        self._last_seen = calls[-1]["number"] if calls else self._last_seen
        return calls

    def last_call(self) -> int:
        """Number of the newest call."""
        self.journal(self._last_seen)
        return self._last_seen

    def arm(self, point: Point, when: str) -> None:
        """Set a trap at a point, "before" or "after" it."""
        trap = {"service": point.service, "label": point.label, "caller": point.caller, "occurrence": point.occurrence}
        self._control.post("/traps", json=trap | {"when": when}).raise_for_status()

    def _held(self) -> int:
        return sum(trap["held"] is not None for trap in self._control.get("/traps").json())

    def release(self) -> None:
        """Let go of what traps hold: the connections of these calls die."""
        self._control.delete("/traps").raise_for_status()

    def script(self, **fault: Any) -> None:
        """Script a fault."""
        self._control.post("/faults", json=fault).raise_for_status()

    def faults(self) -> list[dict[str, Any]]:
        """The scripted faults that are still to come."""
        return self._control.get("/faults").json()

    def forget_faults(self) -> None:
        """Take all faults back."""
        self._control.delete("/faults").raise_for_status()

    def new_ticket(self) -> dict[str, Any]:
        """Somebody's ticket in ServiceNow, of which nobody tells the registrar."""
        self._control.put("/ticketing/flow", json={"on": False}).raise_for_status()
        wish = {"system": "servicenow", "requestedFor": {"email": "ada@contoso.example"}}
        return self._control.post("/ticketing/tickets", json=wish).raise_for_status().json()

    def ticket(self, number: str) -> dict[str, Any]:
        """A ticket with its notes."""
        return self._control.get(f"/ticketing/tickets/{number}").raise_for_status().json()
