"""The wire as a test sees it: every call in one order, and traps that hold a call while its caller is killed."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from devstack.doubles.faults import ServiceName

_KEPT = 100_000
"""Calls that the journal remembers; the oldest go first."""

_POLL_SECONDS = 0.02


@dataclass
class Call:
    """One call: the `number`th since the doubles started, to the route `label` of a service.

    `caller` is "host" or "worker" where the call says so itself (see `devstack.host.child`), else empty. `status`
    is None as long as no answer was sent: the call is still running, or its connection died.
    """

    number: int
    service: ServiceName
    label: str
    caller: str
    status: int | None = None


@dataclass
class Journal:
    """The calls in the order in which they came in."""

    _calls: deque[Call] = field(default_factory=lambda: deque[Call](maxlen=_KEPT))
    _last: int = 0

    def note(self, service: ServiceName, label: str, caller: str) -> Call:
        """Write a call down."""
        self._last += 1
        call = Call(self._last, service, label, caller)
        self._calls.append(call)
        return call

    def forget(self, call: Call) -> None:
        """Take a call out again; it is one of the last."""
        later: list[Call] = []
        while self._calls and (last := self._calls.pop()) is not call:
            later.append(last)
        self._calls.extend(reversed(later))

    def since(self, number: int) -> list[Call]:
        """The calls after the one with this number."""
        newest_first = takewhile(lambda call: call.number > number, reversed(self._calls))
        return list(newest_first)[::-1]

    async def wait_for_calm(self, number: int, seconds: float) -> None:
        """Return when there is a call after the one with this number, and none has followed it for so long."""
        newest, calm_since = number, 0.0
        while True:
            last = self._calls[-1].number if self._calls else 0
            now = asyncio.get_running_loop().time()
            if last > newest:
                newest, calm_since = last, now
            elif newest > number and now - calm_since >= seconds:
                return
            await asyncio.sleep(_POLL_SECONDS)


class When(StrEnum):
    """Which moment of a call is meant."""

    BEFORE = "before"  # it has not taken effect
    AFTER = "after"  # it has taken effect, and nobody knows


class Trap(BaseModel):
    """A request to hold the `occurrence`th call to a route, counted from the arming on.

    With `caller`, only that one's calls count. In JSON the names are in camelCase.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    service: ServiceName
    label: str
    when: When
    occurrence: Annotated[int, Field(ge=1)] = 1
    caller: str | None = None


@dataclass
class ArmedTrap:
    """A trap at work; `held` is the number of the call that it holds, None until then."""

    trap: Trap
    held: int | None = None
    _seen: int = 0
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def catches(self, call: Call, when: When) -> bool:
        """Return whether this moment of this call is the one; every call of the route that is asked about counts."""
        trap = self.trap
        if self.held is not None or (trap.service, trap.label, trap.when) != (call.service, call.label, when):
            return False
        if trap.caller not in (None, call.caller):
            return False
        self._seen += 1
        return self._seen == trap.occurrence

    async def hold(self, call: Call) -> None:
        """Return when the trap is released."""
        self.held = call.number
        await self._released.wait()

    def release(self) -> None:
        """Let go of what is held."""
        self._released.set()


@dataclass
class Traps:
    """The traps that are armed, held ones included until they are released."""

    armed: list[ArmedTrap] = field(default_factory=list[ArmedTrap])

    def arm(self, trap: Trap) -> None:
        """Set one more trap."""
        self.armed.append(ArmedTrap(trap))

    def release(self) -> None:
        """Disarm all traps; the connections of the calls that they hold are dropped."""
        for armed in self.armed:
            armed.release()
        self.armed.clear()

    async def hold(self, call: Call, when: When) -> bool:
        """Hold the call if a trap is set for this moment; True when it was, and its connection must be dropped."""
        for armed in self.armed:
            if armed.catches(call, when):
                await armed.hold(call)
                return True
        return False
