"""What the domain needs from the world, as protocols; adapters and the tests' fakes fill them.

Every method may raise `Deferred` and its kinds. `None` means "surely not there as far as this read goes"; a
call that failed never answers with it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from shared.application_record import ApplicationRecord
from shared.callers import Caller
from shared.model import (
    Api,
    ApplicationState,
    Consent,
    CredentialType,
    KeyCredential,
    PermissionType,
    PublicCertificate,
    SeenApplication,
    SeenConsents,
    SeenCredentials,
    VaultEntry,
)
from shared.operation import Operation
from shared.report.model import CredentialHolder, Format, StoredReport
from shared.secret import Secret


@dataclass(frozen=True)
class CreatedApplication:
    """Ids of a new application, from the answer of the call that made it."""

    object_id: str
    client_id: str


@dataclass(frozen=True)
class IssuedPassword:
    """A client secret as addPassword answered it: the only moment its value exists outside the vault."""

    key_id: str
    value: Secret


@dataclass(frozen=True)
class ChangedApplications:
    """Our applications that have changed since a link was given, or all of them."""

    seen: Mapping[str, SeenCredentials]
    """By uniqueName, with what they show of their credentials."""
    removed: tuple[str, ...]
    """Object ids of the applications that are gone. Nothing else is known of them, not even whether they were ours."""
    link: str
    """By which to ask for what changes from here on: Graph's delta link."""


class Directory(Protocol):
    """Microsoft Graph, as far as registrations need it. Reads may be older than our own writes."""

    async def find_apis(self, name: str) -> list[Api]:
        """List the service principals with this displayName, whoever owns them."""
        ...

    async def api(self, app_id: str) -> Api | None:
        """Find the service principal of an API by its appId."""
        ...

    async def application(self, unique_name: str) -> SeenApplication | None:
        """Read an application by its uniqueName."""
        ...

    def our_applications(self) -> AsyncIterator[tuple[str, SeenCredentials]]:
        """List the applications that bear our tag, by uniqueName, with what they show of their credentials."""
        ...

    async def changed_applications(self, link: str | None) -> ChangedApplications:
        """Read which of our applications have changed since `link` was given; without one, read all of them.

        A change appears as late as in any other read. Raises Refused for a link that has expired, is no link of
        Graph's, or leads anywhere else: all is to be read then.
        """
        ...

    async def is_name_held_by_deleted(self, unique_name: str) -> bool:
        """Say whether a soft-deleted application still holds this uniqueName."""
        ...

    async def upsert_application(self, unique_name: str, state: ApplicationState) -> CreatedApplication | None:
        """Create the application or update it; None when it existed (Microsoft Learn, application-upsert).

        Raises NotReplicated when the directory refuses, as it does when something unseen holds the name.
        """
        ...

    async def service_principal_id(self, client_id: str) -> str | None:
        """Object id of the application's service principal in this tenant."""
        ...

    async def upsert_service_principal(self, client_id: str, display_name: str) -> str | None:
        """Create the service principal; None when it existed (Microsoft Learn, serviceprincipal-upsert)."""
        ...

    async def consents(self, service_principal_id: str, types: frozenset[PermissionType]) -> SeenConsents:
        """Read a client's consents of these types: tenant-wide delegated grants, and app role assignments."""
        ...

    async def write_consents(
        self, service_principal_id: str, seen: SeenConsents, add: frozenset[Consent], remove: frozenset[Consent]
    ) -> None:
        """Add and remove consents; those already there, or already gone, are a success."""
        ...

    async def add_password(self, object_id: str, display_name: str, end: datetime) -> IssuedPassword:
        """Issue a client secret. Not repeatable: after `Unavailable` nobody knows whether one was made."""
        ...

    async def remove_password(self, object_id: str, key_id: str) -> bool:
        """Remove a client secret; False when the directory does not know it: gone, or made too recently."""
        ...

    async def keys(self, object_id: str) -> tuple[KeyCredential, ...]:
        """Read an application's certificates, to be sent back. Raises NotYetVisible when there is no application."""
        ...

    async def write_keys(
        self, object_id: str, keys: tuple[KeyCredential, ...], add: tuple[PublicCertificate, str] | None = None
    ) -> None:
        """Replace an application's certificates: `keys` as they were read, and a new one with its displayName.

        Repeatable, but whatever is not in `keys` goes (Microsoft Learn, application-update): they have to be current.
        """
        ...


class CredentialHolders(Protocol):
    """Microsoft Graph, as far as the report needs it: the whole tenant."""

    def all(self) -> AsyncIterator[CredentialHolder]:
        """List the applications and service principals that have credentials, whoever made them."""
        ...

    async def owners(self, holder: CredentialHolder) -> tuple[str, ...] | None:
        """Name a holder's owners: userPrincipalName, else display name, else object id; None when it is gone."""
        ...


@dataclass(frozen=True)
class VaultPlace:
    """Where a listing of all secrets goes on: the vault's URL, and Key Vault's own token."""

    url: str
    token: str | None


