"""The seven invariants as pure functions of the evidence: the one checker that every test and tool shares."""

from collections.abc import Callable, Iterator

from doctor.evidence import Evidence
from doctor.finding import Finding, Invariant
from doctor.invariants.approvals import self_approved
from doctor.invariants.case import Case
from doctor.invariants.channels import unproven_sources
from doctor.invariants.control import tenant_controlling_apps
from doctor.invariants.credentials import lost_values, newer_versions_of_others, unusable_values
from doctor.invariants.duplicates import duplicate_objects
from doctor.invariants.foreign import overwritten_secrets
from doctor.invariants.leaks import leaked_values
from doctor.invariants.narrowing import not_taken_back
from doctor.invariants.operations import stuck_operations
from doctor.invariants.order import undone_changes
from doctor.invariants.owners import disagreeing_owners, unknown_owners
from doctor.invariants.permissions import excess_permissions
from doctor.invariants.quota import quota_nearly_used
from doctor.invariants.refused import left_by_refused
from doctor.invariants.rotation import left_by_rotations
from doctor.invariants.tenant_rules import unreadable_policies
from doctor.patience import Patience
from shared.policy.policy_file import Policy

_CHECKS: tuple[Callable[[Case], Iterator[Finding[Invariant]]], ...] = (
    duplicate_objects,
    lost_values,
    unusable_values,
    overwritten_secrets,
    stuck_operations,
    undone_changes,
    left_by_rotations,
    leaked_values,
    excess_permissions,
    not_taken_back,
    left_by_refused,
    self_approved,
    unproven_sources,
)


_CONCERNS: tuple[Callable[[Case], Iterator[Finding[None]]], ...] = (
    tenant_controlling_apps,
    unknown_owners,
    disagreeing_owners,
    newer_versions_of_others,
    quota_nearly_used,
    unreadable_policies,
)


def breaches(
    evidence: Evidence, policy: Policy, patience: Patience | None = None, *, judge_all_permissions: bool = False
) -> list[Finding[Invariant]]:
    """Find every breach that the evidence proves; what could not be read proves nothing, and is in its `gaps`.

    `judge_all_permissions`: see `Case`.
    """
    case = Case(evidence, policy, patience or Patience(), judge_all_permissions)
    return [breach for check in _CHECKS for breach in check(case)]


def concerns(evidence: Evidence, policy: Policy, patience: Patience | None = None) -> list[Finding[None]]:
    """Find what breaks no invariant but deserves attention."""
    case = Case(evidence, policy, patience or Patience())
    return [concern for check in _CONCERNS for concern in check(case)]
