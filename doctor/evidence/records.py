"""What the registrar's tables and queues show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from doctor.evidence.directory import PermissionType
from shared.core.naming import OWN_SOURCE


@dataclass(frozen=True)
class Intent:
    """How far one credential has come, as its record says: the secret may exist, and which one is stored."""

    intended_at: datetime | None = None
    key_id: str | None = None


@dataclass(frozen=True)
class RequestedState:
    """What a change asks an app to be. A permission is (API as the request names it, type, name)."""

    redirect_uris: frozenset[str] = frozenset()
    permissions: frozenset[tuple[str, PermissionType, str]] = frozenset()
    admin_consent: bool | None = False
    """None where the request does not mention it: what was given stays for what is still listed."""


@dataclass(frozen=True)
class Approval:
    """That a request was approved; `parties` are the object ids of its requester and the app's owner, where known."""

    by: str | None
    """An object id, or else a name in the ticketing system; None when the decision names nobody."""
    parties: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Record:
    """An operation record of schema version 1, as far as the invariants need it."""

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
    """Until when it can be decided, while it waits for a decision."""
    requested: RequestedState | None = None
    """What a change asks for; None where that is not known, or nothing."""
    made_by_others: frozenset[str] = frozenset()
    """What stays because others made it, as its answer says: redirect URIs, and names of permissions."""
    answer_time: datetime | None = None
    answered_at: datetime | None = None
    decided_in_ticket_at: datetime | None = None
    """When it was decided in its ticket, by the ticketing system's clock."""
    shown_at: datetime | None = None
    """When the registrar saw in the ticket what waits for a decision."""
    channel: str | None = None
    """How it came in (`queue`, `webhook` and so on); None in records from before that was stored."""
    ticket: str | None = None
    """The ticket in which it is answered and may be decided."""
    replaced_by: str | None = None
    """The operation that took its place when the form was changed."""
    is_taken_back: bool = False
    """Whether it was refused after it had been given something, which was then taken back, or is to be."""
    approval: Approval | None = None

    @property
    def is_change(self) -> bool:
        """Return whether it asks for an app to be made or changed, which a rotation does not."""
        return self.display_name is not None

    @property
    def is_own(self) -> bool:
        """Return whether the registrar made it itself, so that only an event says how it ended."""
        return self.source == OWN_SOURCE

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
    """A row of the list by which operations are continued when their message is lost."""

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
    """That an app's record says something is being taken back, not yet seen gone: since when, the oldest first."""

    unique_name: str
    since: tuple[datetime, ...]


@dataclass(frozen=True)
class AuditEntry:
    """An entry of the audit record about how an operation ended, or how it was decided."""

    kind: str
    operation_id: str
    unique_name: str
    outcome: str
    """`completed`, `approved` and the like."""
    consented: frozenset[tuple[str, str, PermissionType]] = frozenset()
    """(API's appId, permission's id, its type) of what the registrar consented to, without what others had given."""


@dataclass(frozen=True)
class KeptMessage:
    """A message that the registrar keeps on the poison queue; `operation_id` is None where there never was one."""

    operation_id: str | None
    generation: int | None
    reason: str


@dataclass(frozen=True)
class GivenUpMessage:
    """A message that the host moved to a poison queue, and that is not answered yet."""

    queue: str
    at: datetime | None


@dataclass(frozen=True)
class WorkMessage:
    """A message on the internal queue, as far as a peek shows it: delayed ones stay hidden."""

    operation_id: str
    generation: int
