"""The seven invariants as pure functions of the evidence: the one checker that every test and tool shares."""

from collections.abc import Callable, Iterator

from doctor.breach import Breach, Concern, Patience
from doctor.evidence import Evidence
from doctor.invariants.answers import answer_breaches
from doctor.invariants.approvals import self_approved
from doctor.invariants.case import Case
from doctor.invariants.channels import unproven
from doctor.invariants.control import controlling
from doctor.invariants.credentials import lost_values, read_past_ours, unusable_values
from doctor.invariants.foreign import touched
from doctor.invariants.leaks import leaked
from doctor.invariants.narrowing import left_behind
from doctor.invariants.operations import forgotten
from doctor.invariants.order import overtaken
from doctor.invariants.owners import disagreeing_owners, unknown_owners
from doctor.invariants.permissions import excess
from doctor.invariants.quota import quota_nearly_used
from doctor.invariants.refused import left_by_refused
from doctor.invariants.rotation import left_over
from doctor.invariants.singles import duplicates
from doctor.invariants.tenant_rules import unread_rules
from shared.policy.model import Policy

_CHECKS: tuple[Callable[[Case], Iterator[Breach]], ...] = (
    duplicates,
    lost_values,
    unusable_values,
    touched,
    forgotten,
    answer_breaches,
    overtaken,
    left_over,
    leaked,
    excess,
    left_behind,
    left_by_refused,
    self_approved,
    unproven,
)


_CONCERNS: tuple[Callable[[Case], Iterator[Concern]], ...] = (
    controlling,
    unknown_owners,
    disagreeing_owners,
    read_past_ours,
    quota_nearly_used,
    unread_rules,
)


def breaches(evidence: Evidence, policy: Policy, patience: Patience | None = None) -> list[Breach]:
    """Find every breach that the evidence proves; what could not be looked at proves nothing, and is in its `gaps`."""
    case = Case(evidence, policy, patience or Patience())
    return [breach for check in _CHECKS for breach in check(case)]


def concerns(evidence: Evidence, policy: Policy, patience: Patience | None = None) -> list[Concern]:
    """Find what breaks no promise, and a person should know."""
    case = Case(evidence, policy, patience or Patience())
    return [concern for check in _CONCERNS for concern in check(case)]
