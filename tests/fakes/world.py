"""The whole registrar over in-memory ports, driven like the host drives it: messages, redelivery, timers."""

import heapq
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.execution import Execution
from shared.intake import Intake
from shared.naming import operation_of
from shared.policy.model import Policy, load_policy
from shared.services import Services
from shared.upkeep import clean_up_credentials, resume_unsettled
from tests.fakes.clock import FakeClock, fake_runtime
from tests.fakes.directory import FakeDirectory
from tests.fakes.faults import Faults, WorkerDied
from tests.fakes.storage import (
    FakeApplications,
    FakeBackoff,
    FakeCleanups,
    FakeLeases,
    FakeOperations,
    FakeQueues,
)
from tests.fakes.vault import FakeVault

TENANT = "72f988bf-0000-4000-8000-2d7cd011db47"
POLICY_FILE = Path(__file__).parents[2] / "policy.toml"
EXAMPLE = Path(__file__).parents[2] / "examples" / "azure-digital-twins.json"
INVISIBLE = timedelta(minutes=10)
"""How long a message stays away whose host died with it."""


def example(**changes: Any) -> dict[str, Any]:
    """The request of the README, with top-level fields changed."""
    return json.loads(EXAMPLE.read_text()) | changes


class World:
    """One registrar and everything around it."""

    def __init__(self, policy: Policy | None = None, seed: int = 1) -> None:
        self.clock = FakeClock()
        self.faults = Faults()
        self.directory = FakeDirectory(self.clock, self.faults)
        self.vault = FakeVault(self.clock, self.faults)
        self.operations = FakeOperations(self.faults)
        self.applications = FakeApplications(self.faults)
        self.cleanups = FakeCleanups(self.faults)
        self.backoff = FakeBackoff()
        self.queues = FakeQueues(self.clock, self.faults)
        self.deaths = 0
        self._messages = 0
        self.services = Services(
            runtime=fake_runtime(self.clock, seed),
            policy=policy or load_policy(POLICY_FILE),
            tenant_id=TENANT,
            lag_window=timedelta(minutes=5),
            request_deadline=timedelta(hours=24),
            directory=self.directory,
            vault=self.vault,
            sign_in=self.directory,
            operations=self.operations,
            applications=self.applications,
            cleanups=self.cleanups,
            backoff=self.backoff,
            leases=FakeLeases(self.clock),
            queues=self.queues,
        )
        self.execution = Execution(self.services)
        self.intake = Intake(self.services, self.execution)

    async def send(self, request: dict[str, Any] | bytes) -> None:
        """Put a request on the intake queue and have it delivered until an invocation ends."""
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        self._messages += 1
        message_id, received = f"message-{self._messages}", self.clock.now()
        await self._deliver(lambda: self.intake.accept(body, message_id, received))

    async def settle(self, within: timedelta = timedelta(hours=30)) -> None:
        """Let time pass and messages and timers do their work until nothing is left to do."""
        end = self.clock.now() + within
        while self.operations.unsettled or self.queues.work or self.cleanups.rows:
            assert self.clock.now() < end, f"not settled: {self.operations.unsettled} {self.cleanups.rows}"
            next_tick = self.clock.now() + timedelta(minutes=1)
            while self.queues.work and self.queues.work[0][0] <= next_tick:
                due, _, operation_id, generation = heapq.heappop(self.queues.work)
                self.clock.advance(max(due - self.clock.now(), timedelta(0)))
                await self._deliver(lambda o=operation_id, g=generation: self.execution.run(o, g))
            self.clock.advance(max(next_tick - self.clock.now(), timedelta(0)))
            await self._timer(resume_unsettled)
            await self._timer(clean_up_credentials)

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

    async def _timer(self, work: Callable[[Services], Awaitable[int]]) -> None:
        try:
            await work(self.services)
        except WorkerDied:
            self.deaths += 1
        except Exception:
            pass


def breaches(world: World) -> list[str]:
    """Every breach of an invariant in a settled world."""
    found: list[str] = []
    for name, app in world.directory.applications.items():
        if "registrar" not in app.state.tags:
            continue
        stored = {v.entry.tags["keyId"]: v.value for versions in world.vault.secrets.values() for v in versions}
        for key_id, password in app.passwords.items():
            mine = operation_of(password.credential.display_name) is not None
            if mine and stored.get(key_id) != password.value:
                found.append(f"{name}: the live secret {key_id} is not in the vault")
    for secret, versions in world.vault.secrets.items():
        newest = versions[-1]
        app = world.directory.applications.get(newest.entry.tags["uniqueName"])
        if app is None or not world.directory.signs_in(app, newest.value):
            found.append(f"{secret}: its value does not sign in")
    found += _answer_breaches(world)
    kept = json.dumps([world.queues.answers, world.queues.events, world.queues.poison]) + str(world.operations.rows)
    kept += str(world.applications.rows) + str(world.cleanups.rows)
    found += [f"value-{n} leaked" for n in range(world.directory.passwords_ever_issued) if f"value-{n}" in kept]
    return found


def _answer_breaches(world: World) -> list[str]:
    found: list[str] = []
    by_id: dict[str, dict[str, Any]] = {}
    for answer in world.queues.answers:
        if by_id.setdefault(answer["id"], answer) != answer:
            found.append(f"two different answers with the id {answer['id']}")
    for operation in world.operations.all():
        finals = {a["id"] for a in world.queues.answers if a["data"]["operationId"] == operation.id}
        if len(finals) != 1:
            found.append(f"{operation.request.request_id}: {len(finals)} final answers")
    return found
