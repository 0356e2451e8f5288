"""Converges the application and its service principal to the request, with as few writes as possible."""

from dataclasses import dataclass

from shared.contract.request import ApplicationSpec
from shared.core.errors import (
    DisabledError,
    NotReplicatedError,
    NotYetVisibleError,
    Problem,
    RefusedError,
    RejectedError,
)
from shared.core.naming import APPLICATION_TAG, CLIENT_ID_PLACEHOLDER
from shared.core.text import echo
from shared.credentials.issuing import TargetApplication
from shared.model.convergence import covers, merge
from shared.model.directory import (
    PERSONAL_AUDIENCES,
    PERSONAL_TOKEN_VERSION,
    ApplicationState,
    Consent,
    ResolvedPermission,
    SeenApplication,
    SeenPrincipal,
)
from shared.model.holdings import Holdings, sent
from shared.model.writes import ApplicationWrite, application_write
from shared.operations.attempt import Attempt
from shared.registration.taking_back import is_overtaken, see_application


def wanted_state(spec: ApplicationSpec, permissions: tuple[ResolvedPermission, ...]) -> ApplicationState:
    """Return the application as the request wants it, our mark included.

    A redirect URI whose placeholder cannot be filled in yet is left out.
    """
    implicit = spec.web.implicit_grant_settings
    return ApplicationState(
        display_name=spec.display_name,
        sign_in_audience=spec.sign_in_audience,
        public_client_redirect_uris=_whole(spec.public_client.redirect_uris),
        is_fallback_public_client=spec.public_client.allow_public_client_flows,
        web_redirect_uris=_whole(spec.web.redirect_uris),
        enable_id_token_issuance=implicit.enable_id_token_issuance,
        enable_access_token_issuance=implicit.enable_access_token_issuance,
        spa_redirect_uris=_whole(spec.spa.redirect_uris),
        required_permissions=frozenset(resolved.required for resolved in permissions),
        tags=frozenset({APPLICATION_TAG}),
        requested_access_token_version=PERSONAL_TOKEN_VERSION if spec.sign_in_audience in PERSONAL_AUDIENCES else None,
    )


def _whole(uris: tuple[str, ...]) -> frozenset[str]:
    return frozenset(uri for uri in uris if CLIENT_ID_PLACEHOLDER not in uri)


@dataclass(frozen=True)
class Registered(TargetApplication):
    """An application that exists: its ids, and what the last trustworthy read showed of it.

    `verified` says that a read showed everything wanted, and no write of ours came after it.
    """

    verified: bool


def exists(attempt: Attempt, seen: SeenApplication | None) -> bool:
    """Return whether the application exists, by a read and our own last write."""
    return seen is not None or (attempt.application.object_id is not None and not _is_trusted(attempt, seen))


def known_state(attempt: Attempt, seen: SeenApplication | None) -> ApplicationState | None:
    """Return the application's last known state: by the read, or by our last write while reads lag."""
    last = attempt.application.application_write
    if last is not None and not _is_trusted(attempt, seen):
        return last.wrote
    return seen.state if seen is not None else None


async def converge_application(attempt: Attempt, wanted: ApplicationState, seen: SeenApplication | None) -> Registered:
    """Create or update the application. `seen` is a read made under the lease, before any write of this attempt.

    Removals and additions are one atomic write. Raises NotYetVisibleError when a write is needed but the read does not
    show our last one, which may still be in flight, and RejectedError when a deleted application holds the name.
    """
    trusted = _is_trusted(attempt, seen)
    if seen is not None:
        await see_application(attempt, Holdings.of(seen.state))
    record = attempt.application
    base = known_state(attempt, seen)
    merged = merge(base, wanted, record.applied)
    if not exists(attempt, seen) or merged != base:
        if merged != base and not trusted:
            raise NotYetVisibleError("the application was written moments ago and the directory does not show it yet")
        return await _write(attempt, wanted, merged, seen)
    if seen is not None and trusted:
        await remember_found(attempt, wanted, seen.state)
    if seen is not None and seen.object_id != record.object_id:
        await attempt.save_application(object_id=seen.object_id, client_id=seen.client_id)
    object_id, client_id = attempt.application.object_id, attempt.application.client_id
    if object_id is None or client_id is None:
        raise NotYetVisibleError("the application exists, but the directory does not show it yet")
    verified = seen is not None and trusted and covers(seen.state, wanted) and not leaving(attempt, wanted)
    return Registered(object_id, client_id, seen.credentials if seen is not None else None, verified)


def leaving(attempt: Attempt, wanted: ApplicationState) -> Holdings:
    """Return what of the application is ours, no longer wanted, and not yet certainly seen gone."""
    return attempt.application.ours.in_application - Holdings.of(wanted)


def _is_trusted(attempt: Attempt, seen: SeenApplication | None) -> bool:
    last = attempt.application.application_write
    if seen is not None and is_overtaken(attempt, Holdings.of(seen.state)):
        return False
    return last is None or not attempt.is_recent(last.at) or _has_arrived(attempt, last, seen)


def _found(attempt: Attempt, wanted: ApplicationState, seen: ApplicationState) -> Holdings:
    """Return what is wanted, present, and not ours: others made it."""
    return (Holdings.of(wanted) & Holdings.of(seen)) - attempt.application.ours


