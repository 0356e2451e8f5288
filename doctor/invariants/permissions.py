"""Invariant 7: no app of ours asks for or holds what policy, resolved ids and the never-list do not give."""

from collections.abc import Iterator

from doctor.breach import Breach, Invariant
from doctor.evidence import Application, Consent
from doctor.invariants.asked import Asked, Identity, Ids, asked_of, id_of, permissions_of
from doctor.invariants.case import Case
from shared.policy.never import is_never_allowed


def excess(case: Case) -> Iterator[Breach]:
    """Find permissions beyond policy, decided by ids as the directory has them now.

    What somebody approved is within policy. What others added is not a request's gain: a witness knows those consents;
    without one, completed requests and the audit record tell them apart, and where those are lost everything counts.
    """
    evidence = case.evidence
    if not (evidence.applications.is_whole and evidence.principals.is_whole and evidence.consents.is_whole):
        return
    allowed, given = _allowed(case), _given(case)
    for app in case.live_applications:
        if not app.is_ours:
            continue
        asked = asked_of(case, app.unique_name or "")
        within = allowed | _approved(case, asked)
        required: set[Identity] = {(each.resource_app_id, each.id, each.type) for each in app.required}
        if beyond := _ours(case, required, _ever_asked(case, asked)) - within:
            yield _breach(app, "asks for", sorted(permission for _, permission, _ in beyond))
        held = {
            id_of(case, each) or (each.resource_id, each.name, each.type): each for each in given.get(app.client_id, ())
        }
        if beyond := _ours(case, set(held), _ever_given(case, asked)) - within:
            yield _breach(app, "holds", sorted(held[each].name for each in beyond))


def _allowed(case: Case) -> set[Identity]:
    """Return what policy gives without asking anybody."""
    found = set[Identity]()
    for api in case.evidence.principals:
        rules = case.policy.api(api.client_id)
        if rules is None:
            continue
        for permission in api.permissions:
            names = rules.delegated if permission.type == "Scope" else rules.application
            if permission.name in names and not is_never_allowed(api.client_id, permission.id, permission.name):
                found.add((api.client_id, permission.id, permission.type))
    return found


def _approved(case: Case, asked: Asked) -> set[Identity]:
    """Return what the audit record says that somebody approved for this app; nobody can approve what is never given."""
    offered = ((api.client_id, each) for api in case.evidence.principals for each in api.permissions)
    names = {(app_id, each.id, each.type): each.name for app_id, each in offered}
    approved = {each for change in asked.approved for each in permissions_of(case, [change]) or ()}
    return {each for each in approved if not is_never_allowed(each[0], each[1], names.get(each, ""))}


def _ever_asked(case: Case, asked: Asked) -> Ids | None:
    """Return what completed changes asked for; None when that cannot be told."""
    done = [each for each in asked.changes if each.state == "completed"]
    return permissions_of(case, done) if done else None


def _ever_given(case: Case, asked: Asked) -> Ids | None:
    return asked.consented if case.evidence.noted.is_whole else None


def _given(case: Case) -> dict[str, list[Consent]]:
    """Return the consents by client id, without those that others are known to have given."""
    clients = {principal.object_id: principal.client_id for principal in case.evidence.principals}
    found: dict[str, list[Consent]] = {}
    for consent in case.evidence.consents:
        if consent not in case.watched.foreign.consents:
            found.setdefault(clients.get(consent.principal_id, ""), []).append(consent)
    return found


def _ours(case: Case, there: set[Identity], ours: Ids | None) -> set[Identity]:
    return there if ours is None or case.evidence.watched is not None else there & ours


def _breach(app: Application, verb: str, beyond: list[str]) -> Breach:
    return Breach(
        Invariant.WITHIN_POLICY,
        app.name,
        f"it {verb} permissions that policy does not give: {', '.join(beyond)}",
        "Find out whether policy was narrowed, or an administrator added them by hand. If neither, report a defect. "
        f"To remove them: az ad app permission list --id {app.client_id}; az ad app permission delete --id "
        f"{app.client_id} --api <appId> --api-permissions <id>; then revoke the consent (Enterprise applications, "
        "Permissions).",
    )
