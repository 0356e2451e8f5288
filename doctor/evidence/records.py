"""What the registrar's tables and queues show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from doctor.evidence.directory import PermissionType
from shared.naming import OWN_SOURCE


@dataclass(frozen=True)
class Intent:
    """How far the record says that one credential came: the secret may exist, and which one is stored."""

    intended_at: datetime | None = None
    key_id: str | None = None


@dataclass(frozen=True)
class Wants:
    """What a change asks an app to be. A permission is (API as the request names it, type, name)."""

    redirect_uris: frozenset[str] = frozenset()
    permissions: frozenset[tuple[str, PermissionType, str]] = frozenset()
    admin_consent: bool | None = False
    """None where the request says nothing of it: what was given stays for what is still listed."""


@dataclass(frozen=True)
class Approved:
    """That somebody approved a request; `parties` are the object ids of whom it comes from and is for, where known."""

    by: str | None
    """An object id, else a name of the ticketing system's; None when the decision names nobody."""
    parties: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Record:
    """An operation record of schema version 1, as far as the invariants ask."""

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
    """Until when somebody may decide about it, while it waits for that."""
    wants: Wants | None = None
    """What a change asks for; None where that is not known, or nothing."""
    others: frozenset[str] = frozenset()
    """What its answer says stays because others made it: redirect URIs, and names of permissions."""
    answer_time: datetime | None = None
    answered_at: datetime | None = None
    decided_in_ticket_at: datetime | None = None
    """When its ticket decided about it, by the ticketing system's clock."""
    shown_at: datetime | None = None
    """When the registrar saw what waits in that ticket."""
    channel: str | None = None
    """By which way it came in; None in records of before that was kept."""
    ticket: str | None = None
    """The ticket that is told of it, and may decide about it."""
    replaced_by: str | None = None
    """The operation of a changed form that took its place."""
    is_taken_back: bool = False
    """Whether it was refused when it had been given something, which went then, or was to go."""
    approved: Approved | None = None

    @property
    def is_change(self) -> bool:
        """Return whether it asks for an app to be made or changed; a rotation does not."""
        return self.display_name is not None

    @property
    def is_own(self) -> bool:
        """Return whether the registrar asked itself, so that an event alone tells how it ended."""
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
    """A row of the list by which operations are carried on when their message is lost."""

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
class Owned:
    """Whom an app's record has for its owner: an address, an object id, both or neither."""

    unique_name: str
    owner: str | None
    owner_id: str | None
    is_registered: bool
    """Whether a change to it was ever completed."""


@dataclass(frozen=True)
class Leaving:
    """What an app's record says is being taken back of it, and was never seen gone: since when, the oldest first."""

    unique_name: str
    since: tuple[datetime, ...]


@dataclass(frozen=True)
class Noted:
    """An entry of the audit record about how an operation ended, or who decided about it."""

    kind: str
    operation_id: str
    unique_name: str
    outcome: str
    """`completed`, `approved` and the like."""
    consented: frozenset[tuple[str, str, PermissionType]] = frozenset()
    """(API's appId, permission's id, its type) of what we consented to; what others had is not in it."""


@dataclass(frozen=True)
class Kept:
    """A message that we keep on the poison queue; `operation_id` is None where there never was one."""

    operation_id: str | None
    generation: int | None
    reason: str


@dataclass(frozen=True)
class GivenUp:
    """A message that the host moved to a poison queue, and that nobody has answered yet."""

    queue: str
    at: datetime | None


@dataclass(frozen=True)
class Work:
    """A message on the internal queue, as far as a peek shows one: delayed ones stay hidden."""

    operation_id: str
    generation: int
