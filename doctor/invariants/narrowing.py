"""What a change takes back is gone: nothing of ours remains that the last completed change does not ask for.

Judged by the requests and the audit record, never by what the app's own record says.
"""

from collections.abc import Iterable, Iterator

from doctor.evidence import Application, Record
from doctor.finding import Finding, Invariant, PutCleanup
from doctor.invariants.case import Case
from doctor.invariants.history import AppHistory, consents_requested, history_of, identity_of
from shared.core.naming import NARROWING, with_client_id


def not_taken_back(case: Case) -> Iterator[Finding[Invariant]]:
    """Find what was taken back but still exists, and removals that have been pending for too long."""
    evidence = case.evidence
    yield from _slow_removals(case)
    if not (evidence.applications.is_whole and evidence.records.is_whole):
        return
    for app in case.live_applications:
        if not app.is_ours or app.unique_name is None:
            continue
        history = history_of(case, app.unique_name)
        last = history.completed
        if last is not None and case.is_judged(last.id):
            yield from _redirect_uris(app, history, last)
            yield from _consents(case, app, history, last)


def _redirect_uris(app: Application, history: AppHistory, last: Record) -> Iterator[Finding[Invariant]]:
    if any(each.requested is None for each in history.changes):
        return
    # What a refused request wrote into the application stays: the next one continues from it.
    requested = _filled_in(app, (each for each in history.changes if each.sequence >= last.sequence))
    earlier = (each for each in history.changes if each.state == "completed" and each.sequence < last.sequence)
    made_by_others = {name for each in history.changes for name in each.made_by_others}
    if left := (app.redirect_uris & _filled_in(app, earlier)) - requested - made_by_others:
        yield _breach(app, last, "redirect URIs", sorted(left))


def _filled_in(app: Application, changes: Iterable[Record]) -> set[str]:
    """Return the redirect URIs that changes ask for, as this application has them."""
    asked = (uri for each in changes if each.requested is not None for uri in each.requested.redirect_uris)
    return {with_client_id(uri, app.client_id) for uri in asked}


def _consents(case: Case, app: Application, history: AppHistory, last: Record) -> Iterator[Finding[Invariant]]:
    evidence, ours = case.evidence, history.consented
    requested = consents_requested(case, history)
    is_whole = evidence.principals.is_whole and evidence.consents.is_whole and evidence.audit_entries.is_whole
    principal = case.principals_by_client.get(app.client_id)
    if not is_whole or ours is None or requested is None or principal is None:
        return
    given = (each for each in evidence.consents if each.principal_id == principal.object_id)
    held = {found: each for each in given if (found := identity_of(case, each))}
    if left := (held.keys() & ours) - requested:
        names = sorted(held[each].name for each in left)
        yield _breach(app, last, "consents", names)


def _slow_removals(case: Case) -> Iterator[Finding[Invariant]]:
    patience = case.patience
    longest = patience.lag + patience.cleaning
    entries = {entry.unique_name for entry in case.evidence.cleanups if entry.operation_id == NARROWING}
    for each in case.evidence.pending_removals:
        if not each.since or not (patience.at_rest or case.is_older(each.since[0], longest)):
            continue
        is_forgotten = each.unique_name not in entries and case.evidence.cleanups.is_whole
        yield Finding(
            Invariant.GONE,
            each.unique_name,
            f"the registrar has been taking something back since {each.since[0]:%Y-%m-%d %H:%M} UTC, and it is not gone"
            + (" yet; its clean-up entry is missing" if is_forgotten else " yet"),
            "Run FIX=1 make doctor: it restores the entry, and the app's timer goes on."
            if is_forgotten
            else "Look for removal.repeated and cleanup.postponed in the log: they say what is not gone, and why.",
            PutCleanup(each.unique_name, NARROWING, ()) if is_forgotten else None,
        )


def _breach(app: Application, last: Record, what: str, names: list[str]) -> Finding[Invariant]:
    return Finding(
        Invariant.GONE,
        app.name,
        f"it has {what} that the registrar gave and request {last.request_id} does not ask for: {', '.join(names)}",
        "If the log has removal.undone_by_others, somebody added them again by hand, and the directory's audit log "
        "says who. If they are needed, send a request that asks for them; else remove them. If nobody added them, "
        "report a defect.",
    )
