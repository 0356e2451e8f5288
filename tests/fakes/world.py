"""The whole registrar over in-memory ports, driven like the host drives it: messages, redelivery, timers."""

import heapq
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from shared.audit.writing import extend_chain
from shared.intake.poison import drain_poison_queues
from shared.intake.proven_request import ProvenRequest
from shared.model.operation import State
from shared.operations.resume import resume_unsettled
from shared.policy.policy_file import Policy
from shared.ports import Target
from shared.registration.cleanup import clean_up
from shared.registration.known_apis import KnownApis
from shared.rotation.sweep import sweep
from shared.tickets.delivery import resume_updates
from shared.wiring import Registrar, Services
from tests.fakes.audit import FakeAnchors, FakeAudit
from tests.fakes.clock import FakeClock, fake_runtime
from tests.fakes.directory import FakeDirectory
from tests.fakes.faults import Faults, WorkerDied
from tests.fakes.leases import FakeLeases
from tests.fakes.people import FakePeople
from tests.fakes.policies import FakePolicies
from tests.fakes.queues import FakeQueues
from tests.fakes.reporting import FakeHolders, FakeReports
from tests.fakes.storage import (
    FakeApplications,
    FakeBackoff,
    FakeCleanups,
    FakeDue,
    FakeOperations,
    FakeRequestCounts,
)
from tests.fakes.tickets import FakeTicketSystem, FakeTicketUpdates
from tests.fakes.vault import FakeVault
from tests.policies import opened_policy

TENANT = "72f988bf-0000-4000-8000-2d7cd011db47"
EXAMPLE = Path(__file__).parents[2] / "examples" / "azure-digital-twins.json"
INVISIBLE = timedelta(minutes=10)
"""How long a message stays away whose host died with it."""


@cache
def _example_text() -> str:
    return EXAMPLE.read_text()


def example(**changes: Any) -> dict[str, Any]:
    """The request of the README, with top-level fields changed."""
    return json.loads(_example_text()) | changes


