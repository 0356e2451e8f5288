"""Evidence from the registrar's tables and queues."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from doctor.evidence.directory import PermissionType


@dataclass(frozen=True)
class Intent:
    """One credential's progress by its record: since when its secret may exist, and which one is stored."""

    intended_at: datetime | None = None
    key_id: str | None = None


@dataclass(frozen=True)
class RequestedState:
    """The state that a change requests of an app. A permission is (API as the request names it, type, name)."""

    redirect_uris: frozenset[str] = frozenset()
    permissions: frozenset[tuple[str, PermissionType, str]] = frozenset()
    admin_consent: bool | None = False
    """None where the request does not mention it: consent to permissions still listed is kept."""


@dataclass(frozen=True)
class Approval:
    """A request's approval; `parties` are the object ids of its requester and the app's owner, where known."""

    by: str | None
    """An object id, or else a name in the ticketing system; None when the decision names no person."""
    parties: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Record:
    """The part of an operation record (schema version 1) that the invariants need."""

    id: str
    source: str
    request_id: str
    unique_name: str
    display_name: str | None
    """What the request asks for; None for one that changes no application."""
    state: str
    generation: int
    sequence: int
    accepted_at: datetime
    started_at: datetime
    credentials: tuple[str, ...] = ()
    """Names of the credentials that the request asks for, or has replaced."""
    intents: Mapping[str, Intent] = field(default_factory=dict[str, Intent])
    reason: str | None = None
    next_attempt: datetime | None = None
    decide_by: datetime | None = None
    """The deadline for its decision, while it waits for one."""
    requested: RequestedState | None = None
    """What a change asks for; None where that is unknown, or nothing."""
    made_by_others: frozenset[str] = frozenset()
    """Redirect URIs and permission names that stay because others made them, by its answer."""
    answer_time: datetime | None = None
    answered_at: datetime | None = None
    decided_in_ticket_at: datetime | None = None
    """When it was decided in its ticket, by the ticketing system's clock."""
    shown_at: datetime | None = None
    """When the registrar saw its note about the pending decision in the ticket."""
    channel: str | None = None
    """The channel it came in by (`queue`, `webhook` and so on); None in records that predate the field."""
    ticket: str | None = None
    """The ticket in which it is answered and may be decided."""
    replaced_by: str | None = None
    """The operation that replaced it when the form was changed."""
    is_taken_back: bool = False
    """Whether it was refused after something had been granted, which is then taken back."""
    approval: Approval | None = None

    @property
    def is_change(self) -> bool:
        """Return whether it creates or changes an app, which a rotation does not."""
        return self.display_name is not None

    @property
    def is_settled(self) -> bool:
        """Return whether its generation has ended."""
        return self.state in ("completed", "rejected", "failed")

    @property
    def settled_at(self) -> datetime | None:
        """When it ended."""
        return (self.answered_at or self.answer_time) if self.is_settled else None


@dataclass(frozen=True)
class Claim:
    """The binding of (channel, source, requestId) to an operation, made before its record."""

    source: str
    request_id: str
    operation_id: str
    at: datetime | None


@dataclass(frozen=True)
class Unsettled:
    """A row of the list from which operations are resumed when their message is lost."""

    operation_id: str
    generation: int
    due: datetime


@dataclass(frozen=True)
class Cleanup:
    """A clean-up entry: secrets of this operation may exist whose value was lost."""

    unique_name: str
    operation_id: str
    since: datetime


@dataclass(frozen=True)
class AppOwner:
    """The owner that an app's record names: an address, an object id, both or neither."""

    unique_name: str
    owner: str | None
    owner_id: str | None
    is_registered: bool
    """Whether a change to it was ever completed."""


@dataclass(frozen=True)
class PendingRemoval:
    """An app's removals that were not yet seen gone, by its record; `since` is oldest first."""

    unique_name: str
    since: tuple[datetime, ...]


@dataclass(frozen=True)
class AuditEntry:
    """An audit entry about how an operation ended or was decided."""

    kind: str
    operation_id: str
    unique_name: str
    outcome: str
    """`completed`, `approved` and the like."""
    consented: frozenset[tuple[str, str, PermissionType]] = frozenset()
    """(API's appId, permission's id, its type) of what the registrar consented to, without consents of others."""


@dataclass(frozen=True)
class KeptMessage:
    """A message that the registrar keeps on the poison queue; `operation_id` is None where there never was one."""

    operation_id: str | None
    generation: int | None
    reason: str


@dataclass(frozen=True)
class GivenUpMessage:
    """A message that the host moved to a poison queue and that has not been answered yet."""

    queue: str
    at: datetime | None


@dataclass(frozen=True)
class WorkMessage:
    """A message on the internal queue, as far as a peek shows it: delayed ones stay hidden."""

    operation_id: str
    generation: int
