"""Evidence from the directory: applications, service principals and consents."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.core.naming import APPLICATION_TAG

type PermissionType = Literal["Scope", "Role"]


@dataclass(frozen=True)
class Password:
    """A passwordCredential of an application. `start` is when it became valid, None where that is not known."""

    key_id: str
    display_name: str | None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Key(Password):
    """A keyCredential. `thumbprint` is its certificate's SHA-1 in upper-case hex, empty for other kinds of key."""

    thumbprint: str = ""


@dataclass(frozen=True)
class RequiredPermission:
    """One entry of requiredResourceAccess: a scope and an app role of one API may share an id."""

    resource_app_id: str
    id: str
    type: PermissionType


@dataclass(frozen=True)
class Application:
    """An application of the tenant, soft-deleted ones too.

    `content` is the rest of it as one text: if two snapshots are equal, nothing was changed.
    """

    object_id: str
    client_id: str
    unique_name: str | None
    display_name: str
    tags: frozenset[str] = frozenset()
    passwords: tuple[Password, ...] = ()
    keys: tuple[Key, ...] = ()
    required: frozenset[RequiredPermission] = frozenset()
    redirect_uris: frozenset[str] = frozenset()
    deleted: bool = False
    content: object = None

    @property
    def is_ours(self) -> bool:
        """Return whether it has the registrar's tag."""
        return APPLICATION_TAG in self.tags

    @property
    def credentials(self) -> tuple[Password, ...]:
        """Everything it can sign in with: client secrets and certificates."""
        return (*self.passwords, *self.keys)

    @property
    def name(self) -> str:
        """A name that people recognise."""
        return self.unique_name or f"{self.display_name} ({self.client_id})"


@dataclass(frozen=True)
class Permission:
    """A permission that an API offers: its id, and its name in the directory."""

    id: str
    name: str
    type: PermissionType


@dataclass(frozen=True)
class ServicePrincipal:
    """A service principal; an API's has the permissions that it defines."""

    object_id: str
    client_id: str
    display_name: str
    permissions: tuple[Permission, ...] = ()


@dataclass(frozen=True)
class Creator:
    """An identity that makes applications: how many directory objects it has created, and how many more are deleted."""

    object_id: str
    name: str
    created: int
    deleted: int


@dataclass(frozen=True)
class Consent:
    """A permission consented for all users: `name` is a scope's value, or an app role's id."""

    principal_id: str
    resource_id: str
    type: PermissionType
    name: str