class Vault(Protocol):
    """Key Vault. Names are whole secret names; entries carry properties and tags only."""

    async def page(self, after: VaultPlace | None) -> tuple[tuple[VaultEntry, ...], VaultPlace | None]:
        """Read the newest versions' properties of some secrets of all vaults, and where the next ones are."""
        ...

    async def versions(self, unique_name: str, secret_name: str) -> tuple[VaultEntry, ...]:
        """Read the properties of all versions of a live secret, oldest first; none when there is no such secret."""
        ...

    async def deleted_tags(self, unique_name: str, secret_name: str) -> dict[str, str] | None:
        """Read the tags of a soft-deleted secret that holds the name; None when there is none."""
        ...

    async def recover(self, unique_name: str, secret_name: str, kind: CredentialType) -> None:
        """Begin to recover a soft-deleted secret, or certificate."""
        ...

    async def store(
        self,
        unique_name: str,
        secret_name: str,
        value: Secret,
        *,
        not_before: datetime,
        expires: datetime,
        tags: dict[str, str],
    ) -> VaultEntry:
        """Make `value` the newest version. Repeating it makes another version with the same value."""
        ...

    async def make_certificate(
        self, unique_name: str, secret_name: str, *, subject: str, months: int, tags: dict[str, str]
    ) -> VaultEntry | None:
        """Have a self-signed certificate made as the newest version, never renewed by itself; None while it is made.

        `subject` is a distinguished name. Repeating it makes another one.
        """
        ...

    async def certificate(self, unique_name: str, secret_name: str, version: str) -> PublicCertificate:
        """Read the public part of one version of a certificate."""
        ...

    async def import_certificate(
        self, unique_name: str, secret_name: str, value: Secret, tags: dict[str, str]
    ) -> VaultEntry:
        """Make `value`, another version's, the newest version. Repeating it makes another one with the same."""
        ...

    async def retag(
        self, unique_name: str, secret_name: str, version: str, tags: dict[str, str], kind: CredentialType
    ) -> None:
        """Replace the tags of one version."""
        ...

    async def disable(self, unique_name: str, secret_name: str, version: str, kind: CredentialType) -> None:
        """Disable one version: its value can no longer be read. Disabled already is a success."""
        ...

    async def value(self, unique_name: str, secret_name: str, version: str) -> Secret:
        """Read one version's value, for the sign-in that proves it."""
        ...


class SignIn(Protocol):
    """The token endpoint, asked as the new client would."""

    async def prove(self, client_id: str, value: Secret, resource_uri: str, kind: CredentialType) -> None:
        """Obtain a token with a secret, or a certificate and its key, from the endpoint and never from a cache.

        A refusal that comes after the credential was accepted counts as proof. Raises NotYetVisible when the
        credential, or the client, is not known (yet).
        """
        ...


@dataclass(frozen=True)
class Versioned[T]:
    """A stored value with the ETag it was read at."""

    value: T
    etag: str


class Operations(Protocol):
    """The operations table, and the index of those not yet settled."""

    async def claim(self, source: str, request_id: str, body_hash: str, operation_id: str) -> tuple[str, str]:
        """Bind (source, requestId) to an operation, first come first served; returns the bound id and body hash."""
        ...

    async def find(self, source: str, request_id: str) -> str | None:
        """Find the operation that (source, requestId) is bound to."""
        ...

    async def create(self, operation: Operation, due: datetime) -> str | None:
        """Write a new record, listed as unsettled; its ETag, or None when there is one already."""
        ...

    async def read(self, operation_id: str) -> Versioned[Operation] | None:
        """Read one record."""
        ...

    async def save(self, operation: Operation, etag: str) -> str:
        """Replace a record read at `etag`; returns the new ETag. Raises Busy when somebody else has written meanwhile.

        The list of unsettled ones stays as it is.
        """
        ...

    def due(self, before: datetime) -> AsyncIterator[tuple[str, int]]:
        """List unsettled operations whose next look was due before a moment: (operation id, generation)."""
        ...

    def failed(self, reason: str) -> AsyncIterator[str]:
        """List the operations that failed for this reason. Reads the whole table: for operators, not for events."""
        ...

    async def relist(self, operation_id: str, generation: int, due: datetime) -> None:
        """Say when an unsettled operation is to be looked at again, without touching its record."""
        ...

    async def unlist(self, operation_id: str, generation: int) -> None:
        """Take an operation's generation off the list of unsettled ones."""
        ...


class Applications(Protocol):
    """The applications table."""

    async def read(self, unique_name: str) -> Versioned[ApplicationRecord]:
        """Read one app's record; an app we know nothing of yet has an empty one."""
        ...

    async def save(self, record: ApplicationRecord, etag: str) -> str:
        """Replace or create a record; returns the new ETag. Raises Busy when somebody else has written meanwhile."""
        ...


@dataclass(frozen=True)
class Cleanup:
    """The note that a credential may have been made whose value was lost."""

    unique_name: str
    operation_id: str
    secret_names: tuple[str, ...]
    since: datetime


