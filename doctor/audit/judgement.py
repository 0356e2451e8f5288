"""Everything that verification checks, as one pure function: evidence in, findings out."""

from doctor.audit.chain import chain_findings
from doctor.audit.evidence import AuditEvidence
from doctor.audit.finding import Finding, Patience
from doctor.audit.requests import request_findings


def findings(evidence: AuditEvidence, patience: Patience | None = None) -> list[Finding]:
    """Find every breach that the evidence proves; what could not be read proves nothing, and is in its `gaps`."""
    patience = patience or Patience()
    return [*chain_findings(evidence, patience), *request_findings(evidence, patience)]
