"""What was seen, through the services' own interfaces: frozen, and honest about what could not be looked at.

Nothing here is a secret's value. Times are aware and in UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, cast

from shared.naming import APPLICATION_TAG

MANAGED_BY = "registrar"
"""The tag `managedBy` of every vault secret that is ours (tags, version 1)."""

type PermissionType = Literal["Scope", "Role"]


@dataclass(frozen=True)
class Seen[T]:
    """What a listing showed. Unknown is never empty: `gap` says what could not be looked at.

    `hidden` says what nobody can see without changing it: messages that are delayed, or lie deep in a queue.
    """

    items: tuple[T, ...] = ()
    gap: str | None = None
    hidden: str | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    @property
    def is_whole(self) -> bool:
        """Say whether what is not here does not exist."""
        return self.gap is None and self.hidden is None


@dataclass(frozen=True)
class Password:
    """A passwordCredential of an application. `start` is when it began to count, None if the directory says nothing."""

    key_id: str
    display_name: str | None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class RequiredPermission:
    """One entry of requiredResourceAccess."""

    resource_app_id: str
    id: str


@dataclass(frozen=True)
class Application:
    """An application of the tenant, soft-deleted ones too. `content` is all the rest, for comparison only."""

    object_id: str
    client_id: str
    unique_name: str | None
    display_name: str
    tags: frozenset[str] = frozenset()
    passwords: tuple[Password, ...] = ()
    required: frozenset[RequiredPermission] = frozenset()
    redirect_uris: frozenset[str] = frozenset()
    deleted: bool = False
    content: object = None

    @property
    def is_ours(self) -> bool:
        """Say whether it bears our tag."""
        return APPLICATION_TAG in self.tags

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.unique_name or f"{self.display_name} ({self.client_id})"


@dataclass(frozen=True)
class Permission:
    """A permission that an API offers: its id, and its name in the directory."""

    id: str
    name: str
    type: PermissionType


@dataclass(frozen=True)
class ServicePrincipal:
    """A service principal; an API's offers the permissions it defines."""

    object_id: str
    client_id: str
    display_name: str
    permissions: tuple[Permission, ...] = ()


@dataclass(frozen=True)
class Consent:
    """A permission consented for everybody: `name` is a scope's value, or an app role's id."""

    principal_id: str
    resource_id: str
    type: PermissionType
    name: str


@dataclass(frozen=True)
class SecretVersion:
    """One version of a vault secret. `signs_in` is whether its value does: None when nobody tried."""

    version: str
    enabled: bool
    created: datetime | None
    expires: datetime | None
    tags: Mapping[str, str]
    signs_in: bool | None = None


@dataclass(frozen=True)
class VaultSecret:
    """A secret of a vault with all its versions, oldest first; at least one."""

    vault: str
    name: str
    versions: tuple[SecretVersion, ...]

    @property
    def newest(self) -> SecretVersion:
        """The version that clients read."""
        return self.versions[-1]

    @property
    def is_ours(self) -> bool:
        """Say whether the registrar stored what clients read."""
        return self.newest.tags.get("managedBy") == MANAGED_BY

    @property
    def unique_name(self) -> str:
        """The app it belongs to, by its tags."""
        return self.newest.tags.get("uniqueName", "")


@dataclass(frozen=True)
class Intent:
    """How far the record says that one credential came: the secret may exist, and which one is stored."""

    intended_at: datetime | None = None
    key_id: str | None = None


@dataclass(frozen=True)
class Record:
    """An operation record of schema version 1, as far as the invariants ask."""

    id: str
    source: str
    request_id: str
    unique_name: str
    display_name: str
    state: str
    generation: int
    sequence: int
    accepted_at: datetime
    started_at: datetime
    credentials: tuple[str, ...] = ()
    """Names of the credentials that the request asks for."""
    intents: Mapping[str, Intent] = field(default_factory=dict[str, Intent])
    reason: str | None = None
    next_attempt: datetime | None = None
    answer_time: datetime | None = None
    answered_at: datetime | None = None

    @property
    def is_settled(self) -> bool:
        """Say whether its generation has ended."""
        return self.state in ("completed", "rejected", "failed")

    @property
    def settled_at(self) -> datetime | None:
        """When it ended."""
        return (self.answered_at or self.answer_time) if self.is_settled else None


