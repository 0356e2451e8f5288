"""Whether a request may go on: nothing about it needs approval, or this very thing has it. Pure."""

from collections.abc import Sequence

from shared.core.errors import ApprovalNeededError, Problem
from shared.model.operation import Operation


def check_approval(operation: Operation, reasons: Sequence[Problem], bound_to: str) -> None:
    """Go on when nothing needs approval, or what `bound_to` stands for has it. Raises ApprovalNeededError."""
    if not reasons:
        return
    approval = operation.approval
    decision = approval.decision if approval is not None and approval.binding == bound_to else None
    if decision is None or decision.outcome != "approved":
        raise ApprovalNeededError(reasons, bound_to)
