"""How long before expiry a credential is replaced, and how long the old one stays: as requested, or as in policy."""

from shared.contract.request import CredentialSpec
from shared.policy.policy_file import CredentialRules


def rotation_days(spec: CredentialSpec, rules: CredentialRules) -> tuple[int, int]:
    """Return (rotate before expiry, overlap) in days.

    Policy's values are shortened to a third and a sixth of a short lifetime, but to no less than a day; the request's
    are checked when it is accepted.
    """
    before = spec.rotate_before_days or max(1, min(rules.rotate_before_days, spec.lifetime_days // 3))
    overlap = spec.overlap_days or max(1, min(rules.overlap_days, spec.lifetime_days // 6, before))
    return before, overlap
