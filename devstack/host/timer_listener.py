"""The timer trigger: waits on the stack clock, catches up once, never overlaps itself, survives every failure.

After WebJobs.Extensions.Timers, TimerListener.
"""

import asyncio
import json
import logging
import random
from datetime import datetime
from typing import Any

from azure.core.exceptions import AzureError

from devstack.host.functions import Function, RetryPolicy, TimerTrigger
from devstack.host.invoker import Invoker, Occasion, Retry
from devstack.host.schedule import Schedule
from devstack.host.schedule_monitor import NEVER, ScheduleMonitor, ScheduleStatus
from devstack.host.stack_time import StackTime

_log = logging.getLogger("Host.Triggers.Timer")


class TimerListener:
    """Fires one function by its schedule. `monitor` None: nothing is kept, and nothing missed is made up for."""

    def __init__(
        self,
        function: Function,
        trigger: TimerTrigger,
        schedule: Schedule,
        monitor: ScheduleMonitor | None,
        invoker: Invoker,
        clock: StackTime,
    ) -> None:
        self._function = function
        self._trigger = trigger
        self._schedule = schedule
        self._monitor = monitor
        self._invoker = invoker
        self._clock = clock
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Fire until `stop`; a run that has begun is finished first."""
        status = await self._first_status()
        if self._monitor and self._clock.now() > status.next:
            status = await self._fire(status, unscheduled="IsPastDue")
        elif self._trigger.run_on_startup:
            status = await self._fire(status, unscheduled="RunOnStartup")
        while True:
            await self._clock.sleep_or(self._stopping, status.next.timestamp() - self._clock.time())
            if self._stopping.is_set():
                return
            status = await self._fire(status)

    def stop(self) -> None:
        """Fire no more."""
        self._stopping.set()

    async def _first_status(self) -> ScheduleStatus:
        """The kept status, brought up to date if the schedule was changed, or a new one counting from now."""
        now = self._clock.now()
        fresh = ScheduleStatus(last=NEVER, next=self._schedule.next_after(now), last_updated=now)
        if not self._monitor:
            return fresh
        try:
            kept = await self._monitor.load()
        except (AzureError, ValueError) as error:
            _log.warning("The status of timer '%s' cannot be read: %s", self._function.name, error)
            return fresh
        status = self._checked(kept, now) if kept else fresh
        if status != kept:
            await self._keep(status)
        return status

    def _checked(self, kept: ScheduleStatus, now: datetime) -> ScheduleStatus:
        basis = kept.last if kept.last > NEVER else kept.last_updated
        expected = self._schedule.next_after(basis)
        if expected == kept.next:
            return kept
        # Another schedule than the one the status was kept for: what is past by it was never promised.
        if now > expected:
            basis, expected = now, self._schedule.next_after(now)
        return ScheduleStatus(last=kept.last, next=expected, last_updated=basis)

    async def _fire(self, status: ScheduleStatus, unscheduled: str | None = None) -> ScheduleStatus:
        """Run the function, with its retries, and return the status after it."""
        started = self._clock.now()
        details = f"OriginalSchedule: {status.next.isoformat()}"
        occasion = Occasion(
            reason=f"Timer fired at {started.isoformat()}",
            value=timer_info(status if self._monitor else None, past_due=unscheduled == "IsPastDue"),
            details=f"UnscheduledInvocationReason: {unscheduled}, {details}" if unscheduled else None,
        )
        await self._run_with_retries(occasion)
        # A timer that woke a little early must not be due for the same occurrence again.
        last = started if unscheduled else max(started, status.next)
        status = ScheduleStatus(last=last, next=self._schedule.next_after(last), last_updated=last)
        await self._keep(status)
        return status

    async def _run_with_retries(self, occasion: Occasion) -> None:
        policy = self._function.retry or RetryPolicy(maximum=0, fixed=None)
        count, error = 0, None
        while True:
            retry = Retry(count, policy.maximum, error)
            outcome = await self._invoker.run(self._function, occasion.with_retry(retry))
            if outcome.ok or 0 <= policy.maximum <= count:
                return
            count, error = count + 1, outcome.error
            await self._clock.sleep_or(self._stopping, retry_delay(policy, count))
            if self._stopping.is_set():
                return

    async def _keep(self, status: ScheduleStatus) -> None:
        if not self._monitor:
            return
        try:
            await self._monitor.save(status)
        except AzureError as error:
            _log.warning("The status of timer '%s' cannot be kept: %s", self._function.name, error)


def timer_info(status: ScheduleStatus | None, *, past_due: bool) -> dict[str, Any]:
    """What the function gets: the status before this run, so that `Next` is the occurrence now running."""
    info = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": status and status.document(),
        "IsPastDue": past_due,
    }
    return {"json": json.dumps(info)}


def retry_delay(policy: RetryPolicy, count: int) -> float:
    """Seconds before retry number `count` (from 1): fixed, or doubling with a random part up to the longest."""
    if policy.fixed is not None:
        return policy.fixed
    growth = random.uniform(0.8, 1.2) * 2 ** min(count - 1, 30) * policy.shortest
    return min(policy.longest, policy.shortest + growth)
