"""Documents that a test or a person adds to a running stack; no permission is asked."""

from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from devstack.doubles.documents import Document
from devstack.doubles.graph.schema import TYPES
from devstack.doubles.keyvault.rules.access import ROLES
from devstack.doubles.seed import completion
from devstack.doubles.world import World


def _guid(value: str) -> str:
    return str(UUID(value))


def _role(value: str) -> str:
    if value not in ROLES:
        raise ValueError(f"no such role; there are: {', '.join(ROLES)}")
    return value


type Guid = Annotated[str, AfterValidator(_guid)]
type VaultName = Annotated[str, Field(pattern=r"^[a-zA-Z][0-9a-zA-Z-]{2,23}$")]


class _Addition(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    def document(self) -> Document:
        """What was given, and nothing else."""
        return self.model_dump(by_alias=True, exclude_unset=True)


class _GraphObject(_Addition):
    """Any property of Graph's type is welcome beside the ones named here, and the doubles' own `_names`."""

    model_config = ConfigDict(extra="allow")
    graph_type: ClassVar[str]

    id: Guid | None = None

    @model_validator(mode="after")
    def _knows_its_properties(self) -> Self:
        known = TYPES[self.graph_type]
        unknown = [name for name in self.model_extra or {} if name not in known and not name.startswith("_")]
        if unknown:
            raise ValueError(f"{self.graph_type} has no property {', '.join(unknown)}")
        return self


class ApplicationAddition(_GraphObject):
    """A Graph application; `passwordCredentials` may give their `secretText`."""

    graph_type = "application"
    display_name: str


class ServicePrincipalAddition(_GraphObject):
    """A Graph service principal."""

    graph_type = "servicePrincipal"
    app_id: Guid


class UserAddition(_GraphObject):
    """A Graph user."""

    graph_type = "user"
    display_name: str
    user_principal_name: str


class VaultRoleAssignment(_Addition):
    """A built-in role for one principal, on the vault or on one of its secrets."""

    principal_id: Guid
    role_definition_name: Annotated[str, AfterValidator(_role)]
    secret_name: str | None = None


class VaultAddition(_Addition):
    """A vault, or what changes about an existing one; `roleAssignments` are replaced whole."""

    name: VaultName
    location: str = "westeurope"
    recoverable_days: Annotated[int, Field(ge=7, le=90)] = 90
    purge_protection: bool = False
    role_assignments: list[VaultRoleAssignment] = []


class AppRoleAssignmentAddition(_Addition):
    """An app role that a service principal or a user holds on a resource."""

    principal_id: Guid
    resource_id: Guid
    app_role_id: Guid


class AttributesAddition(_Addition):
    """Custom security attributes of a service principal, by set and name; they take the place of those it had."""

    principal_id: Guid
    attributes: dict[str, dict[str, str]]


class IssuerAddition(_Addition):
    """A foreign token issuer with its public keys (JSON Web Keys)."""

    issuer: str
    keys: list[dict[str, str | list[str] | bool]]


class Additions(_Addition):
    """What `POST /seed` takes."""

    applications: list[ApplicationAddition] = []
    service_principals: list[ServicePrincipalAddition] = []
    users: list[UserAddition] = []
    vaults: list[VaultAddition] = []
    app_role_assignments: list[AppRoleAssignmentAddition] = []
    custom_security_attributes: list[AttributesAddition] = []
    issuers: list[IssuerAddition] = []


type Collection = Literal["applications", "servicePrincipals", "users", "vaults", "appRoleAssignments", "issuers"]


def add(world: World, additions: Additions) -> dict[Collection, list[str]]:
    """Complete and store the documents; returns their keys per collection.

    Raises LookupError for an app role assignment or attributes of principals that are not there.
    """
    added: dict[Collection, list[str]] = {
        "applications": [_put(world, "applications", a) for a in _applications(world, additions)]
    }
    # Only now: a service principal takes after its application.
    principals = [completion.service_principal(world, _given(a)) for a in additions.service_principals]
    added["servicePrincipals"] = [_put(world, "servicePrincipals", p) for p in principals]
    users = [completion.user(world, _given(a)) for a in additions.users]
    added["users"] = [_put(world, "users", user) for user in users]
    added["vaults"] = [_put(world, "vaults", vault, "name") for vault in _vaults(world, additions)]
    assignments = [_assignment(world, a) for a in additions.app_role_assignments]
    added["appRoleAssignments"] = [_put(world, "appRoleAssignments", a) for a in assignments]
    for given in additions.custom_security_attributes:
        principal = world.primary().get("servicePrincipals", given.principal_id)
        if principal is None:
            raise LookupError("principalId must be a service principal's")
        _put(world, "servicePrincipals", principal | {"_customSecurityAttributes": given.attributes})
    issuers = [issuer.document() for issuer in additions.issuers]
    added["issuers"] = [_put(world, "issuers", issuer, "issuer") for issuer in issuers]
    return added


def _applications(world: World, additions: Additions) -> list[Document]:
    return [completion.application(world, _given(addition)) for addition in additions.applications]


def _vaults(world: World, additions: Additions) -> list[Document]:
    view = world.primary()
    current = [view.get("vaults", addition.name.casefold()) or {} for addition in additions.vaults]
    return [
        completion.vault(known | addition.document()) for known, addition in zip(current, additions.vaults, strict=True)
    ]


def _assignment(world: World, addition: AppRoleAssignmentAddition) -> Document:
    view = world.primary()
    principal = view.get("servicePrincipals", addition.principal_id) or view.get("users", addition.principal_id)
    resource = view.get("servicePrincipals", addition.resource_id)
    if principal is None or resource is None:
        raise LookupError("principalId must be a service principal's or a user's, resourceId a service principal's")
    return completion.app_role_assignment(world, principal, resource, addition.app_role_id)


def _given(addition: _GraphObject) -> Document:
    given = addition.document()
    if given.get("id", "") is None:
        del given["id"]
    return given


def _put(world: World, collection: str, document: Document, key: str = "id") -> str:
    # What is new was always there, so that lag does not hide it; what changes, changes now, as role delays need.
    is_new = world.primary().get(collection, document[key]) is None
    world.documents.put(collection, document[key], document, since_ever=is_new)
    return document[key]
