"""Invariant 6: a secret's value is in the vault and nowhere else."""

from collections.abc import Iterator

from doctor.finding import Finding, Invariant
from doctor.invariants.case import Case


def leaked_values(case: Case) -> Iterator[Finding[Invariant]]:
    """Report every place where a value was found."""
    for leak in case.evidence.leaks:
        yield Finding(
            Invariant.UNLEAKED,
            leak.secret,
            f"its value is in {leak.place}",
            "Treat the value as public: have it revoked (examples/revoke.json), delete it from there, and report a "
            "defect.",
        )