async def remember_found(attempt: Attempt, wanted: ApplicationState, seen: ApplicationState) -> None:
    """Record which of a request's wants others had made. `seen` is a read that shows our last write."""
    known = attempt.application.found
    if _found(attempt, wanted, seen) - known:
        await attempt.save_application(found=known | _found(attempt, wanted, seen))


def _has_arrived(attempt: Attempt, write: ApplicationWrite, seen: SeenApplication | None) -> bool:
    """Return whether a read certainly shows our write, and no similar one can still be in flight."""
    in_doubt = attempt.is_recent(write.repeats) or attempt.is_recent(write.over)
    return seen is not None and write.is_reflected_in(seen.state) and not in_doubt


async def _write(
    attempt: Attempt, wanted: ApplicationState, merged: ApplicationState, seen: SeenApplication | None
) -> Registered:
    record, state = attempt.application, seen.state if seen is not None else None
    write = application_write(attempt.now(), state, merged, record.application_write)
    unique_name = attempt.operation.unique_name
    try:
        async with attempt.record_intended_write(application_write=write, **_changes(attempt, wanted, merged, state)):
            with attempt.tolerate_lag(record.written_at):
                created = await attempt.ports.directory.upsert_application(unique_name, merged)
    except (NotReplicatedError, RefusedError, RejectedError):
        if seen is None and await attempt.ports.directory.is_name_held_by_deleted(unique_name):
            raise RejectedError([_name_held_by_deleted(unique_name)]) from None
        raise
    if attempt.is_recent(write.over):
        await attempt.save_application(application_write=write.model_copy(update={"over": None}))
    if created is not None:
        await attempt.save_application(
            object_id=created.object_id,
            client_id=created.client_id,
            service_principal_id=None,
            applied=wanted,
            **_NOTHING_YET,
        )
        return Registered(created.object_id, created.client_id, None, verified=False)
    if seen is None:
        raise NotYetVisibleError("the application exists, but the directory does not show it yet")
    if seen.object_id != attempt.application.object_id:
        await attempt.save_application(object_id=seen.object_id, client_id=seen.client_id)
    return Registered(seen.object_id, seen.client_id, seen.credentials, verified=False)


_NOTHING_YET: dict[str, object] = {
    "granted": frozenset[Consent](),
    "given": dict[str, frozenset[Consent]](),
    "answered": dict[str, str](),
    "answered_by": dict[str, str](),
    "withdrawn": dict[str, str](),
    "found": Holdings(),
    "going": (),
}
"""A new application's record: nothing consented, answered, made by others, or going."""


def _changes(
    attempt: Attempt, wanted: ApplicationState, merged: ApplicationState, seen: ApplicationState | None
) -> dict[str, object]:
    """Return the record's fields for writing `merged` over `seen`: what is ours, what is others', and what goes."""
    record = attempt.application
    if seen is None:
        return {"applied": (record.ours | Holdings.of(wanted)).put_into(wanted), "added_at": attempt.now()}
    added = Holdings.of(merged) - Holdings.of(seen)
    gone = Holdings.of(seen) - Holdings.of(merged)
    return {
        "applied": (record.ours | added).put_into(wanted),
        "found": (record.found | _found(attempt, wanted, seen)) - added,
        "going": sent(record.going, gone, attempt.now()),
        "added_at": attempt.now() if added else record.last_added,
    }


def _name_held_by_deleted(unique_name: str) -> Problem:
    return Problem(
        "application.uniqueName",
        "name_held_by_deleted_application",
        f"A deleted application still holds the uniqueName {echo(unique_name)}. Have it restored or permanently "
        "deleted (Entra ID, App registrations, Deleted applications), or choose another uniqueName.",
    )


async def find_service_principal(attempt: Attempt, client_id: str) -> SeenPrincipal | None:
    """Find the application's service principal, by a read or our own write."""
    record = attempt.application
    if record.service_principal_id is not None and attempt.is_recent(record.principal_written_at):
        return SeenPrincipal(record.service_principal_id)
    just_created = record.service_principal_id is None and attempt.is_recent(
        record.application_write.at if record.application_write else None
    )
    return None if just_created else await attempt.ports.directory.service_principal(client_id)


async def converge_service_principal(
    attempt: Attempt, client_id: str, display_name: str, found: SeenPrincipal | None = None
) -> str:
    """Ensure that the application has a service principal; return its object id.

    `found` is one that this attempt has read already. Raises DisabledError when it was disabled: re-enabling it is an
    administrator's decision, and new credentials could not sign in.
    """
    found = found or await find_service_principal(attempt, client_id)
    if found is None:
        found = SeenPrincipal(await _create_service_principal(attempt, client_id, display_name))
    if found.object_id != attempt.application.service_principal_id:
        await attempt.save_application(service_principal_id=found.object_id)
    if not found.enabled:
        raise DisabledError(
            f"the service principal of {echo(attempt.operation.unique_name)} is disabled (object id "
            f"{found.object_id}): the app gets no tokens until an administrator enables it"
        )
    return found.object_id


async def _create_service_principal(attempt: Attempt, client_id: str, display_name: str) -> str:
    directory = attempt.ports.directory
    async with attempt.record_intended_write(principal_written_at=attempt.now()):
        with attempt.tolerate_lag(attempt.application.written_at):
            created = await directory.upsert_service_principal(client_id, display_name)
    if created is not None:
        return created
    seen = await directory.service_principal(client_id)
    if seen is None:
        raise NotYetVisibleError("the service principal exists, but the directory does not show it yet")
    return seen.object_id
