"""Invariant 4: the registrar writes to no vault secret that others made."""

from collections.abc import Iterator

from doctor.evidence import MANAGED_BY
from doctor.finding import Finding, Invariant
from doctor.invariants.case import Case

_ADVICE = "Compare the directory's audit log with the operations of that time, and report a defect."


def overwritten_secrets(case: Case) -> Iterator[Finding[Invariant]]:
    """Find vault secrets whose first version is not the registrar's, and that it wrote to."""
    for secret in case.evidence.secrets:
        # People may set versions of ours by hand; the registrar writes to no secret that is not its own.
        if secret.is_ours and secret.versions[0].tags.get("managedBy") != MANAGED_BY:
            what = "the registrar wrote to this vault secret, which somebody else made"
            yield Finding(Invariant.UNTOUCHED, secret.name, what, _ADVICE)
