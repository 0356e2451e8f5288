"""Admin consent: delegated grants for the whole tenant, and app role assignments."""

from datetime import datetime

from shared.core.errors import NotYetVisibleError
from shared.model.application import ApplicationRecord
from shared.model.directory import Consent, ResolvedPermission, SeenConsents
from shared.model.holdings import all_going
from shared.model.writes import ConsentWrite
from shared.operations.attempt import Attempt
from shared.registration.taking_back import is_trusted, types_of


def wanted_consents(
    permissions: tuple[ResolvedPermission, ...], *, admin_consent: bool | None, held: frozenset[Consent]
) -> frozenset[Consent]:
    """Return the consents a request asks for: all of its permissions with admin consent, none without.

    A request that does not mention consent keeps those that are ours and `held`: it only takes back those of
    permissions that it no longer lists.
    """
    listed = frozenset(resolved.consent for resolved in permissions)
    if admin_consent is None:
        return listed & held
    return listed if admin_consent else frozenset()


async def held_consents(attempt: Attempt) -> frozenset[Consent]:
    """Return the consents that are ours and stay unless taken back; what is going is not given again.

    Those that an older, unsettled change gave are excluded: once this change is completed, that one is superseded, and
    none of its consents may be left.
    """
    record = attempt.application
    others = [each for each in record.given if each != attempt.operation.id]
    overtaken = [record.given_by(each) for each in others if await _is_unsettled(attempt, each)]
    return record.granted - all_going(record.going).consents - frozenset[Consent]().union(*overtaken)


async def _is_unsettled(attempt: Attempt, operation_id: str) -> bool:
    stored = await attempt.ports.operations.read(operation_id)
    return stored is not None and not stored.value.state.settled


async def consents_there(
    attempt: Attempt, service_principal_id: str, permissions: tuple[ResolvedPermission, ...]
) -> frozenset[Consent]:
    """Return which of these permissions are consented to, by anyone.

    Raises NotYetVisibleError while a read may be stale.
    """
    listed = frozenset(resolved.consent for resolved in permissions)
    record, types = attempt.application, types_of(listed)
    if not listed or (record.consent_write is None and attempt.is_recent(record.principal_written_at)):
        return frozenset()  # a new principal has no consents
    seen = (await attempt.ports.directory.consents(service_principal_id, types)).consents
    if not is_trusted(attempt, record.consent_write, seen, types):
        raise NotYetVisibleError("the consent was changed moments ago and the directory still shows an older state")
    return listed & seen


async def give_consents(attempt: Attempt, service_principal_id: str, wanted: frozenset[Consent]) -> bool:
    """Give the missing consents; those that existed before ours are others'.

    Nothing of ours that is no longer wanted may be left: narrowing comes first, and was seen gone. Returns whether a
    read has shown everything wanted, with no write of ours after it. Raises NotYetVisibleError when a write is needed
    but the read is older than our last one.
    """
    if not wanted:
        return True
    record, types = attempt.application, types_of(wanted)
    last = record.consent_write
    is_fresh = last is None and attempt.is_recent(record.principal_written_at)
    seen = SeenConsents() if is_fresh else await attempt.ports.directory.consents(service_principal_id, types)
    trusted = is_trusted(attempt, last, seen.consents, types)
    base = seen.consents if trusted or last is None else last.wrote
    add = wanted - base
    found = (record.found.consents | (wanted - record.granted)) & base if trusted else record.found.consents
    if add and not trusted:
        raise NotYetVisibleError("the consent was changed moments ago and the directory still shows an older state")
    if found - record.found.consents:
        found_all = record.found.model_copy(update={"consents": record.found.consents | found})
        await attempt.save_application(found=found_all)
    if not add:
        return trusted and not is_fresh
    await _give(attempt, service_principal_id, wanted, seen, add)
    return False


async def _give(
    attempt: Attempt, service_principal_id: str, wanted: frozenset[Consent], seen: SeenConsents, add: frozenset[Consent]
) -> None:
    """Give consents, one write after the other; if one fails, those before it are ours."""
    done, record, now = frozenset[Consent](), attempt.application, attempt.now()
    parts = _writes(add)
    async with attempt.record_intended_write(**_changes(attempt, record, wanted, add, now)) as otherwise:
        with attempt.tolerate_lag(*record.consents_written_at):
            for part in parts:
                await attempt.ports.directory.write_consents(service_principal_id, seen, part, frozenset())
                done |= part
                otherwise.clear()
                otherwise.update(_changes(attempt, record, wanted - (add - done), done, now))


def _writes(add: frozenset[Consent]) -> list[frozenset[Consent]]:
    """Split consents into single writes: an API's scopes together, each role alone."""
    parts: dict[tuple[str, str, str], frozenset[Consent]] = {}
    for each in sorted(add, key=lambda it: (it.type != "Scope", it.resource_id, it.name)):
        key = (each.type, each.resource_id, "" if each.type == "Scope" else each.name)
        parts[key] = parts.get(key, frozenset()) | {each}
    return list(parts.values())


def _changes(
    attempt: Attempt, record: ApplicationRecord, wanted: frozenset[Consent], add: frozenset[Consent], now: datetime
) -> dict[str, object]:
    """Return the record's fields for giving `add`; `wanted` is what reads then show of the wanted consents."""
    last = record.consent_write if record.consent_write and attempt.is_recent(record.consent_write.at) else None
    removed = (last.removed if last else frozenset[Consent]()) - wanted
    return {
        "consent_write": ConsentWrite(at=now, wrote=wanted, removed=removed),
        "granted": record.granted | add,
        "given": record.giving(attempt.operation.id, add),
        # What others had given, and then removed, is ours once we give it again.
        "found": record.found.model_copy(update={"consents": record.found.consents - add}),
        "given_at": now,
    }
