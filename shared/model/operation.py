"""Operation records: the request, its progress, and its outcome.

A record is written before any work starts. Attempts and reasons are kept here, not in the host's counters, so they
survive workers, hosts and queues.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, computed_field

from shared.contract.answer import Answer, Step
from shared.contract.request import RegistrationRequest, Request, RotationRequest
from shared.core.errors import Problem
from shared.core.naming import OWN_SOURCE
from shared.model.approval import Approval
from shared.model.channel import Channel
from shared.model.directory import StoredModel
from shared.model.holdings import Holdings
from shared.model.person import Person
from shared.model.person_key import person_key

RESUME_AFTER = timedelta(seconds=75)
"""An operation without activity for this long is sent again; its lease has expired by then."""


class State(StrEnum):
    """Where an operation stands. The last three are final for its generation."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    WAITING = "waiting"
    AWAITING_APPROVAL = "awaiting_approval"
    COMPLETED = "completed"
    REJECTED = "rejected"
    FAILED = "failed"

    @property
    def settled(self) -> bool:
        """Return whether the state is final."""
        return self in (State.COMPLETED, State.REJECTED, State.FAILED)


class CredentialProgress(StoredModel, frozen=True):
    """Progress of one credential. Never contains the secret's value."""

    intended_at: datetime | None = None
    """Set before addPassword, cleared if it is known to have had no effect: until the vault has the value, a live
    credential without a stored value may exist."""
    answer_lost: bool = False
    """Set if an attempt began with an open intent: the clean-up entry then stays until a read settles it."""
    pending_at: datetime | None = None
    """Since when a credential of this operation may exist under the pending name."""
    promoting_at: datetime | None = None
    """When an attempt began to promote the pending value to the name clients read: the write may be in flight."""
    key_id: str | None = None
    version: str | None = None
    proven_version: str | None = None
    """Vault version whose value was proven by obtaining a token with it."""
    replaces: str | None = None
    """keyId of the credential that a rotation is to replace, as found by the first attempt."""
    old_gone_at: datetime | None = None
    """When the replaced credential was removed from the directory, if the rotation revokes it."""
    old_refused_at: datetime | None = None
    """When a sign-in with the replaced value was first refused."""

    @property
    def is_open(self) -> bool:
        """Return whether something may exist that needs cleaning up if the operation ends here."""
        return self.answer_lost or self.intended_at is not None or self.pending_at is not None

    @property
    def has_begun(self) -> bool:
        """Return whether anything was, or may have been, written for it."""
        return self.is_open or any(each is not None for each in (self.key_id, self.promoting_at, self.old_gone_at))


class Refusal(StoredModel, frozen=True):
    """Refusal of a request that has already granted something: kept until that is gone, then answered."""

    at: datetime
    """Nothing was granted after this."""
    problems: tuple[Problem, ...]


class EarlierGeneration(StoredModel, frozen=True):
    """How an earlier generation of an operation ended."""

    generation: int
    state: State
    reason: str | None


class Replacement(StoredModel, frozen=True):
    """An operation's replacement, stored whole so that it can be created from the old record alone."""

    operation_id: str
    request: Annotated[Request, Field(discriminator="action")]
    body_hash: str
    arrived_at: datetime


