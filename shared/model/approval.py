"""What the record of an operation says of its approval."""

from datetime import datetime
from typing import Literal

from shared.model.directory import StoredModel

BINDING_PATTERN = r"^[0-9a-f]{64}$"
type Outcome = Literal["approved", "refused"]
type Way = Literal["ticket", "token"]


class ApprovalReason(StoredModel, frozen=True):
    """One thing in a request that is given only after approval."""

    field: str
    code: str
    message: str


class ApprovalDecision(StoredModel, frozen=True):
    """What somebody decided. `decided_by` is a name in the ticketing system, the object id one in our tenant."""

    id: str
    """Of the decision itself, from whoever reports it: told twice, it is one."""
    outcome: Outcome
    way: Way
    decided_by_object_id: str | None = None
    decided_by: str | None = None
    reason: str | None = None
    at: datetime


class Approval(StoredModel, frozen=True):
    """What an operation waits for, or waited for, and what was decided."""

    binding: str
    """Hash of what an approval is for: the request, the ids its names led to, the policy (`shared.policy.approval`)."""
    reasons: tuple[ApprovalReason, ...]
    since: datetime
    expires: datetime
    announced_at: datetime | None = None
    note_seen_at: datetime | None = None
    """When the registrar saw its own note about exactly this in the ticket: what was decided there before was about
    something that nobody had been shown."""
    decision: ApprovalDecision | None = None
    spent: tuple[str, ...] = ()
    """Ids of decisions about what it was before something changed: they count no more."""
