"""Tolerances: how long things may take before they count as broken, for all that the doctor judges."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Patience:
    """How long things may take before they count as broken."""

    settling: timedelta = timedelta(minutes=15)
    """After a request has settled (invariant 2)."""
    lag: timedelta = timedelta(minutes=5)
    """How far a read may lag behind a write."""
    deadline: timedelta = timedelta(hours=24)
    """Of a request."""
    retiring: timedelta = timedelta(days=1)
    """After the end of an overlap."""
    cleaning: timedelta = timedelta(minutes=5)
    """From one run of the clean-up timer to the next."""
    at_rest: bool = False
    """Whether everything had time to settle: anything that still waits is then a breach."""
    chaining: timedelta = timedelta(minutes=15)
    """From an audit entry's row in the outbox to its place in the chain."""
    accepting: timedelta = timedelta(hours=1)
    """From the audit entry of an accepted request to its record: a worker may die in between."""
    claiming: timedelta = timedelta(hours=25)
    """From a claim to its record: its message may be redelivered until the request's deadline."""
    anchoring: timedelta | None = timedelta(hours=2)
    """From the end of a day's first hour to its anchor; None where no anchors are expected."""
