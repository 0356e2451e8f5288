"""Admin consent: delegated grants for the whole tenant, and app role assignments."""

from shared.application_record import ConsentWrite
from shared.errors import NotYetVisible
from shared.job import Job
from shared.model import Consent, PermissionType, ResolvedPermission, SeenConsents


def wanted_consents(permissions: tuple[ResolvedPermission, ...], *, admin_consent: bool) -> frozenset[Consent]:
    """Return the consents a request stands for: all of its permissions, or none without admin consent."""
    return frozenset(resolved.consent for resolved in permissions) if admin_consent else frozenset()


def types_of(consents: frozenset[Consent]) -> frozenset[PermissionType]:
    """Return the permission types that occur, so that only those are read."""
    return frozenset[PermissionType](consent.type for consent in consents)


async def converge_consent(job: Job, service_principal_id: str, wanted: frozenset[Consent]) -> bool:
    """Give what is wanted and take back what we gave and is no longer wanted; others' consents stay.

    Returns whether a read has shown everything wanted, with no write of ours after it. Raises NotYetVisible when
    a write is needed but the read is older than our last one.
    """
    record = job.application
    if not wanted and not record.granted:
        return True
    directory, last = job.services.directory, record.consent_write
    is_fresh = last is None and job.is_recent(record.principal_written_at)
    types = types_of(wanted | record.granted)
    seen = SeenConsents() if is_fresh else await directory.consents(service_principal_id, types)
    trusted = last is None or not job.is_recent(last.at) or last.is_reflected_in(seen.consents)
    base = seen.consents if trusted or last is None else last.wrote
    add, remove = wanted - base, (record.granted - wanted) & base
    if not add and not remove:
        return trusted and not is_fresh
    if not trusted:
        raise NotYetVisible("the consent was changed moments ago and the directory still shows an older state")
    write = ConsentWrite(at=job.now(), wrote=wanted, removed=remove)
    async with job.announce(consent_write=write, granted=record.granted | wanted):
        with job.patience(job.operation.begun.get("grantConsent")):
            await directory.write_consents(service_principal_id, seen, add, remove)
    return False
