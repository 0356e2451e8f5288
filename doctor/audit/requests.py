"""Do the record and the requests agree? What was accepted is still there, and what is there was recorded.

Records are read before the outbox, and that before the chain: an entry is noted before what it tells of is written,
and leaves the outbox only for the chain. So what a record shows must have its entry, however young it is.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from doctor.audit.evidence import AuditEvidence, Request, Told
from doctor.audit.finding import Code, Finding, Patience
from shared.core.naming import OWN_SOURCE


def request_findings(evidence: AuditEvidence, patience: Patience) -> Iterator[Finding]:
    """Find requests that were removed or altered, and what was done without being recorded."""
    told = list(evidence.told())
    accepted = {each.operation_id: each for each in told if each.kind == "accepted"}
    settled = {(each.operation_id, each.generation) for each in told if each.kind == "settled"}
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
    accepted: dict[str, Told],
    requests: dict[str, Request],
    settled: set[str],
) -> Iterator[Finding]:
    for operation_id, entry in accepted.items():
        if entry.source == OWN_SOURCE and operation_id not in settled:
            continue  # a rotation whose reason passed away between its entry and its record: nobody asks again
        is_due = operation_id in settled or _is_older(evidence.now, entry.at, patience.accepting)
        if operation_id not in requests and is_due:
            what = f"operation {operation_id} was accepted, but has no record"
            yield Finding(Code.REQUEST_MISSING, entry.request_id, what)


def _altered(accepted: dict[str, Told], requests: dict[str, Request]) -> Iterator[Finding]:
    for request in requests.values():
        entry = accepted.get(request.operation_id)
        hashes = {request.body_hash, request.request_hash, *([entry.request_hash] if entry is not None else [])}
        accepted_content = entry.content_hash or entry.request_hash if entry is not None else request.content_hash
        if len(hashes) > 1 or request.content_hash != accepted_content:
            what = f"the request of operation {request.operation_id} is not the one that was accepted"
            yield Finding(Code.REQUEST_ALTERED, request.request_id, what)


def _without_claim(evidence: AuditEvidence, requests: dict[str, Request]) -> Iterator[Finding]:
    claims = {
        (claim.source, claim.request_id, operation_id)
        for claim in evidence.claims
        for operation_id in (claim.operation_id, *claim.earlier)
    }
    for request in requests.values():
        if (request.source, request.request_id, request.operation_id) not in claims:
            what = f"operation {request.operation_id} has no claim"
            yield Finding(Code.CLAIM_MISSING, request.request_id, what)


def _claims_without_record(
    evidence: AuditEvidence, patience: Patience, requests: dict[str, Request]
) -> Iterator[Finding]:
    for claim in evidence.claims:
        if claim.source == OWN_SOURCE:
            continue  # a rotation whose reason passed away before its record was written
        if claim.operation_id not in requests and _is_older(evidence.now, claim.at, patience.claiming):
            what = f"it was claimed by operation {claim.operation_id}, but that has no record"
            yield Finding(Code.REQUEST_MISSING, claim.request_id, what)


def _recorded(request: Request, accepted: dict[str, Told], settled: set[tuple[str, int]]) -> Iterator[Finding]:
    if request.operation_id not in accepted:
        what = f"operation {request.operation_id} exists, but no entry says that it was accepted"
        yield Finding(Code.NOT_RECORDED, request.request_id, what)
    for generation in request.ended:
        if (request.operation_id, generation) not in settled:
            what = f"generation {generation} of operation {request.operation_id} ended, but no entry says so"
            yield Finding(Code.NOT_RECORDED, request.request_id, what)


def _notes(evidence: AuditEvidence, patience: Patience) -> Iterator[Finding]:
    waiting = 0
    for note in evidence.notes:
        if note.told.entry_id != note.row or note.told.at is None:
            yield Finding(Code.NOTE_UNREADABLE, f"row {note.row} of the outbox", "it is not an entry")
        elif _is_older(evidence.now, note.told.at, patience.noting):
            waiting += 1
    if waiting:
        since = min(note.told.at for note in evidence.notes if note.told.at is not None)
        what = f"{waiting} entries have been waiting to be chained, the oldest since {since:%Y-%m-%d %H:%M} UTC"
        yield Finding(Code.NOT_CHAINED, "outbox", what)


def _is_older(now: datetime, moment: datetime | None, than: timedelta) -> bool:
    return moment is None or now - moment >= than
