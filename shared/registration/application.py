"""Make the application and its service principal what the request wants, with as few writes as possible."""

from dataclasses import dataclass

from shared.contract.request import ApplicationSpec
from shared.credentials.issuing import Holder
from shared.errors import NotReplicated, NotYetVisible, Problem, Refused, Rejected, echo
from shared.job import Job
from shared.model import ApplicationState, ResolvedPermission, SeenApplication
from shared.naming import APPLICATION_TAG
from shared.registration.convergence import ApplicationWrite, application_write, covers, merge


def wanted_state(spec: ApplicationSpec, permissions: tuple[ResolvedPermission, ...]) -> ApplicationState:
    """Return the application as the request wants it, our mark included."""
    implicit = spec.web.implicit_grant_settings
    return ApplicationState(
        display_name=spec.display_name,
        sign_in_audience=spec.sign_in_audience,
        public_client_redirect_uris=frozenset(spec.public_client.redirect_uris),
        is_fallback_public_client=spec.public_client.allow_public_client_flows,
        web_redirect_uris=frozenset(spec.web.redirect_uris),
        enable_id_token_issuance=implicit.enable_id_token_issuance,
        enable_access_token_issuance=implicit.enable_access_token_issuance,
        spa_redirect_uris=frozenset(spec.spa.redirect_uris),
        required_permissions=frozenset(resolved.required for resolved in permissions),
        tags=frozenset({APPLICATION_TAG}),
    )


@dataclass(frozen=True)
class Registered(Holder):
    """An application that exists: its ids, and what the last trustworthy read showed of it.

    `verified` says that a read showed everything wanted, and no write of ours came after it.
    """

    verified: bool


async def converge_application(job: Job, wanted: ApplicationState, seen: SeenApplication | None) -> Registered:
    """Create or update the application. `seen` is a read made under the lease, before any write of this attempt.

    Raises NotYetVisible when a write is needed but the read does not show our last one, which may still be on its
    way, and Rejected when a deleted application holds the name.
    """
    record = job.application
    last = record.application_write
    trusted = last is None or not job.is_recent(last.at) or _has_arrived(job, last, seen)
    base = (seen.state if seen is not None else None) if trusted or last is None else last.wrote
    merged = merge(base, wanted, record.applied)
    exists = seen is not None or (record.object_id is not None and not trusted)
    if not exists or merged != base:
        if merged != base and not trusted:
            raise NotYetVisible("the application was written moments ago and the directory does not show it yet")
        return await _write(job, wanted, merged, seen)
    if seen is not None and seen.object_id != record.object_id:
        await job.save_application(object_id=seen.object_id, client_id=seen.client_id)
    object_id, client_id = job.application.object_id, job.application.client_id
    if object_id is None or client_id is None:
        raise NotYetVisible("the application exists, but the directory does not show it yet")
    verified = seen is not None and trusted and covers(seen.state, wanted)
    return Registered(object_id, client_id, seen.credentials if seen is not None else None, verified)


def _has_arrived(job: Job, write: ApplicationWrite, seen: SeenApplication | None) -> bool:
    """Say whether a read shows our write for certain, and none like it can still be on its way."""
    in_doubt = job.is_recent(write.repeats) or job.is_recent(write.over)
    return seen is not None and write.is_reflected_in(seen.state) and not in_doubt


async def _write(
    job: Job, wanted: ApplicationState, merged: ApplicationState, seen: SeenApplication | None
) -> Registered:
    previous = job.application.applied
    ours = merge(previous, wanted, None) if previous is not None else wanted
    write = application_write(
        job.now(), seen.state if seen is not None else None, merged, job.application.application_write
    )
    unique_name = job.operation.unique_name
    try:
        async with job.announce(application_write=write, applied=ours):
            with job.patience(job.operation.started_at):
                created = await job.services.directory.upsert_application(unique_name, merged)
    except (NotReplicated, Refused):
        if seen is None and await job.services.directory.is_name_held_by_deleted(unique_name):
            raise Rejected([_name_held_by_deleted(unique_name)]) from None
        raise
    if job.is_recent(write.over):
        await job.save_application(application_write=write.model_copy(update={"over": None}))
    if created is not None:
        await job.save_application(object_id=created.object_id, client_id=created.client_id, service_principal_id=None)
        return Registered(created.object_id, created.client_id, None, verified=False)
    if seen is None:
        raise NotYetVisible("the application exists, but the directory does not show it yet")
    if seen.object_id != job.application.object_id:
        await job.save_application(object_id=seen.object_id, client_id=seen.client_id)
    return Registered(seen.object_id, seen.client_id, seen.credentials, verified=False)


def _name_held_by_deleted(unique_name: str) -> Problem:
    return Problem(
        "application.uniqueName",
        "name_held_by_deleted_application",
        f"A deleted application still holds the name {echo(unique_name)}. Have it restored or permanently deleted "
        "(Entra ID, App registrations, Deleted applications), or choose another name.",
    )


async def converge_service_principal(job: Job, client_id: str, display_name: str) -> str:
    """Make sure the application has its service principal; returns the principal's object id."""
    directory, record = job.services.directory, job.application
    if record.service_principal_id is None or not job.is_recent(record.principal_written_at):
        just_created = record.service_principal_id is None and job.is_recent(
            record.application_write.at if record.application_write else None
        )
        found = None if just_created else await directory.service_principal_id(client_id)
        if found is None:
            found = await _create_service_principal(job, client_id, display_name)
        if found != job.application.service_principal_id:
            await job.save_application(service_principal_id=found)
        return found
    return record.service_principal_id


async def _create_service_principal(job: Job, client_id: str, display_name: str) -> str:
    directory = job.services.directory
    async with job.announce(principal_written_at=job.now()):
        with job.patience(job.operation.begun.get("writeServicePrincipal")):
            created = await directory.upsert_service_principal(client_id, display_name)
    if created is None:
        created = await directory.service_principal_id(client_id)
    if created is None:
        raise NotYetVisible("the service principal exists, but the directory does not show it yet")
    return created
