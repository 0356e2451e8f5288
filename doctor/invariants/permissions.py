"""Invariant 7: no app of ours asks for or holds what policy, resolved ids and the never-list do not give."""

from collections.abc import Iterator

from doctor.evidence import Application, Consent
from doctor.finding import Finding, Invariant
from doctor.invariants.case import Case
from doctor.invariants.history import AppHistory, Identities, Identity, history_of, identity_of, permissions_of
from shared.policy.never import is_never_allowed


def excess_permissions(case: Case) -> Iterator[Finding[Invariant]]:
    """Find permissions beyond policy, decided by ids as the directory has them now.

    What was approved is within policy. Permissions that others added are not the registrar's: completed requests
    and the audit record tell them apart, and where those are lost everything counts.
    """
    evidence = case.evidence
    if not (evidence.applications.is_whole and evidence.principals.is_whole and evidence.consents.is_whole):
        return
    allowed, given = _allowed(case), _given(case)
    for app in case.live_applications:
        if not app.is_ours:
            continue
        history = history_of(case, app.unique_name or "")
        within = allowed | _approved(case, history)
        required: set[Identity] = {(each.resource_app_id, each.id, each.type) for each in app.required}
        if beyond := _counted(case, required, _ever_requested(case, history)) - within:
            yield _breach(app, "asks for", sorted(permission for _, permission, _ in beyond))
        held = {
            identity_of(case, each) or (each.resource_id, each.name, each.type): each
            for each in given.get(app.client_id, ())
        }
        if beyond := _counted(case, set(held), _ever_given(case, history)) - within:
            yield _breach(app, "holds", sorted(held[each].name for each in beyond))


def _allowed(case: Case) -> set[Identity]:
    """Return what policy gives without approval."""
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


def _approved(case: Case, history: AppHistory) -> set[Identity]:
    """Return what was approved for this app by the audit record, without what is on the never-list."""
    offered = ((api.client_id, each) for api in case.evidence.principals for each in api.permissions)
    names = {(app_id, each.id, each.type): each.name for app_id, each in offered}
    approved = {each for change in history.approved for each in permissions_of(case, [change]) or ()}
    return {each for each in approved if not is_never_allowed(each[0], each[1], names.get(each, ""))}


def _ever_requested(case: Case, history: AppHistory) -> Identities | None:
    """Return what completed changes asked for; None if unknown."""
    completed = [each for each in history.changes if each.state == "completed"]
    return permissions_of(case, completed) if completed else None


def _ever_given(case: Case, history: AppHistory) -> Identities | None:
    """Return what the registrar ever consented to; None if unknown."""
    return history.consented if case.evidence.audit_entries.is_whole else None


def _given(case: Case) -> dict[str, list[Consent]]:
    """Return the consents by client id."""
    clients = {principal.object_id: principal.client_id for principal in case.evidence.principals}
    found: dict[str, list[Consent]] = {}
    for consent in case.evidence.consents:
        found.setdefault(clients.get(consent.principal_id, ""), []).append(consent)
    return found


def _counted(case: Case, present: set[Identity], ours: Identities | None) -> set[Identity]:
    return present if ours is None or case.judge_all_permissions else present & ours


def _breach(app: Application, verb: str, beyond: list[str]) -> Finding[Invariant]:
    return Finding(
        Invariant.WITHIN_POLICY,
        app.name,
        f"it {verb} permissions that policy does not give: {', '.join(beyond)}",
        "Find out whether policy was narrowed, or an administrator added them by hand. If neither, report a defect. "
        f"To remove them: az ad app permission list --id {app.client_id}; az ad app permission delete --id "
        f"{app.client_id} --api <appId> --api-permissions <id>; then revoke the consent (Enterprise applications, "
        "Permissions).",
    )