@dataclass(frozen=True)
class Claim:
    """The binding of (source, requestId) to an operation, made before its record."""

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
class OwnWrites:
    """What an app's record says that we asked for and gave: by it, what others added is told apart."""

    unique_name: str
    required: frozenset[RequiredPermission]
    granted: frozenset[tuple[str, str]]
    """(resource's service principal id, scope's value or role's id)."""


@dataclass(frozen=True)
class Kept:
    """A message on the poison queue; `operation_id` is None where there never was one, or the host put it there."""

    operation_id: str | None
    generation: int | None
    reason: str | None


@dataclass(frozen=True)
class Work:
    """A message on the internal queue, as far as a peek shows one: delayed ones stay hidden."""

    operation_id: str
    generation: int


@dataclass(frozen=True)
class Leak:
    """A secret's value outside the vault: whose, and where."""

    secret: str
    place: str


@dataclass(frozen=True)
class ForeignUri:
    """A redirect URI that somebody added to an app of ours."""

    object_id: str
    uri: str


@dataclass(frozen=True)
class Foreign:
    """What others made, as it was when somebody looked: none of it is ours to touch."""

    applications: tuple[Application, ...] = ()
    principals: tuple[ServicePrincipal, ...] = ()
    passwords: frozenset[tuple[str, str]] = frozenset()
    """(application's object id, keyId)."""
    redirect_uris: frozenset[ForeignUri] = frozenset()
    consents: frozenset[Consent] = frozenset()
    secrets: tuple[VaultSecret, ...] = ()


type Event = Mapping[str, Any]
"""An answer as CloudEvents JSON."""


@dataclass(frozen=True)
class Watched:
    """What only somebody knows who watched from the beginning: tests, never an operator."""

    answers: tuple[Event, ...] = ()
    """Every answer ever delivered, repeated deliveries included."""
    events: tuple[Event, ...] | None = None
    """The same of `registrar-events`; None when nobody collected them."""
    requests: tuple[Event, ...] | None = None
    """Every message ever sent, in the order and as often as it was; None when nobody counted."""
    foreign: Foreign = Foreign()
    made: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many applications (by uniqueName) and principals (by client id) ever came to be."""
    arrivals_differ: bool = False
    """No two messages arrived in one second: an unreadable one's answer, timed by arrival, then tells it apart."""


@dataclass(frozen=True)
class Evidence:
    """Everything that one look showed. `now` is the time by the storage service's clock."""

    now: datetime
    applications: Seen[Application] = Seen()
    principals: Seen[ServicePrincipal] = Seen()
    consents: Seen[Consent] = Seen()
    secrets: Seen[VaultSecret] = Seen()
    records: Seen[Record] = Seen()
    claims: Seen[Claim] = Seen()
    unsettled: Seen[Unsettled] = Seen()
    cleanups: Seen[Cleanup] = Seen()
    own_writes: Seen[OwnWrites] = Seen()
    pause: Seen[datetime] = Seen()
    """Until when the shared back-off row stops everybody; at most one."""
    kept: Seen[Kept] = Seen()
    work: Seen[Work] = Seen()
    leaks: Seen[Leak] = Seen()
    watched: Watched | None = None

    @property
    def gaps(self) -> list[str]:
        """Say what could not be looked at, or not to its end."""
        return list(dict.fromkeys(seen.gap for seen in self._listings() if seen.gap))

    @property
    def hidden(self) -> list[str]:
        """Say what a look alone does not show."""
        return [seen.hidden for seen in self._listings() if seen.hidden]

    def _listings(self) -> Iterator[Seen[Any]]:
        for value in vars(self).values():
            if isinstance(value, Seen):
                yield cast("Seen[Any]", value)
