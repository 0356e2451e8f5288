"""Two storage accounts behind the product's ports: the tests' fakes, and the adapters over Azurite."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from azure.identity.aio import DefaultAzureCredential

from devstack.azurite import Azurite
from devstack.doubles.world import World
from shared import ports
from shared.adapters.storage.account import Storage
from shared.adapters.storage.anchors import AnchorBlobs
from shared.adapters.storage.audit import AuditTable
from shared.adapters.storage.due import DueTable
from shared.adapters.storage.leases import BlobLeases
from shared.adapters.storage.queues import StorageQueues
from shared.adapters.storage.request_counts import RequestCountsTable
from shared.adapters.storage.tables import ApplicationsTable, BackoffTable, CleanupsTable, OperationsTable
from shared.adapters.storage.ticket_updates import TicketUpdatesTable
from shared.contract.request import RegistrationRequest
from shared.model.operation import Operation
from shared.settings import StorageSettings
from tests.fakes.audit import FakeAnchors, FakeAudit
from tests.fakes.clock import FakeClock
from tests.fakes.faults import Faults
from tests.fakes.leases import FakeLeases
from tests.fakes.storage import (
    FakeApplications,
    FakeBackoff,
    FakeCleanups,
    FakeDue,
    FakeOperations,
    FakeRequestCounts,
)
from tests.fakes.tickets import FakeTicketUpdates
from tests.fakes.world import example


@dataclass(frozen=True)
class Store:
    """The tables and leases, and the time they live in."""

    operations: ports.Operations
    applications: ports.Applications
    cleanups: ports.Cleanups
    due: ports.DueIndex
    request_counts: ports.RequestCounts
    backoff: ports.Backoff
    ticket_updates: ports.TicketUpdates
    leases: ports.Leases
    audit: ports.Audit
    anchors: ports.Anchors
    now: Callable[[], datetime]
    advance: Callable[[timedelta], object]

    def operation(self, operation_id: str | None = None) -> Operation:
        """A record as the intake writes it."""
        return Operation(
            id=operation_id or uuid4().hex,
            request=RegistrationRequest.model_validate(example()),
            body_hash="hash",
            sequence=1,
            accepted_at=self.now(),
            started_at=self.now(),
        )


def fake_store() -> Store:
    """The in-memory fakes."""
    clock, faults = FakeClock(), Faults()
    return Store(
        FakeOperations(faults),
        FakeApplications(faults),
        FakeCleanups(faults),
        FakeDue(faults),
        FakeRequestCounts(faults),
        FakeBackoff(faults),
        FakeTicketUpdates(faults),
        FakeLeases(clock, faults),
        FakeAudit(clock, faults),
        FakeAnchors(clock, faults),
        clock.now,
        clock.advance,
    )


@asynccontextmanager
async def storage_account(azurite: Azurite) -> AsyncGenerator[Storage]:
    """The account's clients, as `shared.bootstrap` makes them."""
    settings = StorageSettings.model_validate({"AzureWebJobsStorage": azurite.connection_string()})
    async with DefaultAzureCredential() as credential:
        storage = Storage(settings, credential)
        async with storage.queues, storage.tables, storage.blobs:
            yield storage


def azurite_store(storage: Storage, world: World) -> Store:
    """The adapters over Azurite, on the stack clock."""
    return Store(
        OperationsTable(storage.tables),
        ApplicationsTable(storage.tables),
        CleanupsTable(storage.tables),
        DueTable(storage.tables),
        RequestCountsTable(storage.tables),
        BackoffTable(storage.tables),
        TicketUpdatesTable(storage.tables),
        BlobLeases(storage.blobs, world.clock.now),
        AuditTable(storage.tables),
        AnchorBlobs(storage.blobs),
        world.clock.now,
        world.clock.advance,
    )


def storage_queues(storage: Storage) -> StorageQueues:
    """The queues over Azurite."""
    return StorageQueues(storage.queues)
