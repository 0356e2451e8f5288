"""A rejected request leaves no consent and no live credential behind, however late it was rejected.

Judged by the requests, the directory's marks and the vault's tags, never by what the app's own record says.
"""

from collections.abc import Iterator

from doctor.evidence import Application, Record
from doctor.finding import Finding, Invariant
from doctor.invariants.case import Case
from doctor.invariants.history import AppHistory, history_of, identity_of, permissions_of
from shared.core.naming import operation_of


def left_by_refused(case: Case) -> Iterator[Finding[Invariant]]:
    """Find credentials and consents of requests that ended `rejected`.

    What another request of the app may also have asked for is not judged: credentials named by a request that was
    not rejected, and consents unless all of the app's requests were rejected.
    """
    evidence = case.evidence
    if not (evidence.applications.is_whole and evidence.records.is_whole):
        return
    for app in case.live_applications:
        if app.is_ours and app.unique_name is not None:
            history = history_of(case, app.unique_name)
            yield from _credentials(case, app, history)
            yield from _consents(case, app, history)


def _credentials(case: Case, app: Application, history: AppHistory) -> Iterator[Finding[Invariant]]:
    named = {name for each in history.changes if each.state != "rejected" for name in each.credentials}
    for each in app.credentials:
        record = case.records.get(operation_of(each.display_name) or "")
        if record is None or not _is_refused(case, record) or (each.end is not None and each.end <= case.evidence.now):
            continue
        versions = case.stored.get((app.unique_name or "", each.key_id), ())
        if not any(version.tags.get("credential") in named for version in versions):
            by_hand = f"az ad app credential delete --id {app.client_id} --key-id {each.key_id}"
            yield _breach(app, record, f"the live credential {each.key_id}", f"Remove it: {by_hand}")


def _consents(case: Case, app: Application, history: AppHistory) -> Iterator[Finding[Invariant]]:
    evidence, refused = case.evidence, [each for each in history.changes if _is_refused(case, each)]
    is_whole = evidence.principals.is_whole and evidence.consents.is_whole
    principal = case.principals_by_client.get(app.client_id)
    consenting = (each for each in refused if each.requested is None or each.requested.admin_consent)
    requested = permissions_of(case, consenting)
    if not (is_whole and refused and requested and principal) or len(refused) < len(history.changes):
        return
    for each in evidence.consents:
        if each.principal_id == principal.object_id and identity_of(case, each) in requested:
            advice = (
                "The directory's audit log says who gave it. If it was the registrar, revoke it (Enterprise "
                "applications, Permissions), and report a defect."
            )
            yield _breach(app, refused[-1], f"the consent {each.name}", advice)


def _is_refused(case: Case, record: Record) -> bool:
    return record.state == "rejected" and case.is_judged(record.id)


def _breach(app: Application, record: Record, what: str, advice: str) -> Finding[Invariant]:
    return Finding(Invariant.REFUSED, app.name, f"request {record.request_id} was rejected and left {what}", advice)
