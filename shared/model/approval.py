"""The approval part of an operation's record."""

from datetime import datetime
from typing import Literal

from shared.model.directory import StoredModel

BINDING_PATTERN = r"^[0-9a-f]{64}$"
type Outcome = Literal["approved", "refused"]
type Way = Literal["ticket", "token"]


class ApprovalReason(StoredModel, frozen=True):
    """One part of a request that needs approval."""

    field: str
    code: str
    message: str


class ApprovalDecision(StoredModel, frozen=True):
    """A decision. `decided_by` is a name in the ticketing system, the object id is in our tenant."""

    id: str
    """Of the decision itself, assigned by the reporting system: reported twice, it is one decision."""
    outcome: Outcome
    way: Way
    decided_by_object_id: str | None = None
    decided_by: str | None = None
    reason: str | None = None
    at: datetime


class Approval(StoredModel, frozen=True):
    """The approval an operation waits or waited for, and the decision."""

    binding: str
    """Hash of what is to be approved: the request, the ids it resolved to, the policy (`shared.policy.approval`)."""
    reasons: tuple[ApprovalReason, ...]
    since: datetime
    expires: datetime
    announced_at: datetime | None = None
    note_seen_at: datetime | None = None
    """When the registrar saw its own note about exactly this content in the ticket: earlier decisions there were about
    content that had not been shown."""
    decision: ApprovalDecision | None = None
    spent: tuple[str, ...] = ()
    """Ids of decisions about earlier content, which no longer count."""