class World:
    """One registrar and everything around it."""

    def __init__(
        self,
        policy: Policy | None = None,
        seed: int = 1,
        faults: Faults | None = None,
        clock: FakeClock | None = None,
        targets: Mapping[str, Target] | None = None,
        labels: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        self.faults = faults or Faults()
        self.directory = FakeDirectory(self.clock, self.faults)
        self.people = FakePeople(self.faults)
        self.policies = FakePolicies(self.clock, self.faults)
        self.vault = FakeVault(self.clock, self.faults)
        self.operations = FakeOperations(self.faults)
        self.applications = FakeApplications(self.faults)
        self.cleanups = FakeCleanups(self.faults)
        self.due = FakeDue(self.faults)
        self.request_counts = FakeRequestCounts(self.faults)
        self.backoff = FakeBackoff(self.faults)
        self.leases = FakeLeases(self.clock, self.faults)
        self.queues = FakeQueues(self.clock, self.faults)
        self.holders = FakeHolders(self.directory, self.faults)
        self.reports = FakeReports(self.faults)
        self.audit = FakeAudit(self.clock, self.faults)
        self.anchors = FakeAnchors(self.clock, self.faults)
        self.ticket_updates = FakeTicketUpdates(self.faults)
        self.servicenow = FakeTicketSystem(self.faults)
        if targets is None:
            targets = {"servicenow": Target(self.servicenow, frozenset({"awaiting_approval"}))}
        self.deaths = 0
        self.log: list[str] = []
        self._messages = 0
        self._next_sweep = self.clock.now()
        self.services = Services(
            runtime=fake_runtime(self.clock, seed),
            policy=policy or opened_policy(),
            tenant_id=TENANT,
            lag_window=timedelta(minutes=5),
            request_deadline=timedelta(hours=24),
            approval_deadline=timedelta(days=14),
            deciding_sources=frozenset({"servicenow"}),
            webhook_sources=frozenset({"servicenow", "jira", *targets}),
            directory=self.directory,
            apis=KnownApis(self.directory, self.clock.now),
            app_policies=self.policies,
            people=self.people,
            vault=self.vault,
            sign_in=self.directory,
            operations=self.operations,
            applications=self.applications,
            cleanups=self.cleanups,
            due=self.due,
            request_counts=self.request_counts,
            backoff=self.backoff,
            leases=self.leases,
            queues=self.queues,
            holders=self.holders,
            reports=self.reports,
            audit=self.audit,
            anchors=self.anchors,
            ticket_updates=self.ticket_updates,
            targets=targets,
            labels=labels or {},
        )
        self._wire()

    def _wire(self) -> None:
        self.registrar = Registrar(self.services)
        self.execution = self.registrar.execution
        self.intake = self.registrar.intake
        self.webhook_intake = self.registrar.webhook_intake
        self.rotations = self.registrar.rotations
        self.decisions = self.registrar.decisions
        self.updating = self.registrar.updating

    def retarget(self, targets: Mapping[str, Target]) -> None:
        """Go on with other ticketing systems."""
        self.reconfigure(targets=targets)

    def deploy(self, policy: Policy) -> None:
        """Go on under another policy, as after a deployment."""
        self.reconfigure(policy=policy)

    def reconfigure(self, **changes: Any) -> None:
        """Go on with other settings or services, by their names in `Services`."""
        self.services = replace(self.services, **changes)
        self._wire()

    async def send(self, request: dict[str, Any] | bytes) -> None:
        """Have a request come in by the way that its source has, and delivered until an invocation ends."""
        source = str(request.get("source", "queue")) if isinstance(request, dict) else "queue"
        if isinstance(request, dict) and source in self.services.webhook_sources:
            message = ProvenRequest(source=source, received_at=self.clock.now(), request=request)
            await self.send_proven(message.to_json())
            await self._work_until(self.clock.now())
        else:
            await self.send_publicly(request)

    async def send_publicly(self, request: dict[str, Any] | bytes) -> None:
        """Put a request on the public queue, whatever it says of itself."""
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        message_id, received = self._message_id(), self.clock.now()
        await self._deliver(lambda: self.intake.accept(body, message_id, received))

    async def send_proven(self, message: str) -> None:
        """Have a message of the webhook's delivered."""
        message_id = self._message_id()
        await self._deliver(lambda: self.webhook_intake.accept(message.encode(), message_id))

    def _message_id(self) -> str:
        self._messages += 1
        return f"message-{self._messages}"

    async def settle(self, within: timedelta = timedelta(hours=30)) -> None:
        """Let time pass and messages and timers do their work until nothing is left to do but what people decide."""
        end = self.clock.now() + within
        while self._is_busy():
            assert self.clock.now() < end, f"not settled: {self.describe_unsettled()}"
            await self._minute()

    def describe_unsettled(self) -> str:
        """Name the operations that have not ended and the clean-up entries that are still there."""
        operations = [f"operation {each} generation {generation}" for each, generation in self.operations.unsettled]
        cleanups = [f"clean-up entry {unique_name}/{each}" for unique_name, each in self.cleanups.rows]
        return ", ".join(sorted(operations) + sorted(cleanups)) or "nothing in the tables"

    def _is_busy(self) -> bool:
        waiting = {each.id for each in self.operations.all() if each.state is State.AWAITING_APPROVAL}
        unsettled = any(operation_id not in waiting for operation_id, _ in self.operations.unsettled)
        queues = self.queues
        return bool(
            unsettled or queues.requests or queues.work or queues.rotations or queues.decisions or self._is_telling()
        )

    def _is_telling(self) -> bool:
        return bool(self.queues.ticket_updates or self.cleanups.rows or self.ticket_updates.waiting)

    async def go_on(self, time: timedelta) -> None:
        """Let so much time pass, in whole minutes, with the messages and timers that come due."""
        end = self.clock.now() + time
        while self.clock.now() < end:
            await self._minute()

    async def _minute(self) -> None:
        next_tick = self.clock.now() + timedelta(minutes=1)
        while self.queues.requests:
            await self.send_proven(self.queues.requests.pop(0))
        await self._work_until(next_tick)
        while self.queues.rotations and self.queues.rotations[0][0] <= next_tick:
            due, _, message = heapq.heappop(self.queues.rotations)
            self.clock.advance(max(due - self.clock.now(), timedelta(0)))
            await self._deliver(lambda m=message: self.rotations.receive(m.encode()))
        while self.queues.decisions and self.queues.decisions[0][0] <= next_tick:
            due, _, message = heapq.heappop(self.queues.decisions)
            self.clock.advance(max(due - self.clock.now(), timedelta(0)))
            await self._deliver(lambda m=message: self.decisions.receive(m.encode()))
        while self.queues.ticket_updates and self.queues.ticket_updates[0][0] <= next_tick:
            due, _, update_id = heapq.heappop(self.queues.ticket_updates)
            self.clock.advance(max(due - self.clock.now(), timedelta(0)))
            await self._deliver(lambda u=update_id: self.updating.run(u))
        self.clock.advance(max(next_tick - self.clock.now(), timedelta(0)))
        await self.timers()

    async def _work_until(self, end: datetime) -> None:
        while self.queues.work and self.queues.work[0][0] <= end:
            due, _, operation_id, generation = heapq.heappop(self.queues.work)
            self.clock.advance(max(due - self.clock.now(), timedelta(0)))
            await self._deliver(lambda o=operation_id, g=generation: self.execution.run(o, g))

    async def timers(self) -> None:
        """Let the timers fire that are due."""
        await self._timer(self.resume_unsettled())
        await self._timer(self.clean_up())
        if self.audit.outbox:
            await self._timer(extend_chain(self.audit))
        if self.ticket_updates.waiting:
            await self._timer(self.resume_updates())
        if self.clock.now() >= self._next_sweep:
            self._next_sweep = self.clock.now() + timedelta(hours=1)
            await self._timer(self.sweep())

    async def resume_unsettled(self) -> int:
        """Let the timer fire that sends silent operations again."""
        return await resume_unsettled(self.operations, self.queues, self.services.runtime)

    async def clean_up(self) -> int:
        """Let the timer fire that goes through the clean-up entries."""
        return await clean_up(self.registrar.ports)

    async def resume_updates(self) -> int:
        """Let the timer fire that sends silent updates of tickets again."""
        return await resume_updates(self.ticket_updates, self.queues, self.services.runtime)

    async def sweep(self) -> int:
        """Let the timer fire that looks for what is due."""
        return await sweep(self.due, self.queues, self.services.runtime)

    async def drain_poison_queues(self) -> int:
        """Let the timer fire that sees to what the host gave up on."""
        return await drain_poison_queues(
            self.queues, self.operations, self.ticket_updates, self.intake, self.webhook_intake
        )

    async def run(self, request: dict[str, Any] | bytes) -> dict[str, Any]:
        """Send a request, let everything settle, and return the newest answer."""
        await self.send(request)
        await self.settle()
        return self.queues.answers[-1]

    async def _deliver(self, invocation: Callable[[], Awaitable[None]]) -> None:
        for _ in range(5):
            try:
                await invocation()
            except WorkerDied:
                self.deaths += 1
                self.clock.advance(INVISIBLE)
            except Exception:
                self.clock.advance(timedelta(seconds=10))
            else:
                return
        raise AssertionError("the host would have poisoned this message")

    async def _timer(self, work: Awaitable[int]) -> None:
        try:
            await work
        except WorkerDied:
            self.deaths += 1
        except Exception:
            pass


def administered(*administrators: str) -> World:
    """A world whose policy has administrators: the boss, unless others are named."""
    named = {"administrators": administrators or ("boss@contoso.example",)}
    return World(policy=opened_policy().model_copy(update=named))
