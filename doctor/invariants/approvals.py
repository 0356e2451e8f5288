"""Invariant 7, too: what needs approval was approved by a named person who is not a party to the request."""

from collections.abc import Iterator

from doctor.evidence import Record
from doctor.finding import Finding, Invariant
from doctor.invariants.case import Case

_ADVICE = (
    "Either somebody edited the table operations, or this is a defect. Compare with the entry `decided` of the audit "
    "record (make audit-export), and take back what should not have been given."
)


def self_approved(case: Case) -> Iterator[Finding[Invariant]]:
    """Find approvals that name no person, or name a party: the request's requester or the app's owner.

    Records from before the channel was stored were approved under other rules.
    """
    for record in case.evidence.records:
        if record.approval is None or record.channel is None:
            continue
        if not record.approval.by:
            yield _breach(record, "was approved by a decision that names nobody")
        elif record.approval.by in record.approval.parties:
            yield _breach(record, f"was approved by {record.approval.by}, who is its requester or the app's owner")


def _breach(record: Record, what: str) -> Finding[Invariant]:
    return Finding(Invariant.WITHIN_POLICY, record.request_id, f"operation {record.id} {what}", _ADVICE)
