"""The action `register`, from the request to a verified registration.

Every attempt reads the current state first and writes only what differs, so an attempt may begin anywhere: after a
crash, a lost answer, a duplicate message, or others' changes.
"""

from dataclasses import dataclass, replace

from shared.approval.checking import check_approval
from shared.contract.request import RegistrationRequest
from shared.core.errors import NotYetVisibleError, Problem, RejectedError
from shared.core.naming import APPLICATION_TAG
from shared.core.text import echo
from shared.credentials.due import list_due
from shared.credentials.sign_in import verify_sign_in
from shared.credentials.tags import read_tags
from shared.credentials.tenant_rules import judge, look
from shared.credentials.withdrawing import is_withdrawn
from shared.model.convergence import covers
from shared.model.directory import ApplicationState, Consent, SeenApplication, SeenPrincipal
from shared.model.holdings import Holdings
from shared.model.person import Person, read_person
from shared.model.vault import VaultEntry
from shared.operations.attempt import Attempt
from shared.operations.limits import excesses
from shared.operations.parties import parties_of
from shared.policy.approval import approval_reasons, binding, privileged_reasons
from shared.policy.check import Had, breaches
from shared.policy.ownership import Standing, not_owner, owner_notes
from shared.policy.redirect_uris import NO_CLIENT_ID
from shared.registration.application import (
    converge_service_principal,
    exists,
    find_service_principal,
    leaving,
    remember_found,
    wanted_state,
)
from shared.registration.beforehand import refused_beforehand
from shared.registration.consent import consents_there, give_consents, held_consents, wanted_consents
from shared.registration.credentials import Found, converge_credential, credential_notes, look_for_credentials
from shared.registration.giving_way import give_way
from shared.registration.others import MadeByOthers, look_for_others
from shared.registration.permissions import Resolution, resolve
from shared.registration.placeholders import converge_filled_in, filled_in, filled_uris, known_client_id
from shared.registration.privileged import look_for_privileges
from shared.registration.taking_back import record_what_goes, see_application, take_back_consents, types_of
from shared.registration.tenant import Additions


@dataclass(frozen=True)
class Registration:
    """A verified registration: everything that the answer reports."""

    object_id: str
    client_id: str
    service_principal_id: str
    resolution: Resolution
    consents: frozenset[Consent]
    entries: dict[str, VaultEntry]
    """Vault entries by credential name."""
    found: frozenset[Consent]
    """Of the consents, those that others had given before."""
    made_by_others: tuple[MadeByOthers, ...]
    """What the request no longer asks for but stays, because others made it."""
    owner: Person | None
    """Who owns the app from now on."""
    filled: tuple[str, ...]
    """Redirect URIs that were requested with a placeholder, filled in."""
    notes: tuple[Problem, ...]
    """Notes on what the request asked for and did not get, without being rejected for it."""


@dataclass(frozen=True)
class _Observed:
    seen: SeenApplication | None
    resolution: Resolution
    found: dict[str, Found]
    """What the vault holds, by credential name."""
    standing: Standing
    principal: SeenPrincipal | None
    """The service principal, if it had to be read already."""
    notes: tuple[Problem, ...] = ()
    """Notes on what the app had and keeps."""


