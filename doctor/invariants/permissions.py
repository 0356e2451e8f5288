"""Invariant 7: no app of ours asks for or holds what policy, resolved ids and the never-list do not give."""

from collections.abc import Iterator

from doctor.breach import Breach, Invariant
from doctor.evidence import Application, Consent, OwnWrites
from doctor.invariants.case import Case
from shared.policy.never import is_never_allowed


def excess(case: Case) -> Iterator[Breach]:
    """Find permissions beyond policy, decided by ids as the directory has them now.

    What others added is not a request's gain. A witness knows those consents; without one, the app's own record
    tells them apart, and where that is lost everything counts.
    """
    evidence = case.evidence
    if not (evidence.applications.is_whole and evidence.principals.is_whole and evidence.consents.is_whole):
        return
    required, consented = _allowed(case)
    given = _given(case)
    records = {own.unique_name: own for own in evidence.own_writes} if evidence.watched is None else {}
    for app in case.live_applications:
        if not app.is_ours:
            continue
        own = records.get(app.unique_name or "")
        asked = {(each.resource_app_id, each.id) for each in app.required if own is None or each in own.required}
        if beyond := asked - required:
            yield _breach(app, "asks for", sorted(permission for _, permission in beyond))
        if beyond := _ours(given.get(app.client_id, set()), own) - consented:
            yield _breach(app, "holds", sorted(name for _, name in beyond))


def _allowed(case: Case) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return what policy gives: as (API's appId, permission id), and as (API's principal id, name of the consent)."""
    required, consented = set[tuple[str, str]](), set[tuple[str, str]]()
    for api in case.evidence.principals:
        rules = case.policy.api(api.client_id)
        if rules is None:
            continue
        for permission in api.permissions:
            is_scope = permission.type == "Scope"
            names = rules.delegated if is_scope else rules.application
            if permission.name in names and not is_never_allowed(api.client_id, permission.id, permission.name):
                required.add((api.client_id, permission.id))
                consented.add((api.object_id, permission.name if is_scope else permission.id))
    return required, consented


def _given(case: Case) -> dict[str, set[Consent]]:
    """Return the consents by client id, without those that others are known to have given."""
    clients = {principal.object_id: principal.client_id for principal in case.evidence.principals}
    found: dict[str, set[Consent]] = {}
    for consent in case.evidence.consents:
        if consent not in case.watched.foreign.consents:
            found.setdefault(clients.get(consent.principal_id, ""), set()).add(consent)
    return found


def _ours(given: set[Consent], own: OwnWrites | None) -> set[tuple[str, str]]:
    pairs = {(consent.resource_id, consent.name) for consent in given}
    return pairs if own is None else pairs & own.granted


def _breach(app: Application, verb: str, beyond: list[str]) -> Breach:
    return Breach(
        Invariant.WITHIN_POLICY,
        app.name,
        f"it {verb} permissions that policy does not give: {', '.join(beyond)}",
        "Was policy narrowed, or did an administrator add them by hand? Else report a defect. To take them away: "
        f"az ad app permission list --id {app.client_id}; az ad app permission delete --id {app.client_id} --api "
        "<appId> --api-permissions <id>, and revoke the consent in Enterprise applications, Permissions.",
    )
