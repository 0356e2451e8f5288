"""Domain values: the wanted state of an app registration, and its state as the directory and the vault show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

type PermissionType = Literal["Scope", "Role"]
type CredentialType = Literal["secret", "certificate"]

type HolderKind = Literal["application", "servicePrincipal"]


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A client secret or a certificate as a listing shows it, without its value."""

    type: CredentialType
    key_id: str
    display_name: str | None
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class CredentialHolder:
    """An application or a service principal with at least one credential."""

    kind: HolderKind
    object_id: str
    app_id: str
    display_name: str
    unique_name: str | None
    credentials: tuple[HeldCredential, ...]
    is_renewed_by_platform: bool = False
    """A managed identity: Azure replaces its certificate itself."""


PERSONAL_AUDIENCES = frozenset({"AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"})
"""Values of signInAudience that allow sign-in with personal Microsoft accounts."""
PERSONAL_TOKEN_VERSION = 2
"""The `api.requestedAccessTokenVersion` that Entra requires for them (Microsoft Learn, "Validation differences by
supported account types")."""


class StoredModel(BaseModel, frozen=True):
    """A value stored as JSON in a table row; readers ignore fields added by newer versions."""


class RequiredPermission(StoredModel, frozen=True):
    """One entry of Graph's requiredResourceAccess: `Scope` is delegated, `Role` is an application permission."""

    resource_app_id: str
    id: str
    type: PermissionType


class ApplicationState(StoredModel, frozen=True):
    """The part of a Graph application that requests control; collections are sets, as Graph keeps no order."""

    display_name: str
    sign_in_audience: str
    public_client_redirect_uris: frozenset[str] = frozenset()
    is_fallback_public_client: bool = False
    web_redirect_uris: frozenset[str] = frozenset()
    enable_id_token_issuance: bool = False
    enable_access_token_issuance: bool = False
    spa_redirect_uris: frozenset[str] = frozenset()
    required_permissions: frozenset[RequiredPermission] = frozenset()
    tags: frozenset[str] = frozenset()
    requested_access_token_version: int | None = None
    """Graph's `api.requestedAccessTokenVersion`. Set only if the audience needs one; None leaves it unchanged."""

    @property
    def has_personal_accounts(self) -> bool:
        """Return whether people can sign in with personal Microsoft accounts."""
        return self.sign_in_audience in PERSONAL_AUDIENCES


class Consent(StoredModel, frozen=True):
    """One consented permission of a client: `name` is a delegated scope's value, or an app role's id."""

    resource_id: str
    type: PermissionType
    name: str


@dataclass(frozen=True)
class SeenConsents:
    """A client's consents as one read showed them, with the ids of the Graph objects that carry them."""

    consents: frozenset[Consent] = frozenset()
    grant_ids: Mapping[str, str] = field(default_factory=dict[str, str])
    """Id of the tenant-wide oauth2PermissionGrant by the resource's service principal id."""
    assignment_ids: Mapping[Consent, str] = field(default_factory=dict[Consent, str])
    """Id of the appRoleAssignment by consent."""


@dataclass(frozen=True)
class PasswordCredential:
    """A client secret as the directory shows it, without its value."""

    key_id: str
    display_name: str | None
    end: datetime | None


@dataclass(frozen=True)
class KeyCredential:
    """A certificate as the directory shows it. `thumbprint` is its SHA-1 in upper-case hex; empty for other keys."""

    key_id: str
    display_name: str | None
    end: datetime | None
    thumbprint: str = ""
    sent_back: Mapping[str, object] = field(default_factory=dict[str, object], compare=False, repr=False)
    """The whole entry as Graph returned it: the list can only be replaced as a whole."""


@dataclass(frozen=True)
class PublicCertificate:
    """The public part of a certificate: `der` is its DER encoding, `thumbprint` its SHA-1 in upper-case hex."""

    der: bytes
    thumbprint: str


@dataclass(frozen=True)
class SeenCredentials:
    """An application's credentials as one read of the directory showed them."""

    client_id: str
    passwords: tuple[PasswordCredential, ...]
    keys: tuple[KeyCredential, ...] = ()

    def find(self, key_id: str) -> PasswordCredential | KeyCredential | None:
        """Return the credential with this keyId, of either kind."""
        return next((each for each in (*self.passwords, *self.keys) if each.key_id == key_id), None)


@dataclass(frozen=True)
class SeenApplication:
    """An application as one read of the directory showed it."""

    object_id: str
    client_id: str
    state: ApplicationState
    passwords: tuple[PasswordCredential, ...]
    keys: tuple[KeyCredential, ...] = ()
    created: datetime | None = None

    @property
    def credentials(self) -> SeenCredentials:
        """Its credentials."""
        return SeenCredentials(self.client_id, self.passwords, self.keys)


@dataclass(frozen=True)
class SeenPrincipal:
    """An application's service principal as one read of the directory showed it."""

    object_id: str
    enabled: bool = True
    """Whether its application gets tokens: `accountEnabled`."""


@dataclass(frozen=True)
class ApiPermission:
    """A permission that an API offers: its id, and the value people know it by."""

    id: str
    name: str
    type: PermissionType
    enabled: bool


@dataclass(frozen=True)
class Api:
    """An API as its service principal in this tenant describes it."""

    service_principal_id: str
    app_id: str
    display_name: str
    owner_organization_id: str | None
    permissions: tuple[ApiPermission, ...]
    enabled: bool = True
    """Whether tokens are issued for it: `accountEnabled` of its service principal."""


@dataclass(frozen=True)
class ResolvedPermission:
    """A permission requested by name and found in the directory."""

    api: Api
    permission: ApiPermission

    @property
    def required(self) -> RequiredPermission:
        """Its entry in requiredResourceAccess."""
        return RequiredPermission(resource_app_id=self.api.app_id, id=self.permission.id, type=self.permission.type)

    @property
    def consent(self) -> Consent:
        """The admin consent to it."""
        name = self.permission.name if self.permission.type == "Scope" else self.permission.id
        return Consent(resource_id=self.api.service_principal_id, type=self.permission.type, name=name)