class Cleanups(Protocol):
    """The clean-up table: entries outlive the request that left them."""

    async def put(self, cleanup: Cleanup) -> None:
        """Write or renew an entry."""
        ...

    async def remove(self, unique_name: str, operation_id: str) -> None:
        """Remove an entry; already gone is a success."""
        ...

    def all(self) -> AsyncIterator[Cleanup]:
        """List all entries."""
        ...


@dataclass(frozen=True)
class DueEntry:
    """A row of the index of what is due: one credential, under the day on which somebody has to look at it."""

    unique_name: str
    credential: str
    at: datetime
    expires: datetime | None
    sent_at: datetime | None = None
    """When a message was sent for it."""


def day_of(moment: datetime) -> str:
    """Return the day of the index for a moment: `YYYYMMDD` in UTC."""
    return f"{moment.astimezone(UTC):%Y%m%d}"


@dataclass(frozen=True)
class DuePlace:
    """Where a row of the index stands: rows are in the order of their places."""

    partition: str
    row: str


class DueIndex(Protocol):
    """The index of what is due: worked out from the vault's versions, and therefore dispensable."""

    def until(self, day: str, after: DuePlace | None = None) -> AsyncIterator[tuple[DuePlace, DueEntry]]:
        """List what is listed under this day or an earlier one, the oldest day first, behind a place."""
        ...

    async def is_listed(self, entry: DueEntry) -> bool:
        """Say whether this credential stands under this day with this moment."""
        ...

    async def put(self, entry: DueEntry) -> None:
        """List a credential under a day; a message that was sent for it under this day is forgotten."""
        ...

    async def mark_sent(self, entry: DueEntry, at: datetime) -> None:
        """Note that a message was sent for a row; does nothing when the row is gone."""
        ...

    async def remove(self, unique_name: str, credential: str, day: str) -> None:
        """Take a credential off one day; not there is a success."""
        ...

    async def directory_link(self) -> str | None:
        """Read by which link the directory is asked for its next changes; None before the first time."""
        ...

    async def keep_directory_link(self, link: str) -> None:
        """Note that everything that had changed before this link was given is seen to."""
        ...


class Reports(Protocol):
    """The newest report of the tenant's credentials, in each of its formats."""

    async def read(self, form: Format) -> StoredReport | None:
        """Read one format; None when none was written yet."""
        ...

    async def as_of(self) -> datetime | None:
        """Say of which moment the newest complete report is; None when there is none."""
        ...

    async def write(self, form: Format, report: StoredReport) -> None:
        """Replace one format. JSON is written last: with it the report is complete."""
        ...


class Callers(Protocol):
    """Entra, as far as callers over HTTP are concerned."""

    async def require(self, authorization: str | None, role: str) -> Caller:
        """Say who an Authorization header speaks for.

        Raises NotAuthenticated, NotAllowed without the app role, and Unavailable while Entra's keys cannot be read.
        """
        ...


class Backoff(Protocol):
    """The pause that a throttling service asked for, shared by all workers."""

    async def until(self) -> datetime | None:
        """Read when the pause ends; None when there is none."""
        ...

    async def extend(self, until: datetime, reason: str) -> None:
        """Pause everybody until then; a longer pause that stands already is kept."""
        ...


class Lease(Protocol):
    """Exclusive work on one app, on the store's own clock. Every step stays correct if it was lost."""

    async def keep(self) -> None:
        """Renew the lease when it is getting old. Raises Busy when it was lost."""
        ...


class Leases(Protocol):
    """Leases by uniqueName."""

    def hold(self, unique_name: str) -> AbstractAsyncContextManager[Lease]:
        """Hold an app's lease. Raises Busy on entry when somebody else does."""
        ...


@dataclass(frozen=True)
class PoisonedMessage:
    """A message that the host gave up on: its function failed, or its worker died, as often as host.json allows."""

    queue: str
    id: str
    receipt: str
    text: str
    inserted: datetime


class Queues(Protocol):
    """The queues the app writes to, and the poison queues it looks after."""

    async def send_work(self, operation_id: str, generation: int, delay: timedelta = timedelta(0)) -> None:
        """Have an operation (continued) after a delay, without expiry."""
        ...

    async def send_rotation(self, message: str, delay: timedelta = timedelta(0)) -> None:
        """Have `credential-rotations` looked at after a delay, without expiry."""
        ...

    async def is_work_piling_up(self) -> bool:
        """Say whether more work is due and waits than a host takes at once."""
        ...

    async def send_answer(self, answer: str) -> None:
        """Deliver an answer to the requester's side."""
        ...

    async def send_event(self, event: str) -> None:
        """Publish to `registrar-events`."""
        ...

    async def send_poison(self, message: str) -> None:
        """Keep a request that cannot be served, with its reason and original."""
        ...

    def host_poisoned(self) -> AsyncIterator[PoisonedMessage]:
        """List the messages on the poison queues that the host put there, not we."""
        ...

    async def remove_poisoned(self, message: PoisonedMessage) -> None:
        """Remove such a message; already gone is a success."""
        ...

    async def remove_kept(self, operation_id: str, before: int) -> None:
        """Remove what is kept on the poison queue of an operation's generations before this one."""
        ...
