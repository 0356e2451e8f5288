"""Invariant 1, as a witness saw it: an application or service principal is made only once."""

from collections.abc import Iterator

from doctor.finding import Finding, Invariant
from tests.witness.knowledge import Witnessed


def made_twice(witnessed: Witnessed) -> Iterator[Finding[Invariant]]:
    """Find what was made more than once, even if only one of it is left."""
    for name, count in witnessed.made.items():
        if count > 1:
            advice = "This is a defect: find the second creation in the log of calls."
            yield Finding(Invariant.ONE_OF_EACH, name, f"was made {count} times", advice)
