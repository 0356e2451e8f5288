"""What was rejected has left no right and no live credential behind, whenever the refusal came.

Judged by the requests, the directory's marks and the vault's tags, never by what the app's own record says of itself.
"""

from collections.abc import Iterator

from doctor.breach import Breach, Invariant
from doctor.evidence import Application, Record
from doctor.invariants.asked import Asked, asked_of, id_of, permissions_of
from doctor.invariants.case import Case
from shared.core.naming import operation_of


def left_by_refused(case: Case) -> Iterator[Breach]:
    """Find credentials and consents of requests that ended `rejected`.

    What another request of the app may have made its own is not judged: a credential that a completed one names,
    consents while any request of the app ended otherwise.
    """
    evidence = case.evidence
    if not (evidence.applications.is_whole and evidence.records.is_whole):
        return
    for app in case.live_applications:
        if app.is_ours and app.unique_name is not None:
            asked = asked_of(case, app.unique_name)
            yield from _credentials(case, app, asked)
            yield from _consents(case, app, asked)


def _credentials(case: Case, app: Application, asked: Asked) -> Iterator[Breach]:
    named = {name for each in asked.changes if each.state != "rejected" for name in each.credentials}
    for each in app.credentials:
        record = case.records.get(operation_of(each.display_name) or "")
        if record is None or not _is_refused(case, record) or (each.end is not None and each.end <= case.evidence.now):
            continue
        versions = case.stored.get((app.unique_name or "", each.key_id), ())
        if not any(version.tags.get("credential") in named for version in versions):
            by_hand = f"az ad app credential delete --id {app.client_id} --key-id {each.key_id}"
            yield _breach(app, record, f"the live credential {each.key_id}", f"Remove it: {by_hand}")


def _consents(case: Case, app: Application, asked: Asked) -> Iterator[Breach]:
    evidence, refused = case.evidence, [each for each in asked.changes if _is_refused(case, each)]
    is_whole = evidence.principals.is_whole and evidence.consents.is_whole
    principal = case.principals_by_client.get(app.client_id)
    wanted = permissions_of(case, (each for each in refused if each.wants is None or each.wants.admin_consent))
    if not (is_whole and refused and wanted and principal) or len(refused) < len(asked.changes):
        return
    for each in evidence.consents:
        is_ours = each.principal_id == principal.object_id and each not in case.watched.foreign.consents
        if is_ours and id_of(case, each) in wanted:
            advice = (
                "The directory's audit log says who gave it. If it was the registrar, revoke it (Enterprise "
                "applications, Permissions), and report a defect."
            )
            yield _breach(app, refused[-1], f"the consent {each.name}", advice)


def _is_refused(case: Case, record: Record) -> bool:
    return record.state == "rejected" and case.is_judged(record.id)


def _breach(app: Application, record: Record, what: str, advice: str) -> Breach:
    return Breach(Invariant.REFUSED, app.name, f"request {record.request_id} was rejected and left {what}", advice)
