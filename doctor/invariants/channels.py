"""Invariant 7, too: only a webhook proves that a request is a ticket's, and a ticket approves only what it showed."""

from collections.abc import Iterator
from datetime import datetime

from doctor.evidence import Record
from doctor.finding import Finding, Invariant
from doctor.invariants.case import Case

_ADVICE = (
    "Either somebody edited the table operations, or this is a defect. Compare with the entries `accepted` and "
    "`decided` of the audit record (make audit-export), and take back what should not have been given."
)


def unproven_sources(case: Case) -> Iterator[Finding[Invariant]]:
    """Find requests that are treated as a ticket's but came by no webhook, and approvals before the ticket's note.

    Records from before the channel was stored are not judged.
    """
    proven = _proven_since(case)
    for record in case.evidence.records:
        if record.channel not in (None, "webhook"):
            yield from _by_another_channel(record, proven.get(record.source.casefold()))
        elif record.channel == "webhook" and record.decided_in_ticket_at is not None:
            shown = record.shown_at
            if shown is None or record.decided_in_ticket_at <= shown:
                yield _breach(record, "was decided in its ticket before the ticket showed what was waiting")


def _by_another_channel(record: Record, proven_since: datetime | None) -> Iterator[Finding[Invariant]]:
    if record.ticket is not None:
        yield _breach(record, f"came in by {record.channel}, but its answers go to the ticket {record.ticket}")
    if record.decided_in_ticket_at is not None:
        yield _breach(record, f"came in by {record.channel}, but was decided in a ticket")
    if proven_since is not None and record.accepted_at > proven_since:
        what = f"came in by {record.channel} as {record.source}, although that source already used its webhook"
        yield _breach(record, what)


def _proven_since(case: Case) -> dict[str, datetime]:
    """Return when each source first used its webhook."""
    found: dict[str, datetime] = {}
    for record in case.evidence.records:
        if record.channel == "webhook":
            source = record.source.casefold()
            found[source] = min(found.get(source, record.accepted_at), record.accepted_at)
    return found


def _breach(record: Record, what: str) -> Finding[Invariant]:
    return Finding(Invariant.WITHIN_POLICY, record.request_id, f"operation {record.id} {what}", _ADVICE)