class Operation(StoredModel, frozen=True):
    """The record of one request; `id` is 128 random bits as 32 hex digits."""

    schema_version: Literal["1"] = "1"
    id: str
    request: Annotated[Request, Field(discriminator="action")]
    body_hash: str
    generation: int = 1
    """Starts at 1 and grows by one with every replay of a failure; each generation has one final answer."""
    earlier: tuple[EarlierGeneration, ...] = ()
    sequence: int
    """Position among the accepted changes of its app; one older than the last applied is superseded. 0 for a rotation,
    which changes nothing that requests control."""
    state: State = State.ACCEPTED
    accepted_at: datetime
    started_at: datetime
    """When this generation began: its deadline counts from here."""
    attempts: int = 0
    """Throttled attempts do not count."""
    interrupted: int = 0
    """Consecutive attempts without a recorded result: their worker died, or lost access to the records."""
    pauses: int = 0
    """Consecutive pauses for `reason` since the last completed step; each is longer than the one before."""
    steps_at_pause: int = 0
    next_attempt: datetime | None = None
    reason: str | None = None
    steps: tuple[Step, ...] = ()
    begun: Mapping[str, datetime] = Field(default_factory=dict[str, datetime])
    """Steps begun and not yet completed, by name."""
    credentials: Mapping[str, CredentialProgress] = Field(default_factory=dict[str, CredentialProgress])
    trace_parent: str | None = None
    channel: Channel | None = None
    """Channel the request came in by; None in records older than this field."""
    arrived_at: datetime | None = None
    """When the webhook request arrived; None for other channels."""
    replaces: str | None = None
    """The operation it replaced: an earlier form of the same ticket."""
    replaced_by: Replacement | None = None
    """Its replacement, if a changed form of its ticket arrived while it waited for approval."""
    warned_days: int | None = None
    """Of a failed rotation: the days before expiry that the last warning was for."""
    found_requester_id: str | None = None
    """The requester's object id, as the directory gave it when the request was first processed."""
    found_owner_id: str | None = None
    """The same for the owner named in the request."""
    left_to_others: Holdings = Holdings()
    """Elements made by others that its request no longer asks for: the answer says that they stay."""
    approval: Approval | None = None
    """Set if policy requires a decision."""
    refusal: Refusal | None = None
    """Set if it was refused late: what was granted is taken back, and nothing is retried."""
    answer: Answer | None = None
    answered_at: datetime | None = None

    @property
    def unique_name(self) -> str:
        """The app this operation is about."""
        return self.request.application.unique_name

    @property
    def came_by(self) -> Channel | None:
        """The request's channel, if known: nobody outside can send requests in the registrar's own name."""
        return Channel.OWN if self.is_our_own else self.channel

    @computed_field
    @property
    def ticket(self) -> str | None:
        """The originating ticket; one named by a message on the public queue is ignored.

        Also stored in the row, so that readers of rows need not know which channels prove a ticket.
        """
        return None if self.channel is Channel.QUEUE else self.request.ticket

    @property
    def requester_id(self) -> str | None:
        """The requester's object id in Entra, if the directory gave it or a webhook's sender vouches for it.

        Unverified claims do not count.
        """
        vouched = self.request.requested_by_object_id if self.channel is Channel.WEBHOOK else None
        return self.found_requester_id or vouched

    @property
    def requester_key(self) -> str:
        """Key for the requester's fair share: one for each requester, as far as they can be told apart."""
        return person_key(self.requester_id or self.request.requested_by)

    @property
    def is_our_own(self) -> bool:
        """Return whether this is the registrar's own request: it has an event, but no requester to answer."""
        return self.request.source == OWN_SOURCE

    @property
    def revoke_by(self) -> datetime | None:
        """When a leaked credential has to be gone; None if it already is, or if none is to be revoked.

        If this needs approval, the time counts from the decision, and until then nothing has to be gone.
        """
        request, approval = self.request, self.approval
        if not isinstance(request, RotationRequest) or request.revoke_previous is None:
            return None
        if self.credential(request.credential).old_gone_at is not None or (approval and approval.decision is None):
            return None
        since = approval.decision.at if approval is not None and approval.decision is not None else self.accepted_at
        return max(since, self.accepted_at) + request.revoke_previous.within

    def is_overdue_for_approval(self, now: datetime) -> bool:
        """Return whether the time for a decision has passed without one."""
        approval = self.approval
        return approval is not None and approval.decision is None and now >= approval.expires

    def pauses_for(self, reason: str) -> int:
        """Return the number of consecutive pauses for this reason since the last completed step."""
        return self.pauses if reason == self.reason and len(self.steps) <= self.steps_at_pause else 0

    def credential(self, name: str) -> CredentialProgress:
        """Return the progress of the credential with this name."""
        return self.credentials.get(name, CredentialProgress())

    def with_credential(self, name: str, **changes: object) -> "Operation":
        """Return the record with changed progress of one credential."""
        changed = self.credential(name).model_copy(update=changes)
        return self.model_copy(update={"credentials": {**self.credentials, name: changed}})


def requester_of(operation: Operation) -> Person:
    """Return the requester, as far as the record identifies them."""
    return Person(operation.request.requested_by, operation.requester_id)


def named_owner_of(operation: Operation) -> Person | None:
    """Return the owner named in the request, as far as the record identifies them."""
    request = operation.request
    if not isinstance(request, RegistrationRequest) or request.owner is None:
        return None
    return Person(request.owner, operation.found_owner_id)
