"""Finishes removals that were not certainly seen gone when their request ended: checks, and removes again."""

from shared.core import log
from shared.core.naming import NARROWING
from shared.model.holdings import Holdings, all_going, left, sent
from shared.model.writes import application_write
from shared.operations.attempt import AppPorts, AppWork
from shared.ports import Cleanup
from shared.registration.giving_way import is_at_work
from shared.registration.taking_back import remove_consents, see_application, see_consents, types_of


async def finish_taking_back(ports: AppPorts, cleanup: Cleanup) -> int:
    """Check what one app's record keeps as going; return how many removals were repeated.

    The entry is closed once reads that are younger than the lag window have shown all of it gone. Nothing is written
    within that window after a write of ours, nor for an operation at work: it does its own removals.
    """
    repeated = 0
    async with ports.leases.hold(cleanup.unique_name) as lease:
        stored = await ports.applications.read(cleanup.unique_name)
        work = AppWork(ports, lease, stored)
        ended = all_going(
            [each for each in work.application.going if not await is_at_work(ports.operations, each.operation_id)]
        )
        if ended.in_application:
            repeated += await _finish_application(work, ended)
        if ended.consents:
            repeated += await _finish_consents(work, ended)
        if not work.application.going:
            await ports.cleanups.remove(cleanup.unique_name, NARROWING)
    return repeated


async def _finish_application(work: AppWork, ended: Holdings) -> int:
    record, directory = work.application, work.ports.directory
    last = record.application_write
    if last is not None and work.is_recent(last.at):
        return 0
    seen = await directory.application(record.unique_name)
    await see_application(work, Holdings.of(seen.state) if seen is not None else Holdings())
    if seen is None:
        return 0
    there = left(work.application.going) & ended & Holdings.of(seen.state)
    if not there:
        return 0
    state = (Holdings.of(seen.state) - there).put_into(seen.state)
    write = application_write(work.now(), seen.state, state, last)
    going = sent(work.application.going, there, work.now())
    log.warning("removal.repeated", app=record.unique_name, what=there.describe())
    await work.lease.keep()
    async with work.record_intended_write(application_write=write, added_at=record.last_added, going=going):
        with work.tolerate_lag(record.written_at):
            await directory.upsert_application(record.unique_name, state)
    return 1


async def _finish_consents(work: AppWork, ended: Holdings) -> int:
    record, directory = work.application, work.ports.directory
    if record.consent_write is not None and work.is_recent(record.consent_write.at):
        return 0
    types = types_of(ended.consents)
    principal = await directory.service_principal(record.client_id) if record.client_id is not None else None
    if principal is None:
        if not work.is_recent(record.principal_written_at):
            await see_consents(work, types, frozenset())
        return 0
    seen = await directory.consents(principal.object_id, types)
    await see_consents(work, types, seen.consents)
    there = left(work.application.going).consents & ended.consents & seen.consents
    if not there:
        return 0
    log.warning("removal.repeated", app=record.unique_name, what=Holdings(consents=there).describe())
    await work.lease.keep()
    await remove_consents(work, principal.object_id, seen, there)
    return 1
