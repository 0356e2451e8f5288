"""One examination: collects evidence, judges it, repairs on request, and checks again."""

from dataclasses import dataclass, field

from doctor.collect import collect
from doctor.collect.access import Access
from doctor.console import exit_code
from doctor.evidence import Evidence
from doctor.finding import Finding, Invariant
from doctor.invariants import breaches, concerns
from doctor.repair import Outcome, carry_out, confirmed


@dataclass(frozen=True)
class Examination:
    """The last evidence, its findings, and the repairs made before it."""

    evidence: Evidence
    breaches: list[Finding[Invariant]]
    outcomes: list[Outcome]
    concerns: list[Finding[None]] = field(default_factory=list[Finding[None]])

    @property
    def exit_code(self) -> int:
        """Return 1 with breaches, 2 when not everything could be read, 0 when all is well."""
        return exit_code(self.breaches, self.evidence.gaps)


async def examine(access: Access, *, fix: bool) -> Examination:
    """Collect and judge. With `fix`, repair what a second pass confirms; the result is that of a last pass."""
    first = await _look(access)
    if not fix or not any(breach.repair for breach in first.breaches):
        return first
    second = await _look(access)
    repairs = confirmed(first.breaches, second.breaches)
    if not repairs:
        return second
    outcomes = await carry_out(access, repairs, second.evidence.now)
    last = await _look(access)
    return Examination(last.evidence, last.breaches, outcomes, last.concerns)


async def _look(access: Access) -> Examination:
    evidence = await collect(access)
    policy, patience = access.settings.policy, access.settings.patience
    return Examination(evidence, breaches(evidence, policy, patience), [], concerns(evidence, policy, patience))
