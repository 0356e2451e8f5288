"""Checks whether a request may proceed: it needs no approval, or exactly this content has been approved. Pure."""

from collections.abc import Sequence

from shared.core.errors import ApprovalNeededError, Problem
from shared.model.operation import Operation


def check_approval(operation: Operation, reasons: Sequence[Problem], bound_to: str) -> None:
    """Check that nothing needs approval, or that `bound_to` has been approved. Raises ApprovalNeededError."""
    if not reasons:
        return
    approval = operation.approval
    decision = approval.decision if approval is not None and approval.binding == bound_to else None
    if decision is None or decision.outcome != "approved":
        raise ApprovalNeededError(reasons, bound_to)
