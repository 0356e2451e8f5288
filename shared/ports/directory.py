"""Microsoft Graph: a tenant's applications, consents and credential holders."""

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
    """Ids of a new application, from the response to its creation."""

    object_id: str
    client_id: str


@dataclass(frozen=True)
class IssuedPassword:
    """A client secret as returned by addPassword: the only time its value exists outside the vault."""

    key_id: str
    value: Secret


@dataclass(frozen=True)
class ChangedApplications:
    """Our applications that have changed since a delta link was issued, or all of them."""

    seen: Mapping[str, SeenCredentials]
    """Their credentials, by uniqueName."""
    removed: tuple[str, ...]
    """Object ids of removed applications. Nothing else is known of them, not even whether they were ours."""
    link: str
    """Graph's delta link for later changes."""


class Directory(Protocol):
    """The part of Microsoft Graph that registrations need. Reads may be older than our own writes."""

    async def find_apis(self, name: str) -> list[Api]:
        """List the service principals with this displayName, regardless of owner."""
        ...

    async def api(self, app_id: str) -> Api | None:
        """Find the service principal of an API by its appId."""
        ...

    async def api_of(self, service_principal_id: str) -> Api | None:
        """Find an API by the object id of its service principal, as used in consents."""
        ...

    async def application(self, unique_name: str) -> SeenApplication | None:
        """Read an application by its uniqueName."""
        ...

    async def changed_applications(self, link: str | None) -> ChangedApplications:
        """Read which of our applications have changed since `link` was issued; without one, read all of them.

        Changes appear as late as in any other read. Raises RefusedError for a link that has expired, is not Graph's, or
        points elsewhere: then read all of them.
        """
        ...

    async def is_name_held_by_deleted(self, unique_name: str) -> bool:
        """Return whether a soft-deleted application still holds this uniqueName."""
        ...

    async def upsert_application(self, unique_name: str, state: ApplicationState) -> CreatedApplication | None:
        """Create or update the application; None if it existed (Microsoft Learn, application-upsert).

        Raises RejectedError if Entra rejects it, and NotReplicatedError if an object not yet visible may hold the name.
        """
        ...

    async def service_principal(self, client_id: str) -> SeenPrincipal | None:
        """Find the application's service principal in this tenant."""
        ...

    async def upsert_service_principal(self, client_id: str, display_name: str) -> str | None:
        """Create the service principal; None if it existed (Microsoft Learn, serviceprincipal-upsert)."""
        ...

    async def consents(self, service_principal_id: str, types: frozenset[PermissionType]) -> SeenConsents:
        """Read a client's consents of these types: tenant-wide delegated grants, and app role assignments."""
        ...

    async def write_consents(
        self, service_principal_id: str, seen: SeenConsents, add: frozenset[Consent], remove: frozenset[Consent]
    ) -> None:
        """Add and remove consents; already present or already gone is a success."""
        ...

    async def add_password(self, object_id: str, display_name: str, end: datetime) -> IssuedPassword:
        """Issue a client secret. Not repeatable: after UnavailableError it is unknown whether one was created."""
        ...

    async def remove_password(self, object_id: str, key_id: str) -> bool:
        """Remove a client secret; False if the directory does not know it: gone, or too recent."""
        ...

    async def keys(self, object_id: str) -> tuple[KeyCredential, ...]:
        """Read an application's certificates in a form that can be written back.

        Raises NotYetVisibleError if the application is not found.
        """
        ...

    async def write_keys(
        self, object_id: str, keys: tuple[KeyCredential, ...], add: tuple[PublicCertificate, str] | None = None
    ) -> None:
        """Replace an application's certificates by `keys`, as read, and optionally a new one with its displayName.

        Repeatable, but removes whatever is not in `keys` (Microsoft Learn, application-update): they must be current.
        """
        ...


@dataclass(frozen=True)
class SeenApis:
    """APIs as a read of the directory showed them; `remembered` marks a cached result."""

    apis: tuple[Api, ...]
    remembered: bool


class Apis(Protocol):
    """The APIs of a tenant, cached for minutes. Raises what `Directory` raises."""

    async def called(self, name: str, *, ask: bool = False) -> SeenApis:
        """List the APIs of this name, regardless of owner; `ask` bypasses the cache."""
        ...

    async def with_id(self, app_id: str, *, ask: bool = False) -> SeenApis:
        """List the one API with this appId, or none; `ask` bypasses the cache."""
        ...


OWNERS_AT_ONCE = 20
"""Maximum holders per call to `owners`: a batch has at most 20 requests (Microsoft Learn, "JSON batching")."""


class CredentialHolders(Protocol):
    """The part of Microsoft Graph that the report needs: the whole tenant."""

    def all(self) -> AsyncIterator[CredentialHolder]:
        """List the applications and service principals that have credentials, regardless of creator."""
        ...

    async def owners(self, holders: Sequence[CredentialHolder]) -> dict[str, tuple[str, ...]]:
        """Read the names of the owners of at most `OWNERS_AT_ONCE` holders, by object id; missing holders are omitted.

        A name is a userPrincipalName, else a display name, else an object id.
        """
        ...
