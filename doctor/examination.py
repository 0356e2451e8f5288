"""One visit of the doctor: looks, judges, mends if told to, and looks again."""

from dataclasses import dataclass, field

from doctor.breach import Breach, Concern
from doctor.collect import collect
from doctor.collect.access import Access
from doctor.evidence import Evidence
from doctor.invariants import breaches, concerns
from doctor.repair import Outcome, confirmed, mend


@dataclass(frozen=True)
class Examination:
    """What was seen last, what is wrong with it, and what was done before."""

    evidence: Evidence
    breaches: list[Breach]
    outcomes: list[Outcome]
    concerns: list[Concern] = field(default_factory=list[Concern])

    @property
    def exit_code(self) -> int:
        """Return 1 with breaches, 2 when not everything could be looked at, 0 when all is well."""
        if self.breaches:
            return 1
        return 2 if self.evidence.gaps else 0


async def examine(access: Access, *, fix: bool) -> Examination:
    """Look and judge. With `fix`, mend what a second look finds as well; the result is what a last look finds."""
    seen = await _look(access)
    if not fix or not any(breach.repair for breach in seen.breaches):
        return seen
    again = await _look(access)
    repairs = confirmed(seen.breaches, again.breaches)
    if not repairs:
        return again
    outcomes = await mend(access, repairs, again.evidence.now)
    last = await _look(access)
    return Examination(last.evidence, last.breaches, outcomes, last.concerns)


async def _look(access: Access) -> Examination:
    evidence = await collect(access)
    judged_by = evidence, access.settings.policy, access.settings.patience
    return Examination(evidence, breaches(*judged_by), [], concerns(*judged_by))
