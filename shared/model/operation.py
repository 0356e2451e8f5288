"""Operation records: what was asked, how far it came, and how it ended.

A record is written before any work starts. Attempts and reasons live here and not in the host's counters,
so they survive workers, hosts and queues.
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
"""An operation that shows no sign of life for so long is sent again; its lease has run out by then."""


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
    """How far one credential came. The secret's value is never part of it."""

    intended_at: datetime | None = None
    """Set before addPassword, cleared when it surely took no effect: until the vault has the value, a live
    credential without a stored value may exist."""
    answer_lost: bool = False
    """Once an intent stood at the beginning of an attempt: the clean-up entry then stays until a read settles it."""
    pending_at: datetime | None = None
    """Since when a credential of this operation may stand under the pending name."""
    promoting_at: datetime | None = None
    """When an attempt set out to make the pending value the one that clients read: its write may be on its way."""
    key_id: str | None = None
    version: str | None = None
    proven_version: str | None = None
    """Vault version whose value a token was obtained with."""
    replaces: str | None = None
    """keyId of the credential that a rotation is to replace, as the first attempt found it."""
    old_gone_at: datetime | None = None
    """When the replaced credential was removed from the directory, where a rotation revokes it."""
    old_refused_at: datetime | None = None
    """When a sign-in with the replaced value was first refused."""

    @property
    def is_open(self) -> bool:
        """Return whether something may exist that somebody has to tidy up, should the operation end here."""
        return self.answer_lost or self.intended_at is not None or self.pending_at is not None

    @property
    def has_begun(self) -> bool:
        """Return whether something was written for it, or may have been."""
        return self.is_open or any(each is not None for each in (self.key_id, self.promoting_at, self.old_gone_at))


class Refusal(StoredModel, frozen=True):
    """Why a request is refused that has given something: kept until that is gone, and answered then."""

    at: datetime
    """Nothing was given later."""
    problems: tuple[Problem, ...]


class EarlierGeneration(StoredModel, frozen=True):
    """How an earlier generation of an operation ended."""

    generation: int
    state: State
    reason: str | None


class Replacement(StoredModel, frozen=True):
    """What took an operation's place: whole, so that whoever finds the old record can bring it about."""

    operation_id: str
    request: Annotated[Request, Field(discriminator="action")]
    body_hash: str
    arrived_at: datetime


