"""Decisions that do not count: the reason as a code, and the audit entry that names who tried."""

from dataclasses import dataclass
from datetime import datetime

from shared.audit import events
from shared.core import log
from shared.model.approval import ApprovalDecision, Outcome, Way
from shared.model.operation import Operation
from shared.ports import Audit


class DecisionRefusedError(Exception):
    """A decision that does not count. The text is for the decider, `code` for the audit record."""

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        super().__init__(message)


class NotWaitingError(DecisionRefusedError):
    """There is nothing, or no longer anything, to decide about; the text says what there is instead."""

    def __init__(self, message: str, code: str = "not_waiting") -> None:
        super().__init__(message, code)


class NotAllowedToDecideError(DecisionRefusedError):
    """The decider may not decide; the text says why."""

    def __init__(self, message: str, code: str = "not_theirs") -> None:
        super().__init__(message, code)


@dataclass(frozen=True)
class DecisionAttempt:
    """Who tried to decide, and how; unknown fields are None. `client_id` is of the application that sent a token."""

    way: Way
    outcome: Outcome | None = None
    decided_by: str | None = None
    decided_by_object_id: str | None = None
    client_id: str | None = None

    @classmethod
    def of(cls, decision: ApprovalDecision) -> "DecisionAttempt":
        """Return a decision as an attempt."""
        return cls(decision.way, decision.outcome, decision.decided_by, decision.decided_by_object_id)

    @property
    def decider(self) -> str:
        """Identifies the decider; empty for a decision that names nobody."""
        return (self.decided_by_object_id or self.decided_by or "").casefold()


async def note_refused(audit: Audit, operation: Operation, attempt: DecisionAttempt, code: str, at: datetime) -> None:
    """Note that a decision does not count: once for each operation, decider and reason.

    Raises DeferredError if it cannot be noted: then the decider is not told either, and tries again.
    """
    log.warning("approval.refused", operation=operation.id, way=attempt.way, code=code)
    entry = events.decision_refused(
        operation,
        code,
        at,
        decider=attempt.decider,
        way=attempt.way,
        outcome=attempt.outcome,
        decided_by=attempt.decided_by,
        decided_by_object_id=attempt.decided_by_object_id,
        client_id=attempt.client_id,
    )
    await audit.note(entry)
