"""Which app permissions an operation needs, and what owning an object gives.

Source: the permission tables of Microsoft Graph's API reference, app-only columns.
"""

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import GraphError, denied
from devstack.doubles.tokens import Caller

type Permission = tuple[frozenset[str], ...]
"""Alternatives; each is a set of app roles that must all be held."""


def any_of(*roles: str) -> Permission:
    """One of these app roles."""
    return tuple(frozenset({role}) for role in roles)


def both(first: Permission, second: Permission) -> Permission:
    """What satisfies each of the two."""
    return tuple(one | other for one in first for other in second)


OWNED_BY = "Application.ReadWrite.OwnedBy"

_READ_ALL = (
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)
_WRITE_ALL = ("Application.ReadWrite.All", "Directory.ReadWrite.All")

ANYONE: Permission = (frozenset(),)
"""The operation itself looks at who asks."""

LIST_APPLICATIONS = any_of(*_READ_ALL)
READ_APPLICATIONS = any_of(*_READ_ALL, OWNED_BY)
LIST_DELETED = any_of(*_READ_ALL, OWNED_BY)
CREATE_APPLICATIONS = any_of(*_WRITE_ALL, OWNED_BY, "AppRegistration.Create")
WRITE_APPLICATIONS = any_of(*_WRITE_ALL, OWNED_BY)
READ_GRANTS = any_of(
    "DelegatedPermissionGrant.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)
WRITE_GRANTS = any_of("DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All")
READ_ASSIGNMENTS = any_of(*_READ_ALL)
WRITE_ASSIGNMENTS = both(any_of("AppRoleAssignment.ReadWrite.All"), any_of(*_READ_ALL))
READ_FULL_USERS = any_of("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
READ_USERS = (*any_of("User.ReadBasic.All"), *READ_FULL_USERS)
READ_DIRECTORY = any_of(*_READ_ALL, "User.Read.All")
READ_ORGANIZATION = any_of("Organization.Read.All", "Directory.Read.All", "Directory.ReadWrite.All")
READ_POLICIES = any_of("Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration")
WRITE_POLICIES = any_of("Policy.ReadWrite.ApplicationConfiguration")
READ_APP_POLICIES = both(READ_POLICIES, READ_APPLICATIONS)
WRITE_APP_POLICIES = both(WRITE_POLICIES, READ_APPLICATIONS)


def check_permission(caller: Caller, needed: Permission) -> None:
    """Raises GraphError 403 unless the caller holds one of the alternatives."""
    if not any(roles <= caller.roles for roles in needed):
        raise denied()


def may_read(caller: Caller, document: Document) -> bool:
    """Return whether the caller may read all applications, or owns this object."""
    return may_read_all(caller) or caller.object_id in document["_owners"]


def check_may_read(caller: Caller, document: Document) -> None:
    """Raises GraphError 403 unless the caller may read this object."""
    if not may_read(caller, document):
        raise denied()


def check_may_write(caller: Caller, document: Document) -> None:
    """Raises GraphError 403 unless the caller may write all applications, or owns this object."""
    if not may_write_all(caller) and caller.object_id not in document["_owners"]:
        raise denied()


def may_write_all(caller: Caller) -> bool:
    """Return whether the caller is not confined to what it owns."""
    return not caller.roles.isdisjoint(_WRITE_ALL)


def may_read_all(caller: Caller) -> bool:
    """Return whether the caller sees applications that it does not own."""
    return not caller.roles.isdisjoint(_READ_ALL)


def outside_tenant() -> GraphError:
    """What an OwnedBy caller hears when the backing application is not visible in this tenant (sic)."""
    return denied(
        "When using this permission, the backing application of the service principal being created must "
        "in the local tenant"
    )
