"""What a sweep reads, and how long it takes: by what is due, not by what exists."""

import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import batched
from pathlib import Path
from typing import Any

from azure.data.tables.aio import TableServiceClient
from rich.console import Console
from rich.table import Table as Rows

from devstack.azurite import Azurite
from shared.adapters.due_table import DueTable, due_entity
from shared.naming import DUE_TABLE
from shared.ports import DueEntry, DueIndex, DuePlace
from shared.rotation.sweep import sweep
from shared.services import Services
from tests.devstack.running_azurite import running_azurite
from tests.fakes.world import World

DUE = 100
SIZES = (1_000, 10_000, 100_000)
_DAYS = 300
_BATCH = 100
"""Entities of one partition that a transaction takes."""
_AT_ONCE = 8


@dataclass(frozen=True)
class Measured:
    """One sweep over an index of so many credentials."""

    credentials: int
    sent: int
    read: int
    seconds: float


class Counting:
    """An index that counts what is read of it."""

    def __init__(self, index: DueIndex) -> None:
        self._index = index
        self.read = 0
        self.put, self.mark_sent, self.remove = index.put, index.mark_sent, index.remove

    async def until(self, day: str, after: DuePlace | None = None) -> AsyncIterator[tuple[DuePlace, DueEntry]]:
        """List, and count."""
        async for each in self._index.until(day, after):
            self.read += 1
            yield each


async def fill(service: TableServiceClient, first: int, credentials: int, now: datetime) -> None:
    """List so many credentials, numbered from `first`, that are due on one of the days to come."""
    partitions = defaultdict[str, list[dict[str, Any]]](list)
    for number in range(first, first + credentials):
        at = now + timedelta(days=1 + number % _DAYS)
        entity = due_entity(DueEntry(f"app-{number}", "client-secret", at, at + timedelta(days=30)))
        partitions[entity["PartitionKey"]].append(entity)
    table: Any = service.get_table_client(DUE_TABLE)
    waiting = asyncio.Semaphore(_AT_ONCE)

    async def put(entities: tuple[dict[str, Any], ...]) -> None:
        async with waiting:
            await table.submit_transaction([("upsert", entity) for entity in entities])

    await asyncio.gather(
        *(put(part) for entities in partitions.values() for part in batched(entities, _BATCH, strict=False))
    )


async def measure(service: TableServiceClient, credentials: int, now: datetime) -> Measured:
    """List `DUE` credentials under today, and sweep them."""
    index = DueTable(service)
    for number in range(DUE):
        await index.put(DueEntry(f"due-{number}", "client-secret", now - timedelta(hours=1), now + timedelta(days=30)))
    world, counting = World(), Counting(index)
    services: Services = replace(world.services, due=counting, runtime=replace(world.services.runtime, now=lambda: now))
    started = time.perf_counter()
    sent = await sweep(services)
    return Measured(credentials, sent, counting.read, time.perf_counter() - started)


@asynccontextmanager
async def due_table(azurite: Azurite) -> AsyncGenerator[TableServiceClient]:
    """The account's tables, with an empty index."""
    async with TableServiceClient.from_connection_string(
        azurite.connection_string(), use_env_settings=False
    ) as service:
        untyped: Any = service
        await untyped.create_table_if_not_exists(DUE_TABLE)
        yield service


async def run(sizes: tuple[int, ...]) -> list[Measured]:
    """Measure a sweep at each size, with as many due."""
    now = datetime.now(UTC)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_azurite(Path(folder) / "azurite", Path(folder) / "clock") as azurite,
    ):
        async with due_table(azurite) as service:
            found, there = list[Measured](), 0
            for size in sizes:
                await fill(service, there, size - there, now)
                there = size
                found.append(await measure(service, size, now))
            return found


def main() -> None:
    """Print reads and time, and how they grow."""
    sizes = tuple(int(size) for size in sys.argv[1:]) or SIZES
    found = asyncio.run(run(sizes))
    rows = Rows(title=f"A sweep with {DUE} credentials due")
    for name in ("credentials", "messages", "rows read", "seconds", "seconds, times the first"):
        rows.add_column(name, justify="right")
    for each in found:
        growth = each.seconds / found[0].seconds
        rows.add_row(f"{each.credentials:,}", str(each.sent), str(each.read), f"{each.seconds:.2f}", f"{growth:.1f}")
    Console().print(rows)


if __name__ == "__main__":
    main()
