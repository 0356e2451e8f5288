"""Owners of unmanaged credentials, for the report: looked up last, within time and Graph's limits."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import batched

from shared.core import log
from shared.core.errors import ContendedError, ThrottledError, UnavailableError
from shared.core.runtime import Runtime
from shared.model.directory import CredentialHolder
from shared.operations.pause import let_others_pause
from shared.ports import Backoff
from shared.ports.directory import OWNERS_AT_ONCE, CredentialHolders
from shared.report.rows import Row, Urgency

AT_ONCE = 4
"""Concurrent batches: enough for some hundred holders a second, and far below Graph's limits."""
_ROUNDS = 2
"""A failed batch is retried once, after all others."""
_BY_URGENCY = list(Urgency)

type _Batch = tuple[CredentialHolder, ...]
type _Owners = dict[str, tuple[str, ...] | None]


async def with_owners(
    holders: CredentialHolders, backoff: Backoff, runtime: Runtime, rows: list[Row], until: float
) -> tuple[list[Row], int]:
    """Look up missing owners, most urgent first; return the rows and how many holders were left out.

    `until` is a time of the event loop. Owners left out, because time ran out, Graph throttled or a batch failed twice,
    stay unknown in their rows: the credentials themselves were read, and are worth a report.
    Raises RegistrarError when the registrar is not allowed to look.
    """
    asked = sorted((row for row in rows if row.owners is None), key=lambda row: _BY_URGENCY.index(row.advice.urgency))
    wanted = list({row.holder.object_id: row.holder for row in asked}.values())
    owners: _Owners = {}
    try:
        async with asyncio.timeout_at(until):
            await _look_up(holders, list(batched(wanted, OWNERS_AT_ONCE, strict=False)), owners)
    except TimeoutError:
        pass
    except ThrottledError as error:
        await let_others_pause(backoff, runtime, error)
    left_out = len(wanted) - len(owners)
    if left_out:
        log.warning("report.owners_left_out", count=left_out)
    return [
        row if row.owners is not None else replace(row, owners=owners.get(row.holder.object_id)) for row in rows
    ], left_out


async def _look_up(holders: CredentialHolders, batches: list[_Batch], owners: _Owners) -> None:
    """Fill `owners`; None for a deleted holder. Raises ThrottledError, or any unexpected error."""
    for _ in range(_ROUNDS):
        waiting, failed = iter(batches), list[_Batch]()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(_work(holders, waiting, owners, failed))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        batches = failed


async def _work(holders: CredentialHolders, waiting: Iterator[_Batch], owners: _Owners, failed: list[_Batch]) -> None:
    for batch in waiting:
        try:
            found = await holders.owners(batch)
        except (UnavailableError, ContendedError):
            failed.append(batch)
            continue
        owners.update({holder.object_id: found.get(holder.object_id) for holder in batch})
