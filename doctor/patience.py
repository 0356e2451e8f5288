"""How long things may take before they count as broken: the one place for all that the doctor judges."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Patience:
    """How long things may take before they count as broken."""

    settling: timedelta = timedelta(minutes=15)
    """After a request has settled (invariant 2)."""
    lag: timedelta = timedelta(minutes=5)
    """A read may be older than a write by so much."""
    deadline: timedelta = timedelta(hours=24)
    """Of a request."""
    retiring: timedelta = timedelta(days=1)
    """After the end of an overlap."""
    cleaning: timedelta = timedelta(minutes=5)
    """From one run of the clean-up timer to the next."""
    at_rest: bool = False
    """Everything had time to settle: what waits then is a breach."""
    chaining: timedelta = timedelta(minutes=15)
    """From an audit entry's row in the outbox to its place in the chain."""
    accepting: timedelta = timedelta(hours=1)
    """From the audit entry of an accepted request to its record: a worker may die in between."""
    claiming: timedelta = timedelta(hours=25)
    """From a claim to its record: its message may come back for as long as a request has time."""
    anchoring: timedelta | None = timedelta(hours=2)
    """From the end of a day's first hour to its anchor; None where no anchors are expected."""
