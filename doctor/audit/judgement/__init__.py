"""Everything that verification checks, as one pure function: evidence in, findings out."""

from datetime import date

from doctor.audit.codes import Code
from doctor.audit.evidence import AuditEvidence
from doctor.audit.judgement.chain import chain_findings
from doctor.audit.judgement.requests import request_findings
from doctor.finding import Finding
from doctor.patience import Patience


def findings(
    evidence: AuditEvidence, patience: Patience | None = None, moved_at: date | None = None
) -> list[Finding[Code]]:
    """Find every fault that the evidence proves; what could not be read proves nothing, and is in its `gaps`.

    `moved_at` is the day on which the storage account was moved, if it was: its older anchors were created then.
    """
    patience = patience or Patience()
    return [*chain_findings(evidence, patience, moved_at), *request_findings(evidence, patience)]
