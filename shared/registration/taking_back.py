"""Takes back what is ours: recorded, removed, and seen gone, over as many attempts and requests as that takes.

The app's record keeps it as going, and a clean-up entry outlives the request. A removal is repeated only while no read
has shown it gone; what reappears later was made by others, and is reported, not removed.
"""

from shared.core import log
from shared.core.errors import NotYetVisibleError
from shared.core.naming import NARROWING
from shared.model.directory import Consent, PermissionType, SeenConsents
from shared.model.holdings import Going, Holdings, all_going, looked, sent, without
from shared.model.writes import ConsentWrite
from shared.operations.attempt import AppWork, Attempt
from shared.ports import Cleanup


def types_of(consents: frozenset[Consent]) -> frozenset[PermissionType]:
    """Return the permission types that occur, so that only those are read."""
    return frozenset[PermissionType](consent.type for consent in consents)


async def record_what_goes(attempt: Attempt, wanted: Holdings) -> None:
    """Record what of ours a request no longer wants, before anything is removed; what it wants is no longer going."""
    record = attempt.application
    await _record_going(attempt, without(record.going, wanted), record.ours - wanted)


async def record_intended_removal(attempt: Attempt, what: Holdings) -> None:
    """Record that these items of ours are going, before they are removed."""
    await _record_going(attempt, attempt.application.going, what)


async def _record_going(attempt: Attempt, going: tuple[Going, ...], what: Holdings) -> None:
    record = attempt.application
    if new := what - all_going(going):
        await attempt.ports.cleanups.put(Cleanup(record.unique_name, NARROWING, (), attempt.now()))
        going = (*going, _going(attempt, new))
    if going != record.going:
        await attempt.save_application(going=going)


async def see_application(work: AppWork, seen: Holdings) -> None:
    """Record what a read of the application shows gone."""
    going = all_going(work.application.going).in_application
    if going:
        await _look(work, going, seen)


async def see_consents(work: AppWork, types: frozenset[PermissionType], seen: frozenset[Consent]) -> None:
    """Record what a read of consents of these types shows gone."""
    going = frozenset(each for each in all_going(work.application.going).consents if each.type in types)
    if going:
        await _look(work, Holdings(consents=going), Holdings(consents=seen))


async def take_back_consents(attempt: Attempt, service_principal_id: str | None, wanted: frozenset[Consent]) -> None:
    """Remove the consents that are ours and no longer wanted, and see them gone; others' consents stay.

    Raises NotYetVisibleError while a read may be older than our last write, or than the grant of what it does not show.
    """
    leaving = attempt.application.granted - wanted
    if not leaving:
        return
    types = types_of(leaving)
    if service_principal_id is None:
        # A missing principal has no consents, but a new one may just not be shown yet.
        if attempt.is_recent(attempt.application.principal_written_at):
            raise NotYetVisibleError(
                "the service principal was written moments ago and the directory does not show it yet"
            )
        await see_consents(attempt, types, frozenset())
        return
    seen = await attempt.ports.directory.consents(service_principal_id, types)
    await see_consents(attempt, types, seen.consents)
    record = attempt.application
    if leaving := record.granted - wanted:
        if not is_trusted(attempt, record.consent_write, seen.consents, types):
            raise NotYetVisibleError("the consent was changed moments ago and the directory still shows an older state")
        if leaving & seen.consents:
            await remove_consents(attempt, service_principal_id, seen, leaving)
            seen = await attempt.ports.directory.consents(service_principal_id, types)
            await see_consents(attempt, types, seen.consents)
    if attempt.application.granted - wanted:
        raise NotYetVisibleError("the directory may still have the consent")


async def remove_consents(
    work: AppWork, service_principal_id: str, seen: SeenConsents, leaving: frozenset[Consent]
) -> None:
    """Remove consents, recorded first. `seen` is a read that is not older than our last write."""
    record, now = work.application, work.now()
    last = record.consent_write if record.consent_write and work.is_recent(record.consent_write.at) else None
    there = seen.consents | (last.wrote if last else frozenset[Consent]())
    removed = leaving | (last.removed if last else frozenset[Consent]())
    write = ConsentWrite(at=now, wrote=(record.granted & there) - leaving, removed=removed - (record.granted - leaving))
    going = sent(record.going, Holdings(consents=leaving), now)
    async with work.record_intended_write(consent_write=write, given_at=record.last_given, going=going):
        with work.tolerate_lag(*record.consents_written_at):
            gone = leaving & seen.consents
            await work.ports.directory.write_consents(service_principal_id, seen, frozenset(), gone)


def is_trusted(
    work: AppWork, last: ConsentWrite | None, seen: frozenset[Consent], types: frozenset[PermissionType]
) -> bool:
    """Return whether a read of these types shows our last write, or is certainly younger."""
    if is_overtaken(work, Holdings(consents=seen)):
        return False
    return last is None or not work.is_recent(last.at) or last.is_reflected_in(seen, types)


def is_overtaken(work: AppWork, seen: Holdings) -> bool:
    """Return whether a read shows what another read showed gone so recently that this one may be older."""
    return any(work.is_recent(each.sent) and bool(each.gone & seen) for each in work.application.going)


def _going(attempt: Attempt, what: Holdings) -> Going:
    record, now = attempt.application, attempt.now()
    made = [
        at
        for at, part in ((record.last_added, what.in_application), (record.last_given, what.as_consents))
        if part and at is not None
    ]
    return Going(operation_id=attempt.operation.id, since=now, sent=now, made=max(made, default=None), left=what)


async def _look(work: AppWork, part: Holdings, seen: Holdings) -> None:
    record = work.application
    result = looked(record.going, part, seen, work.is_recent)
    if result.returned:
        log.warning("removal.undone_by_others", app=record.unique_name, what=result.returned.describe())
    if result.goings == record.going:
        return
    ours = record.ours - result.gone
    applied = ours.put_into(record.applied) if record.applied is not None else None
    await work.save_application(going=result.goings, applied=applied, granted=ours.consents)
