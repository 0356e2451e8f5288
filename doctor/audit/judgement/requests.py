"""Checks that the record and the requests agree: what was accepted still exists, and what exists was recorded.

Records are read before the outbox, and the outbox before the chain: an entry is written before what it describes, and
leaves the outbox only for the chain. So what a record shows must have its entry, however recent it is.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from doctor.audit.codes import Code, finding
from doctor.audit.evidence import AuditEvidence, EntryContent, Request
from doctor.finding import Finding
from doctor.patience import Patience
from shared.core.naming import OWN_SOURCE


def request_findings(evidence: AuditEvidence, patience: Patience) -> Iterator[Finding[Code]]:
    """Find requests that were removed or altered, and what was done without being recorded."""
    entries = list(evidence.entries())
    accepted = {each.operation_id: each for each in entries if each.kind == "accepted"}
    settled = {(each.operation_id, each.generation) for each in entries if each.kind == "settled"}
    requests = {each.operation_id: each for each in evidence.requests}
    if evidence.requests.is_whole:
        yield from _removed(evidence, patience, accepted, requests, {operation for operation, _ in settled})
        yield from _claims_without_record(evidence, patience, requests)
    yield from _altered(accepted, requests)
    if evidence.claims.is_whole:
        yield from _without_claim(evidence, requests)
    if evidence.can_be_compared:
        for request in evidence.requests:
            yield from _recorded(request, accepted, settled)
    yield from _notes(evidence, patience)


def _removed(
    evidence: AuditEvidence,
    patience: Patience,
    accepted: dict[str, EntryContent],
    requests: dict[str, Request],
    settled: set[str],
) -> Iterator[Finding[Code]]:
    for operation_id, entry in accepted.items():
        if entry.source == OWN_SOURCE and operation_id not in settled:
            continue  # a rotation that stopped being due between its entry and its record: it is not sent again
        is_due = operation_id in settled or _is_older(evidence.now, entry.at, patience.accepting)
        if operation_id not in requests and is_due:
            what = f"operation {operation_id} was accepted, but has no record"
            yield finding(Code.REQUEST_MISSING, entry.request_id, what)


def _altered(accepted: dict[str, EntryContent], requests: dict[str, Request]) -> Iterator[Finding[Code]]:
    for request in requests.values():
        entry = accepted.get(request.operation_id)
        hashes = {request.body_hash, request.request_hash, *([entry.request_hash] if entry is not None else [])}
        accepted_content = entry.content_hash or entry.request_hash if entry is not None else request.content_hash
        if len(hashes) > 1 or request.content_hash != accepted_content:
            what = f"the request of operation {request.operation_id} is not the one that was accepted"
            yield finding(Code.REQUEST_ALTERED, request.request_id, what)


def _without_claim(evidence: AuditEvidence, requests: dict[str, Request]) -> Iterator[Finding[Code]]:
    claims = {
        (claim.source, claim.request_id, operation_id)
        for claim in evidence.claims
        for operation_id in (claim.operation_id, *claim.earlier)
    }
    for request in requests.values():
        if (request.source, request.request_id, request.operation_id) not in claims:
            what = f"operation {request.operation_id} has no claim"
            yield finding(Code.CLAIM_MISSING, request.request_id, what)


def _claims_without_record(
    evidence: AuditEvidence, patience: Patience, requests: dict[str, Request]
) -> Iterator[Finding[Code]]:
    for claim in evidence.claims:
        if claim.source == OWN_SOURCE:
            continue  # a rotation that stopped being due before its record was written
        if claim.operation_id not in requests and _is_older(evidence.now, claim.at, patience.claiming):
            what = f"it was claimed by operation {claim.operation_id}, but that has no record"
            yield finding(Code.REQUEST_MISSING, claim.request_id, what)


def _recorded(
    request: Request, accepted: dict[str, EntryContent], settled: set[tuple[str, int]]
) -> Iterator[Finding[Code]]:
    if request.operation_id not in accepted:
        what = f"operation {request.operation_id} exists, but no entry says that it was accepted"
        yield finding(Code.NOT_RECORDED, request.request_id, what)
    for generation in request.ended:
        if (request.operation_id, generation) not in settled:
            what = f"generation {generation} of operation {request.operation_id} ended, but no entry says so"
            yield finding(Code.NOT_RECORDED, request.request_id, what)


def _notes(evidence: AuditEvidence, patience: Patience) -> Iterator[Finding[Code]]:
    waiting = 0
    for note in evidence.notes:
        if note.content.entry_id != note.row or note.content.at is None:
            yield finding(Code.NOTE_UNREADABLE, f"row {note.row} of the outbox", "it is not an entry")
        elif _is_older(evidence.now, note.content.at, patience.chaining):
            waiting += 1
    if waiting:
        since = min(note.content.at for note in evidence.notes if note.content.at is not None)
        what = f"{waiting} entries have been waiting to be chained, the oldest since {since:%Y-%m-%d %H:%M} UTC"
        yield finding(Code.NOT_CHAINED, "outbox", what)


def _is_older(now: datetime, moment: datetime | None, than: timedelta) -> bool:
    return moment is None or now - moment >= than
