"""What a change takes back is gone: nothing of ours is there that the last completed change does not want.

Judged by the requests and the audit record, never by what the app's own record says of itself.
"""

from collections.abc import Iterable, Iterator

from doctor.breach import Breach, Invariant, PutCleanup
from doctor.evidence import Application, Record
from doctor.invariants.asked import Asked, asked_of, consents_wanted, id_of
from doctor.invariants.case import Case
from shared.core.naming import NARROWING, with_client_id


def left_behind(case: Case) -> Iterator[Breach]:
    """Find what was taken back and is there, and what is being taken back for too long."""
    evidence = case.evidence
    yield from _leaving(case)
    if not (evidence.applications.is_whole and evidence.records.is_whole):
        return
    for app in case.live_applications:
        if not app.is_ours or app.unique_name is None:
            continue
        asked = asked_of(case, app.unique_name)
        last = asked.completed
        if last is not None and case.is_judged(last.id):
            yield from _redirect_uris(case, app, asked, last)
            yield from _consents(case, app, asked, last)


def _redirect_uris(case: Case, app: Application, asked: Asked, last: Record) -> Iterator[Breach]:
    # What a refused request had written into the application stays there, for the next one to go on with.
    wanting = (each for each in asked.changes if each.sequence >= last.sequence)
    if any(each.wants is None for each in asked.changes):
        return
    wanted = _filled_in(app, wanting)
    before = [each for each in asked.changes if each.state == "completed" and each.sequence < last.sequence]
    once = _filled_in(app, before)
    others = {each.uri for each in case.watched.foreign.redirect_uris if each.object_id == app.object_id}
    others |= {name for each in asked.changes for name in each.others}
    if left := (app.redirect_uris & once) - wanted - others:
        yield _breach(app, last, "redirect URIs", sorted(left))


def _filled_in(app: Application, changes: Iterable[Record]) -> set[str]:
    """Return the redirect URIs that changes ask for, as this application has them."""
    asked = (uri for each in changes if each.wants is not None for uri in each.wants.redirect_uris)
    return {with_client_id(uri, app.client_id) for uri in asked}


def _consents(case: Case, app: Application, asked: Asked, last: Record) -> Iterator[Breach]:
    evidence, ours = case.evidence, asked.consented
    wanted = consents_wanted(case, asked)
    is_whole = evidence.principals.is_whole and evidence.consents.is_whole and evidence.noted.is_whole
    principal = case.principals_by_client.get(app.client_id)
    if not is_whole or ours is None or wanted is None or principal is None:
        return
    given = (each for each in evidence.consents if each.principal_id == principal.object_id)
    held = {found: each for each in given if (found := id_of(case, each)) and each not in case.watched.foreign.consents}
    if left := (held.keys() & ours) - wanted:
        names = sorted(held[each].name for each in left)
        yield _breach(app, last, "consents", names)


def _leaving(case: Case) -> Iterator[Breach]:
    patience = case.patience
    longest = patience.lag + patience.cleaning
    entries = {entry.unique_name for entry in case.evidence.cleanups if entry.operation_id == NARROWING}
    for each in case.evidence.leaving:
        if not each.since or not (patience.at_rest or case.is_older(each.since[0], longest)):
            continue
        is_forgotten = each.unique_name not in entries and case.evidence.cleanups.is_whole
        yield Breach(
            Invariant.GONE,
            each.unique_name,
            f"the registrar has been taking something back since {each.since[0]:%Y-%m-%d %H:%M} UTC, and it is not gone"
            + (" yet; its clean-up entry is missing" if is_forgotten else " yet"),
            "Run FIX=1 make doctor: it restores the entry, and the app's timer goes on."
            if is_forgotten
            else "Look for removal.repeated and cleanup.postponed in the log: they say what is not gone, and why.",
            PutCleanup(each.unique_name, NARROWING, ()) if is_forgotten else None,
        )


def _breach(app: Application, last: Record, what: str, names: list[str]) -> Breach:
    return Breach(
        Invariant.GONE,
        app.name,
        f"it has {what} that the registrar gave and request {last.request_id} does not ask for: {', '.join(names)}",
        "If the log has removal.undone_by_others, somebody added them again by hand, and the directory's audit log "
        "says who. If they are needed, send a request that asks for them; else remove them. If nobody added them, "
        "report a defect.",
    )
