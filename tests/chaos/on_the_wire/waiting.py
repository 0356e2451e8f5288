"""Waiting for a stack: as little wall time as possible, and no more stack time than needed."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import httpx

from demo.requester import has_bus
from tests.chaos.on_the_wire.stored import StoredRecords
from tests.chaos.on_the_wire.wire import RecordedWire

_CALM_SECONDS, _QUIET_SECONDS = 0.05, 0.2
_PATIENCE_SECONDS = 30.0
_FIRST_CALL_SECONDS = 2.0
_NUDGES, _NUDGES_OF_A_WAIT, _NUDGE_WALL_SECONDS = 4, 3, 0.4
_NUDGE_SECONDS = 2
"""How long a host waits between two looks at a queue at most: so much stack time wakes it, and no timer."""
_OPENING_SECONDS = 1.0
"""How long the client of Service Bus takes to open a link, without a call. When the clock is moved meanwhile, it gives
up: it reckons by that clock how long it has waited for its token to be taken."""
_FEW_MOVES, _MANY_MOVES = 16, 80
"""Of the clock, until something counts as stuck: a quarter of an hour has passed by then, or days."""


class NotReachedError(Exception):
    """What was waited for did not come about; the text says what."""


class TrapNotReachedError(NotReachedError):
    """A call that was waited for was not made: the action came to its end, or to a standstill, without it."""


class Waiting(RecordedWire, StoredRecords):
    """What a suite waits for, and the moves of the clock that bring it about."""

    def __init__(self, control: httpx.Client, environment: Mapping[str, str], clients: ExitStack) -> None:
        RecordedWire.__init__(self, control)
        StoredRecords.__init__(self, environment, clients)
        self._opening_seconds = _OPENING_SECONDS if has_bus(environment) else 0.0

    def wait_until_held(self, traps: int) -> None:
        """Let stack time pass until so many traps hold their calls. Raises TrapNotReachedError when one holds
        none.

        At first just enough of it to wake a host that waits between two looks at a queue.
        """
        last = self.last_call()
        for _ in range(_NUDGES):
            while calls := self.journal(last, within=_NUDGE_WALL_SECONDS, calm=_CALM_SECONDS):
                if self._held() >= traps:
                    return
                last = calls[-1]["number"]
            if self._held() >= traps:
                return
            self.advance(_NUDGE_SECONDS)
        try:
            self._pass_time(lambda: self._held() >= traps, 1.0, _FEW_MOVES)
        except NotReachedError as missed:
            raise TrapNotReachedError(str(missed)) from missed

    def wait_for_state(self, request_id: str, state: str) -> dict[str, Any]:
        """Return the row of an operation once it is in this state. Raises NotReachedError."""
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            row = self.record(request_id)
            if row is not None and row["state"] == state:
                found.append(row)
            return bool(found)

        self.wait_for(is_there, f"{request_id} to be {state}")
        return found[0]

    def wait_for(self, look: Callable[[], bool], what: str, requests: int = 1) -> None:
        """Return once `look` is true. Raises NotReachedError after some seconds of wall time for every request.

        Looking costs more than a glance at the journal: it is done when the app has come to rest after calls. A host
        that waits between two looks at a queue is woken now and then.
        """
        end, last, nudges = time.monotonic() + _PATIENCE_SECONDS + 3 * requests, self.last_call(), _NUDGES_OF_A_WAIT
        while not look():
            if time.monotonic() > end:
                raise NotReachedError(f"gave up waiting for {what}")
            calls = self.journal(last, within=1.0, calm=_CALM_SECONDS)
            last = calls[-1]["number"] if calls else last
            if not calls and nudges:
                self.advance(_NUDGE_SECONDS)
                nudges -= 1

    def settle(self, done: Callable[[], bool], calm_seconds: float = 0.3) -> None:
        """Let stack time pass until `done`, and nothing waits any more. Raises NotReachedError."""
        self._pass_time(lambda: done() and not self._what_waits(), calm_seconds, _MANY_MOVES)
        self.wait_until_quiet()

    def _pass_time(self, done: Callable[[], bool], calm_seconds: float, most_moves: int) -> None:
        """Move the clock until `done`, whenever the app has called nobody for `calm_seconds` of wall time.

        A worker that has just started is given longer for its first call. Every other move is a small one, which no
        timer notices: it only wakes a host that waits between two looks at a queue.
        """
        calm_since, last, moves = time.monotonic(), self.last_call(), 0
        while not done():
            patience = max(calm_seconds, self._opening_seconds) + self.is_starting * _FIRST_CALL_SECONDS
            calls = self.journal(last, within=patience, calm=_CALM_SECONDS)
            last = calls[-1]["number"] if calls else last
            if any(call["caller"] != "host" for call in calls):
                calm_since = time.monotonic()
            elif time.monotonic() - calm_since >= patience:
                if moves == most_moves:
                    raise NotReachedError(f"it did not come about; {self._what_waits() or 'nothing'} waits")
                self.advance(330 * 2 ** (moves // 8) if moves % 2 else 3)
                calm_since, moves = time.monotonic(), moves + 1

    def wait_until_quiet(self) -> None:
        """Return when nobody of the app, host included, has called anybody for a moment."""
        quiet = max(_QUIET_SECONDS, self._opening_seconds)
        while self.journal(self.last_call(), within=quiet, calm=_QUIET_SECONDS):
            pass
