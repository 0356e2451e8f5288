"""Microsoft Graph: the applications of a tenant, what is consented, and who holds credentials."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.core.secret import Secret
from shared.model.directory import (
    Api,
    ApplicationState,
    Consent,
    CredentialHolder,
    KeyCredential,
    PermissionType,
    PublicCertificate,
    SeenApplication,
    SeenConsents,
    SeenCredentials,
    SeenPrincipal,
)


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

    async def api_of(self, service_principal_id: str) -> Api | None:
        """Find an API by the object id of its service principal, as consents name it."""
        ...

    async def application(self, unique_name: str) -> SeenApplication | None:
        """Read an application by its uniqueName."""
        ...

    async def changed_applications(self, link: str | None) -> ChangedApplications:
        """Read which of our applications have changed since `link` was given; without one, read all of them.

        A change appears as late as in any other read. Raises RefusedError for a link that has expired, is no link of
        Graph's, or leads anywhere else: all is to be read then.
        """
        ...

    async def is_name_held_by_deleted(self, unique_name: str) -> bool:
        """Return whether a soft-deleted application still holds this uniqueName."""
        ...

    async def upsert_application(self, unique_name: str, state: ApplicationState) -> CreatedApplication | None:
        """Create the application or update it; None when it existed (Microsoft Learn, application-upsert).

        Raises RejectedError for what Entra does not take, and NotReplicatedError when something unseen may hold the
        name.
        """
        ...

    async def service_principal(self, client_id: str) -> SeenPrincipal | None:
        """Find the application's service principal in this tenant."""
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
        """Read an application's certificates, to be sent back.

        Raises NotYetVisibleError when there is no application.
        """
        ...

    async def write_keys(
        self, object_id: str, keys: tuple[KeyCredential, ...], add: tuple[PublicCertificate, str] | None = None
    ) -> None:
        """Replace an application's certificates: `keys` as they were read, and a new one with its displayName.

        Repeatable, but whatever is not in `keys` goes (Microsoft Learn, application-update): they have to be current.
        """
        ...


@dataclass(frozen=True)
class SeenApis:
    """APIs as a read of the directory showed them; `remembered` says that it was not made just now."""

    apis: tuple[Api, ...]
    remembered: bool


class Apis(Protocol):
    """The APIs of a tenant, as the directory showed them within minutes. Raises what `Directory` raises."""

    async def called(self, name: str, *, ask: bool = False) -> SeenApis:
        """List the APIs of this name, whoever owns them; `ask` the directory even if they were seen within minutes."""
        ...

    async def with_id(self, app_id: str, *, ask: bool = False) -> SeenApis:
        """List the one API with this appId, or none; `ask` the directory even if it was seen within minutes."""
        ...


OWNERS_AT_ONCE = 20
"""Holders whose owners one call may ask for: a batch has at most 20 (Microsoft Learn, "JSON batching")."""


class CredentialHolders(Protocol):
    """Microsoft Graph, as far as the report needs it: the whole tenant."""

    def all(self) -> AsyncIterator[CredentialHolder]:
        """List the applications and service principals that have credentials, whoever made them."""
        ...

    async def owners(self, holders: Sequence[CredentialHolder]) -> dict[str, tuple[str, ...]]:
        """Name the owners of at most `OWNERS_AT_ONCE` holders, by object id; those that are gone are left out.

        A name is a userPrincipalName, else a display name, else an object id.
        """
        ...
