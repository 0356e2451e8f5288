"""Invariant 6: a secret's value is nowhere but in the vault."""

from collections.abc import Iterator

from doctor.breach import Breach, Invariant
from doctor.invariants.case import Case


def leaked(case: Case) -> Iterator[Breach]:
    """Name every place where a value was found."""
    for leak in case.evidence.leaks:
        yield Breach(
            Invariant.UNLEAKED,
            leak.secret,
            f"its value stands in {leak.place}",
            "Take the value for public: delete it there, send a request that issues a new one, remove the old "
            "credential, and report a defect.",
        )
