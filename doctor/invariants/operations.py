"""Invariant 5, by the records: every request has ended, or waits where it is certain to be resumed."""

from collections import Counter
from collections.abc import Iterator

from doctor.evidence import Record, Unsettled
from doctor.finding import Finding, Invariant, ListUnsettled, PutCleanup, Repair, SendWork
from doctor.invariants.case import Case
from shared.core.naming import pending_secret_name, vault_secret_name

_FIX = "FIX=1 make doctor"
_IS_IT_RUNNING = "Check that the app is running and that /api/health answers 200."

type Listed = dict[tuple[str, int], Unsettled]
"""The list of unsettled operations by (operation id, generation)."""


def stuck_operations(case: Case) -> Iterator[Finding[Invariant]]:
    """Find requests with two operations or none, operations that nothing resumes, and answers never delivered."""
    evidence = case.evidence
    # An operation whose form was replaced has ended; the one that replaced it is the request from then on.
    current = [record for record in evidence.records if record.replaced_by is None]
    keys = Counter((record.channel, record.source, record.request_id) for record in current)
    for (_, _, request_id), count in keys.items():
        if count > 1:
            yield _breach(
                request_id,
                f"it has {count} operations",
                "This is a defect: report it with the records in table operations.",
            )
    yield from _without_successor(case)
    if evidence.records.is_whole:
        yield from _claims_without_record(case)
    listed = {(row.operation_id, row.generation): row for row in evidence.unsettled}
    for record in evidence.records:
        if record.is_settled:
            yield from _undelivered(case, record, listed)
        else:
            yield from _stuck(case, record, listed)
    yield from _unanswered(case)


def _without_successor(case: Case) -> Iterator[Finding[Invariant]]:
    if not case.evidence.records.is_whole:
        return
    for record in case.evidence.records:
        if record.replaced_by is None or record.replaced_by in case.records or record.answered_at is None:
            continue
        what = f"operation {record.id} was replaced by {record.replaced_by}, but that one has no record"
        yield _breach(record.request_id, what, "Have the ticket's form sent again, and report a defect.")


def _claims_without_record(case: Case) -> Iterator[Finding[Invariant]]:
    for claim in case.evidence.claims:
        # Until its message is delivered for the last time or given up, the record may still be written.
        if claim.operation_id not in case.records and case.is_older(claim.at, case.patience.deadline):
            yield _breach(
                claim.request_id,
                f"it was claimed by operation {claim.operation_id}, but that has no record: its message was lost",
                "Have its sender send the same message again: the operation then goes on.",
            )


def _undelivered(case: Case, record: Record, listed: Listed) -> Iterator[Finding[Invariant]]:
    if record.answered_at is not None:
        return
    if not case.patience.at_rest and not case.is_older(record.answer_time, case.patience.settling):
        return
    what = f"operation {record.id} is {record.state}, but its answer was never delivered"
    yield _not_continued(case, record, listed, what)


def _stuck(case: Case, record: Record, listed: Listed) -> Iterator[Finding[Invariant]]:
    patience = case.patience
    row = listed.get((record.id, record.generation))
    about = f"operation {record.id} is {record.state} ({record.reason or 'no reason yet'})"
    # An operation that waits for a decision is not late before the decision is, even at rest: it waits visibly.
    end = record.decide_by or record.started_at + patience.deadline
    if case.is_older(end, patience.settling):
        yield _not_continued(case, record, listed, f"{about} and past its deadline")
    elif patience.at_rest and record.decide_by is None:
        yield _not_continued(case, record, listed, f"{about}, although everything had time to end")
    elif row is None and case.evidence.unsettled.is_whole and _is_overdue(case, record):
        yield _not_continued(
            case, record, listed, f"{about} and not in table unsettled: if its message is lost, it stops"
        )
    elif row is not None and case.is_older(row.due, patience.settling) and not _is_paused(case):
        yield _not_continued(
            case, record, listed, f"{about}, and nothing has happened since {row.due:%Y-%m-%d %H:%M} UTC"
        )
    yield from _without_cleanup(case, record)


def _not_continued(case: Case, record: Record, listed: Listed, what: str) -> Finding[Invariant]:
    """Report it with its repair: back on the list for the app's own timer, or a message to resume it at once."""
    repair: Repair | None = None
    if (record.id, record.generation) not in listed and case.evidence.unsettled.is_whole:
        repair = ListUnsettled(record.id, record.generation)
    elif all(work.operation_id != record.id for work in case.evidence.work) and not case.evidence.work.gap:
        # A delayed message may exist and not be visible; an extra one does no harm.
        repair = SendWork(record.id, record.generation)
    advice = f"{_IS_IT_RUNNING} Then {f'run {_FIX}' if repair else 'it goes on by itself'}."
    return _breach(record.request_id, what, advice, repair)


def _unanswered(case: Case) -> Iterator[Finding[Invariant]]:
    for message in case.evidence.given_up:
        if case.is_older(message.at, case.patience.settling):
            what = "the host gave up on a message, and the registrar has not answered it yet"
            yield _breach(message.queue, what, f"{_IS_IT_RUNNING} Then its timer settle_poison answers the message.")


def _is_overdue(case: Case, record: Record) -> bool:
    """Return whether its next attempt, or else its start, is long past: until then a message may be on its way."""
    return case.is_older(record.next_attempt or record.started_at, case.patience.settling)


def _is_paused(case: Case) -> bool:
    return any(case.evidence.now < until for until in case.evidence.pause)


def _without_cleanup(case: Case, record: Record) -> Iterator[Finding[Invariant]]:
    """Find a secret that may have been issued and that only the operation's own record knows of."""
    entries = {(entry.unique_name, entry.operation_id) for entry in case.evidence.cleanups}
    intended = [i.intended_at for i in record.intents.values() if i.intended_at is not None]
    is_old = bool(intended) and case.is_older(max(intended, default=None), case.patience.settling)
    if not is_old or not case.evidence.cleanups.is_whole or (record.unique_name, record.id) in entries:
        return
    kinds = (vault_secret_name,) if record.is_change else (vault_secret_name, pending_secret_name)
    names = tuple(kind(record.unique_name, credential) for kind in kinds for credential in record.credentials)
    yield Finding(
        Invariant.VALUE_KEPT,
        record.unique_name,
        f"operation {record.id} may have issued a secret, but its clean-up entry is missing",
        f"Run {_FIX}: it restores the entry.",
        PutCleanup(record.unique_name, record.id, names),
    )


def _breach(about: str, what: str, advice: str, repair: Repair | None = None) -> Finding[Invariant]:
    return Finding(Invariant.ANSWERED, about, what, advice, repair)
