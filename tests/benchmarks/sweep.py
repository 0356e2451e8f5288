"""What a sweep reads, and how long it takes: by what is due, not by what exists.

Index and queue lie in an Azurite of the benchmark's own. It fails when a sweep breaks its bounds.
"""

import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import batched
from pathlib import Path
from typing import Any

from azure.core.exceptions import ResourceExistsError
from azure.data.tables.aio import TableServiceClient
from azure.storage.queue.aio import QueueServiceClient
from rich.console import Console
from rich.progress import track
from rich.table import Table as Rows

from devstack.azurite import Azurite
from shared.adapters.storage.due import DueTable
from shared.adapters.storage.queues import StorageQueues
from shared.core.naming import DUE_TABLE, ROTATIONS_QUEUE
from shared.ports import DueEntry, DueIndex, DuePlace
from shared.rotation.sweep import sweep
from tests.devstack.running_azurite import running_azurite
from tests.fakes.world import World

DUE = 100
SIZES = (1_000, 10_000, 100_000)
MOST_READ, MOST_SECONDS = 200, 3.0
"""What a sweep with so many due may read, and may take on two cores."""
_A_DAY = 1250
"""Credentials due on one of the days to come: so many that the transactions which list them are nearly full. Azurite
takes a transaction's time, however little is in it."""
_BATCH = 100
"""Entities of one partition that a transaction takes."""
_AT_ONCE = 4


@dataclass(frozen=True)
class Measured:
    """One sweep over an index of so many credentials."""

    credentials: int
    sent: int
    read: int
    seconds: float

    @property
    def is_within_bounds(self) -> bool:
        """Return whether everything due was sent, and neither reads nor time are too many."""
        return self.sent == DUE and self.read <= MOST_READ and self.seconds < MOST_SECONDS


class Counting:
    """An index that counts what is read of it."""

    def __init__(self, index: DueIndex) -> None:
        self._index = index
        self.read = 0
        self.is_listed, self.put, self.mark_sent, self.remove = (
            index.is_listed,
            index.put,
            index.mark_sent,
            index.remove,
        )
        self.directory_link, self.keep_directory_link = index.directory_link, index.keep_directory_link

    async def until(self, day: str, after: DuePlace | None = None) -> AsyncIterator[tuple[DuePlace, DueEntry]]:
        """List, and count."""
        async for each in self._index.until(day, after):
            self.read += 1
            yield each


@dataclass(frozen=True)
class Account:
    """The storage account of the benchmark."""

    tables: TableServiceClient
    queues: QueueServiceClient


async def fill(account: Account, first: int, credentials: int, now: datetime) -> None:
    """List so many credentials, numbered from `first`, that are due on one of the days to come."""
    partitions = defaultdict[str, list[dict[str, Any]]](list)
    for number in range(first, first + credentials):
        at = now + timedelta(days=1 + number // _A_DAY)
        entity = _row(f"app-{number}", "client-secret", at)
        partitions[entity["PartitionKey"]].append(entity)
    table: Any = account.tables.get_table_client(DUE_TABLE)
    parts = [part for entities in partitions.values() for part in batched(entities, _BATCH, strict=False)]
    rounds = list(batched(parts, _AT_ONCE, strict=False))
    for some in track(rounds, f"listing {credentials:,} credentials", console=Console(stderr=True), transient=True):
        await asyncio.gather(*(table.submit_transaction([("create", entity) for entity in part]) for part in some))


def _row(unique_name: str, credential: str, at: datetime) -> dict[str, Any]:
    """Return a row as the index writes it, to be written with many others at once; a wrong one would not be swept."""
    name = f"{unique_name}--{credential}"
    return {
        "PartitionKey": f"{at:%Y%m%d}-{sha256(name.encode()).hexdigest()[0]}",
        "RowKey": name,
        "schemaVersion": "1",
        "uniqueName": unique_name,
        "credential": credential,
        "at": at,
        "expires": at + timedelta(days=30),
    }


async def measure(account: Account, credentials: int, now: datetime) -> Measured:
    """List `DUE` credentials under today, and sweep them."""
    index = DueTable(account.tables)
    for number in range(DUE):
        await index.put(DueEntry(f"due-{number}", "client-secret", now - timedelta(hours=1), now + timedelta(days=30)))
    world, counting = World(), Counting(index)
    runtime = replace(world.services.runtime, now=lambda: now)
    started = time.perf_counter()
    sent = await sweep(counting, StorageQueues(account.queues), runtime)
    return Measured(credentials, sent, counting.read, time.perf_counter() - started)


@asynccontextmanager
async def account_of(azurite: Azurite) -> AsyncGenerator[Account]:
    """The account's clients, an empty index and an empty queue."""
    connection = azurite.connection_string()
    async with (
        TableServiceClient.from_connection_string(connection, use_env_settings=False) as tables,
        QueueServiceClient.from_connection_string(connection, use_env_settings=False) as queues,
    ):
        untyped: Any = tables
        await untyped.create_table_if_not_exists(DUE_TABLE)
        with suppress(ResourceExistsError):
            await queues.create_queue(ROTATIONS_QUEUE)
        yield Account(tables, queues)


async def run(sizes: tuple[int, ...]) -> list[Measured]:
    """Measure a sweep at each size, with as many due."""
    now = datetime.now(UTC)
    with (
        tempfile.TemporaryDirectory() as folder,
        # In memory, as Azurite would write all rows to disk again and again, in the middle of a sweep too.
        running_azurite(Path(folder) / "azurite", Path(folder) / "clock", in_memory=True) as azurite,
    ):
        async with account_of(azurite) as account:
            found, there = list[Measured](), 0
            for size in sizes:
                await fill(account, there, size - there, now)
                there = size
                found.append(await measure(account, size, now))
            return found


def table_of(found: Sequence[Measured]) -> Rows:
    """Reads and time, and by which factor they grow from each size to the next."""
    rows = Rows(title=f"A sweep with {DUE} credentials due")
    for name in ("credentials", "×", "messages", "rows read", "×", "seconds", "×"):
        rows.add_column(name, justify="right")
    for before, each in zip([None, *found], found, strict=False):
        rows.add_row(
            f"{each.credentials:,}",
            _growth(before.credentials, each.credentials) if before is not None else "",
            str(each.sent),
            str(each.read),
            _growth(before.read, each.read) if before is not None else "",
            f"{each.seconds:.2f}",
            _growth(before.seconds, each.seconds) if before is not None else "",
        )
    return rows


def _growth(before: float, after: float) -> str:
    return f"{after / before:.1f}" if before else "-"


def main() -> int:
    """Print what was measured; returns 1 when a sweep broke its bounds."""
    sizes = tuple(sorted(int(size) for size in sys.argv[1:])) or SIZES
    found = asyncio.run(run(sizes))
    console = Console()
    console.print(table_of(found))
    broken = [each for each in found if not each.is_within_bounds]
    for each in broken:
        console.print(
            f"Out of bounds at {each.credentials:,}: {DUE} messages, at most {MOST_READ} reads and less than "
            f"{MOST_SECONDS:g} s are wanted."
        )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
