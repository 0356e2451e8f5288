"""How long before its expiry a credential is replaced, and how long it lives on: as asked for, or as policy says."""

from shared.contract.request import CredentialSpec
from shared.policy.policy_file import CredentialRules


def rotation_days(spec: CredentialSpec, rules: CredentialRules) -> tuple[int, int]:
    """Return (rotate before expiry, overlap) in days.

    What policy says is shortened to a third and a sixth of a short lifetime, but to no less than a day; what the
    request says is checked when it is accepted.
    """
    before = spec.rotate_before_days or max(1, min(rules.rotate_before_days, spec.lifetime_days // 3))
    overlap = spec.overlap_days or max(1, min(rules.overlap_days, spec.lifetime_days // 6, before))
    return before, overlap