async def register(attempt: Attempt, request: RegistrationRequest) -> Registration:
    """Create or update the registration, verify it and return it.

    Raises RejectedError with every problem before the first write, and DeferredError when it has to continue later.
    """
    spec = request.application
    async with attempt.step("checkRequest"):
        observed = await _observe_and_check(attempt, request)
    resolution = observed.resolution
    owner = observed.standing.owner_after
    asked = filled_in(request, known_client_id(attempt, observed.seen))
    wanted = wanted_state(asked.application, resolution.permissions)
    held = await held_consents(attempt) if spec.admin_consent is None else frozenset[Consent]()
    consents = wanted_consents(resolution.permissions, admin_consent=spec.admin_consent, held=held)
    principal = await _narrow(attempt, observed, wanted, consents)
    async with attempt.step("writeApplication"):
        app, wanted = await converge_filled_in(attempt, request, resolution.permissions, wanted, observed.seen)
    async with attempt.step("writeServicePrincipal"):
        service_principal_id = await converge_service_principal(
            attempt, app.client_id, spec.display_name, found=principal
        )
    verified, entries = app.verified, dict[str, VaultEntry]()
    async with attempt.step("storeCredentials"):
        if leaving(attempt, wanted):
            await _verify_application(attempt, wanted)
            verified = True
        for credential in request.credentials:
            found = observed.found[credential.name]
            entry = entries[credential.name] = await converge_credential(
                attempt, request, credential, app, found, owner
            )
            before = found.current.versions
            others = [each for each in before if each.version != entry.version]
            await list_due(attempt.ports.due, attempt.operation.unique_name, credential.name, before, (*others, entry))
    # Last of all: the tenant's rules may refuse a credential, and a consent already given would have to be taken back.
    async with attempt.step("grantConsent"):
        consented = not spec.admin_consent or await give_consents(attempt, service_principal_id, consents)
    async with attempt.step("verifyDirectory"):
        if not verified:
            await _verify_application(attempt, wanted)
        if not consented:
            await _verify_consent(attempt, service_principal_id, consents)
        if spec.admin_consent is None:
            consents = await consents_there(attempt, service_principal_id, resolution.permissions)
        holds = Holdings.of(wanted) | Holdings(consents=consents)
        others = await look_for_others(attempt, holds, observed.seen, service_principal_id)
    async with attempt.step("signIn"):
        for name, entry in entries.items():
            if not entry.enabled:  # Its value cannot be read, and the answer does not claim that it works.
                continue
            await verify_sign_in(attempt, app, entry, credential=name, apis=resolution.apis)
    asked_in = attempt.operation.ticket
    # The owner changes only now: until then this request has to be the owner's, attempt after attempt.
    ticket = {"ticket_source": request.source, "ticket": asked_in} if asked_in is not None else {}
    found = attempt.application.found & holds
    withdrawn = {name: version for name, version in attempt.application.withdrawn.items() if name not in entries}
    lifetimes = attempt.application.lifetimes | {each.name: each.lifetime_days for each in request.credentials}
    # All consents are this request's by now. Those it gave itself stay known: it may still be refused and rolled back.
    operation_id = attempt.operation.id
    await attempt.save_application(
        found=found,
        given=attempt.application.made_own_by(operation_id),
        applied_sequence=attempt.operation.sequence,
        lifetimes=lifetimes,
        withdrawn=withdrawn,
        **attempt.application.answering(operation_id, {name: entry.tags["keyId"] for name, entry in entries.items()}),
        **_owner_fields(owner),
        **ticket,
    )
    return Registration(
        object_id=app.object_id,
        client_id=app.client_id,
        service_principal_id=service_principal_id,
        resolution=resolution,
        consents=consents,
        entries=entries,
        found=found.consents if spec.admin_consent else found.consents | (consents - attempt.application.granted),
        made_by_others=others,
        owner=owner,
        filled=filled_uris(request, app.client_id),
        notes=(
            *owner_notes(request, observed.standing),
            *credential_notes(attempt, request, observed.found, entries),
            *observed.notes,
        ),
    )


async def _narrow(
    attempt: Attempt, observed: _Observed, wanted: ApplicationState, consents: frozenset[Consent]
) -> SeenPrincipal | None:
    """Take back what is ours and no longer wanted, consents first, and see it gone, before adding anything.

    Returns the service principal if it had to be read for that. A disabled one loses its consents like any other.
    """
    seen, principal = observed.seen, observed.principal
    if not exists(attempt, seen):
        return None
    await record_what_goes(attempt, Holdings.of(wanted) | Holdings(consents=consents))
    client_id = seen.client_id if seen is not None else attempt.application.client_id
    if not attempt.application.granted - consents or client_id is None:
        return principal
    async with attempt.step("takeBackConsent"):
        principal = principal or await find_service_principal(attempt, client_id)
        await take_back_consents(attempt, principal.object_id if principal is not None else None, consents)
    return principal


async def _observe_and_check(attempt: Attempt, request: RegistrationRequest) -> _Observed:
    """Read everything the request touches. Raises RejectedError with all that forbids it, before any write."""
    if attempt.operation.sequence < attempt.application.applied_sequence:
        raise RejectedError([_superseded(attempt)])
    await give_way(attempt)
    seen, restrictions = await look(attempt)
    # An approved request is checked against current ids, not cached ones.
    is_approved = attempt.operation.approval is not None
    policy = attempt.policy
    resolution = await resolve(request.application.api_permissions, attempt.ports.apis, policy, ask=is_approved)
    found, vault_problems = await look_for_credentials(attempt, request)
    client_id = known_client_id(attempt, seen)
    had, asked = _had(attempt, seen, found, client_id), filled_in(request, client_id)
    shaped = filled_in(request, client_id or NO_CLIENT_ID)
    rules, forbidden = await judge(attempt, seen, restrictions, Additions(attempt, shaped, seen, found, had).breaches)
    found = {each.name: replace(found[each.name], longest=rules.longest(each.type)) for each in request.credentials}
    problems = [
        *breaches(asked, policy, had),
        *forbidden,
        *resolution.problems,
        *(problem for problem in [_not_managed(attempt, seen)] if problem is not None),
        *vault_problems,
    ]
    known_owner = attempt.application.owned_by or (_owner_in_vault(found) if seen is not None else None)
    exists = seen is not None or attempt.application.object_id is not None
    parties = await parties_of(attempt, known_owner, exists=exists)
    standing = parties.standing
    problems += parties.problems
    # A change that was applied but died before it was recorded as completed may have changed the owner.
    applied = attempt.operation.sequence == attempt.application.applied_sequence
    is_theirs = applied or standing.owns or standing.administers
    is_managed = not any(problem.code == "not_managed" for problem in problems)
    if not is_theirs and not parties.problems and is_managed:
        problems.append(not_owner(request))
    new = [name for name, each in found.items() if _is_new(attempt, name, each)]
    refused, notes = refused_beforehand(attempt, shaped, seen, resolution, new)
    if is_theirs and is_managed:
        # Otherwise a requester would learn what an app that is not theirs has.
        wrong = {problem.field for problem in problems}
        problems += [problem for problem in refused if problem.field not in wrong]
    if problems:
        raise RejectedError(problems)
    problems = await excesses(attempt, standing, new)
    if problems:
        raise RejectedError(problems)
    permissions = resolution.permissions
    certificates = [each.name for each in request.credentials if each.type == "certificate" and each.name in new]
    privileges = await look_for_privileges(attempt, seen, wanted_state(asked.application, permissions), certificates)
    # Permissions that the request asks for have their own reason, and are in the binding already.
    held = tuple(each for each in privileges.held if each.consent not in {it.consent for it in permissions})
    reasons = (*approval_reasons(request, permissions, policy), *privileged_reasons(privileges.places, held))
    check_approval(attempt.operation, reasons, binding(request, permissions, policy, held))
    await _keep_owner(attempt, standing)
    return _Observed(seen, resolution, found, standing, privileges.principal, notes)


