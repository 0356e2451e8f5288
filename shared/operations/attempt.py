"""One attempt at one operation: the records it works on, saved as they change, and its steps."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contract.answer import Step
from shared.core.errors import NotReplicatedError, RegistrarError
from shared.core.runtime import Runtime, within
from shared.model.application import ApplicationRecord
from shared.model.labels import AnswerContext
from shared.model.operation import RESUME_AFTER, Operation
from shared.policy.policy_file import Policy
from shared.ports import (
    Apis,
    Applications,
    AppPolicies,
    Audit,
    Cleanups,
    Directory,
    DueIndex,
    Lease,
    Leases,
    Operations,
    People,
    SignIn,
    Vault,
    Versioned,
)

_LEASE = timedelta(seconds=60)
"""The listing is renewed when less than this is left of it, so most attempts write it once."""


@dataclass(frozen=True, kw_only=True)
class AppPorts:
    """Ports for work on one app, and how long a read may lag behind a write."""

    runtime: Runtime
    lag_window: timedelta
    directory: Directory
    vault: Vault
    operations: Operations
    applications: Applications
    cleanups: Cleanups
    leases: Leases
    audit: Audit


@dataclass(frozen=True, kw_only=True)
class AttemptPorts(AppPorts):
    """Additional ports for an attempt at an operation: to check its request, and to verify what it issued."""

    apis: Apis
    app_policies: AppPolicies
    people: People
    sign_in: SignIn
    due: DueIndex


class AppWork:
    """Work on one app under its lease. `save_…` writes through at once: a worker may die at any line."""

    def __init__(self, ports: AppPorts, lease: Lease, stored_application: Versioned[ApplicationRecord]) -> None:
        self._app_ports = ports
        self.lease = lease
        self.stored_application = stored_application

    @property
    def ports(self) -> AppPorts:
        """What it reads and writes."""
        return self._app_ports

    @property
    def application(self) -> ApplicationRecord:
        """The app's record as last saved."""
        return self.stored_application.value

    def now(self) -> datetime:
        """Return the current time."""
        return self.ports.runtime.now()

    def is_recent(self, at: datetime | None) -> bool:
        """Return whether a read may still predate something that happened at this time."""
        return within(self.ports.lag_window, at, self.now())

    @contextmanager
    def tolerate_lag(self, *written: datetime | None) -> Generator[None]:
        """Treat a refusal as lag only if we wrote the object it refers to within the lag window.

        `written` are the times of those writes: of the application, its principal, a consent; None if not written by
        us. A refusal that lag does not explain raises what it otherwise means.
        """
        try:
            yield
        except NotReplicatedError as error:
            if any(self.is_recent(at) for at in written):
                raise
            raise error.otherwise from error

    async def save_application(self, **changes: object) -> None:
        """Change fields of the app's record and save it. Raises BusyError on a concurrent write."""
        record = self.application.model_copy(update=changes)
        etag = await self.ports.applications.save(record, self.stored_application.etag)
        self.stored_application = Versioned(record, etag)

    @asynccontextmanager
    async def record_intended_write(self, **changes: object) -> AsyncGenerator[dict[str, object]]:
        """Record a write before it is made; restore the record if the write is known to have had no effect.

        Later reads are then compared with the write, even if its response is lost. The writes recorded here are
        repeatable, so wrongly restoring costs only a repetition. Yields the values to restore: after each of several
        writes, the caller puts in what has been written so far.
        """
        before = {name: getattr(self.application, name) for name in changes}
        await self.save_application(**changes)
        try:
            yield before
        except RegistrarError as error:
            if error.had_no_effect:
                await self.save_application(**before)
            raise


class Attempt(AppWork):
    """An attempt at an operation.

    `listed_until` is when the operation would be resent according to its listing; None if that is not known.
    """

    def __init__(
        self,
        ports: AttemptPorts,
        policy: Policy,
        answers: AnswerContext,
        lease: Lease,
        stored_application: Versioned[ApplicationRecord],
        stored_operation: Versioned[Operation],
        listed_until: datetime | None,
    ) -> None:
        super().__init__(ports, lease, stored_application)
        self._ports = ports
        self.policy = policy
        self.answers = answers
        self.stored_operation = stored_operation
        self._listed_until = listed_until

    @property
    def ports(self) -> AttemptPorts:
        """What it reads and writes."""
        return self._ports

    @property
    def operation(self) -> Operation:
        """The operation as last saved or changed."""
        return self.stored_operation.value

    async def save_operation(self, operation: Operation) -> None:
        """Save the operation. Raises BusyError on a concurrent write."""
        etag = await self.ports.operations.save(operation, self.stored_operation.etag)
        self.stored_operation = Versioned(operation, etag)
        now = self.now()
        if self._listed_until is None or self._listed_until - now < _LEASE:
            await self.ports.operations.relist(operation.id, operation.generation, now + RESUME_AFTER)
            self._listed_until = now + RESUME_AFTER

    @asynccontextmanager
    async def record_intended_write(self, **changes: object) -> AsyncGenerator[dict[str, object]]:
        """Record a write before it is made, and that this change of the app has begun (`registration.giving_way`)."""
        async with super().record_intended_write(**changes, **self._begun()) as before:
            yield before

    def _begun(self) -> dict[str, object]:
        if self.operation.sequence <= self.application.begun_sequence:
            return {}
        return {"begun_sequence": self.operation.sequence, "begun_by": self.operation.id}

    @asynccontextmanager
    async def step(self, name: str) -> AsyncGenerator[None]:
        """Time a step across attempts: from its first start to its first success, including waiting."""
        await self.lease.keep()
        operation = self.operation
        done = {step.name for step in operation.steps}
        if name not in done and name not in operation.begun:
            self.remember(operation.model_copy(update={"begun": {**operation.begun, name: self.now()}}))
        yield
        operation = self.operation
        started = operation.begun.get(name)
        if started is not None:
            step = Step(name=name, started=started, seconds=round((self.now() - started).total_seconds(), 3))
            begun = {key: at for key, at in operation.begun.items() if key != name}
            self.remember(operation.model_copy(update={"steps": (*operation.steps, step), "begun": begun}))

    def remember(self, operation: Operation) -> None:
        """Change the operation without saving; it is saved with the next save, at the latest at the attempt's end."""
        self.stored_operation = Versioned(operation, self.stored_operation.etag)