class Operation(StoredModel, frozen=True):
    """The record of one request, `id` being 128 random bits as 32 hex digits."""

    schema_version: Literal["1"] = "1"
    id: str
    request: Annotated[Request, Field(discriminator="action")]
    body_hash: str
    generation: int = 1
    """1, and one more for every replay of a failure; there is one final answer per generation."""
    earlier: tuple[EarlierGeneration, ...] = ()
    sequence: int
    """Place among the accepted changes of its app; an older one than the last applied is superseded. A rotation, which
    changes nothing that a request decides, has none: 0."""
    state: State = State.ACCEPTED
    accepted_at: datetime
    started_at: datetime
    """When this generation began: its deadline counts from here."""
    attempts: int = 0
    """Those that count: one that was throttled does not."""
    interrupted: int = 0
    """Attempts in a row that ended without a word: their worker died, or lost the records' store."""
    pauses: int = 0
    """In a row for `reason`, since the last step that was done; each is longer than the one before."""
    steps_at_pause: int = 0
    next_attempt: datetime | None = None
    reason: str | None = None
    steps: tuple[Step, ...] = ()
    begun: Mapping[str, datetime] = Field(default_factory=dict[str, datetime])
    """Steps begun and not yet done, by name."""
    credentials: Mapping[str, CredentialProgress] = Field(default_factory=dict[str, CredentialProgress])
    trace_parent: str | None = None
    channel: Channel | None = None
    """By which way the request came in; None in records of before that was kept."""
    arrived_at: datetime | None = None
    """When the webhook came that asked; None for any other channel."""
    replaces: str | None = None
    """The operation whose place it took: an earlier form of the same ticket."""
    replaced_by: Replacement | None = None
    """What took its place, where a changed form of its ticket came while it waited for approval."""
    warned_days: int | None = None
    """Of a rotation that failed: how many days before the expiry the last warning was for."""
    found_requester_id: str | None = None
    """Object id of who asked, as the directory said when the request was first looked at."""
    found_owner_id: str | None = None
    """The same of the owner that the request names."""
    left_to_others: Holdings = Holdings()
    """What its request no longer asks for and others had made, as its attempts found it: the answer says it stays."""
    approval: Approval | None = None
    """Where policy wants somebody to decide."""
    refusal: Refusal | None = None
    """Where a refusal came late: what was given goes, and nothing is tried again."""
    answer: Answer | None = None
    answered_at: datetime | None = None

    @property
    def unique_name(self) -> str:
        """The app this operation is about."""
        return self.request.application.unique_name

    @property
    def came_by(self) -> Channel | None:
        """By which way the request came in, as far as anybody knows: nobody outside can ask in our own name."""
        return Channel.OWN if self.is_our_own else self.channel

    @computed_field
    @property
    def ticket(self) -> str | None:
        """The ticket that asked: what a message on the public queue names as one has no effect.

        It stands in the row, too, as it always has: those who read rows need not know which channels prove a ticket.
        """
        return None if self.channel is Channel.QUEUE else self.request.ticket

    @property
    def requester_id(self) -> str | None:
        """The requester's object id in Entra, where the directory said it, or a webhook's sender vouches for it.

        What anybody says is none.
        """
        vouched = self.request.requested_by_object_id if self.channel is Channel.WEBHOOK else None
        return self.found_requester_id or vouched

    @property
    def requester_key(self) -> str:
        """Whose turn it takes: one key for each requester, as far as they can be told apart."""
        return person_key(self.requester_id or self.request.requested_by)

    @property
    def is_our_own(self) -> bool:
        """Return whether the registrar asked itself: nobody waits for an answer, and the event tells."""
        return self.request.source == OWN_SOURCE

    @property
    def revoke_by(self) -> datetime | None:
        """When a credential that leaked has to be gone; None when it is, or when none has to.

        Where somebody has to approve that, the time they took is not taken off it: until they have decided, nothing
        is to be gone, and from then on it counts.
        """
        request, approval = self.request, self.approval
        if not isinstance(request, RotationRequest) or request.revoke_previous is None:
            return None
        if self.credential(request.credential).old_gone_at is not None or (approval and approval.decision is None):
            return None
        since = approval.decision.at if approval is not None and approval.decision is not None else self.accepted_at
        return max(since, self.accepted_at) + request.revoke_previous.within

    def is_overdue_for_approval(self, now: datetime) -> bool:
        """Return whether nobody decided in time."""
        approval = self.approval
        return approval is not None and approval.decision is None and now >= approval.expires

    def pauses_for(self, reason: str) -> int:
        """How often in a row it paused for this reason, since the last step that was done."""
        return self.pauses if reason == self.reason and len(self.steps) <= self.steps_at_pause else 0

    def credential(self, name: str) -> CredentialProgress:
        """Progress of the credential with this name."""
        return self.credentials.get(name, CredentialProgress())

    def with_credential(self, name: str, **changes: object) -> "Operation":
        """Return the record with changed progress of one credential."""
        changed = self.credential(name).model_copy(update=changes)
        return self.model_copy(update={"credentials": {**self.credentials, name: changed}})


def requester_of(operation: Operation) -> Person:
    """Return who asked, as far as the record tells."""
    return Person(operation.request.requested_by, operation.requester_id)


def named_owner_of(operation: Operation) -> Person | None:
    """Return whom the request names as the app's owner, as far as the record tells."""
    request = operation.request
    if not isinstance(request, RegistrationRequest) or request.owner is None:
        return None
    return Person(request.owner, operation.found_owner_id)
