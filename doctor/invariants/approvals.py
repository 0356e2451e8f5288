"""Beside invariant 7: what policy gives only after approval was approved by somebody else, who has a name."""

from collections.abc import Iterator

from doctor.breach import Breach, Invariant
from doctor.evidence import Record
from doctor.invariants.case import Case

_ADVICE = (
    "Either somebody edited the table operations, or this is a defect. Compare with the entry `decided` of the audit "
    "record (make audit-export), and take back what should not have been given."
)


def self_approved(case: Case) -> Iterator[Breach]:
    """Find requests that nobody approved, or somebody whom they come from or are for.

    Records from before it was kept by which way a request came in were approved under other rules.
    """
    for record in case.evidence.records:
        if record.approved is None or record.channel is None:
            continue
        if not record.approved.by:
            yield _breach(record, "was approved by a decision that names nobody")
        elif record.approved.by in record.approved.parties:
            yield _breach(record, f"was approved by {record.approved.by}, who is its requester or the app's owner")


def _breach(record: Record, what: str) -> Breach:
    return Breach(Invariant.WITHIN_POLICY, record.request_id, f"operation {record.id} {what}", _ADVICE)