def _is_new(attempt: Attempt, name: str, found: Found) -> bool:
    """Return whether the app has had no such credential; one that was issued and rolled back does not count."""
    entry = found.current.entry
    is_there = entry is not None and not is_withdrawn(attempt, name, entry)
    return not is_there and not attempt.operation.credential(name).has_begun


async def _keep_owner(attempt: Attempt, standing: Standing) -> None:
    """Record the app's owner while the request is carried out: a new app is its requester's from the first attempt."""
    owner = standing.owner or (standing.requester if standing.founds else None)
    kept = _owner_fields(owner) | ({"founded_by": attempt.operation.id} if standing.founds else {})
    if any(getattr(attempt.application, name) != value for name, value in kept.items()):
        await attempt.save_application(**kept)


def _owner_fields(owner: Person | None) -> dict[str, str | None]:
    return {"owner": owner.address, "owner_id": owner.object_id} if owner is not None else {}


def _owner_in_vault(found: dict[str, Found]) -> Person | None:
    """Return the app's owner when its secret was stored: our table may have been lost, unlike the vault's tags."""
    for each in found.values():
        entry = each.current.entry
        if entry is not None and entry.tags.get("owner"):
            return read_person(entry.tags["owner"])
    return None


def _had(attempt: Attempt, seen: SeenApplication | None, found: dict[str, Found], client_id: str | None) -> Had:
    """Return what the app has had: by our own record, or else by the directory and the vault."""
    ours = seen is not None and APPLICATION_TAG in seen.state.tags
    state = attempt.application.applied or (seen.state if seen is not None and ours else None)
    lifetimes = dict[str, frozenset[int]]()
    for name, each in found.items():
        days = {attempt.application.lifetimes.get(name), _days_of(each)}
        lifetimes[name] = frozenset(day for day in days if day is not None)
    return Had(state, lifetimes, client_id)


def _days_of(found: Found) -> int | None:
    tags = read_tags(found.current.entry) if found.current.entry is not None else None
    return tags.lifetime_days if tags is not None else None


def _superseded(attempt: Attempt) -> Problem:
    return Problem(
        "requestId",
        "superseded",
        f"A newer change to the app {echo(attempt.operation.unique_name)} is complete already, so this one is not "
        "applied.",
    )


def _not_managed(attempt: Attempt, seen: SeenApplication | None) -> Problem | None:
    if seen is None or APPLICATION_TAG in seen.state.tags:
        return None
    return Problem(
        "application.uniqueName",
        "not_managed",
        f"An application with the uniqueName {echo(attempt.operation.unique_name)} exists, and the registrar does not "
        "manage it. The registrar leaves it as it is. Choose another uniqueName.",
    )


async def _verify_application(attempt: Attempt, wanted: ApplicationState) -> None:
    seen = await attempt.ports.directory.application(attempt.operation.unique_name)
    if seen is not None:
        await see_application(attempt, Holdings.of(seen.state))
    write = attempt.application.application_write
    if write is not None and attempt.is_recent(write.at):
        visible = seen is not None and write.is_reflected_in(seen.state) and not attempt.is_recent(write.over)
    else:
        visible = seen is not None and covers(seen.state, wanted)
    if seen is None or not visible or leaving(attempt, wanted):
        # Within the lag window this is lag; after it, the next attempt finds what is wrong and writes it again.
        raise NotYetVisibleError("the directory does not show the application as it was written yet")
    await remember_found(attempt, wanted, seen.state)


async def _verify_consent(attempt: Attempt, service_principal_id: str, wanted: frozenset[Consent]) -> None:
    seen = await attempt.ports.directory.consents(service_principal_id, types_of(wanted))
    if not seen.consents >= wanted:
        raise NotYetVisibleError("the directory does not show the admin consent yet")
