"""What a token is for: the resource's service principal, its audience, the caller's roles on it."""

from dataclasses import dataclass
from typing import Literal

from devstack.doubles.documents import Document
from devstack.doubles.entra import errors
from devstack.doubles.world import World

_DEFAULT = "/.default"


@dataclass(frozen=True)
class Resource:
    """A resource as a token names it: `version` 2.0 tokens have the app id as audience."""

    principal: Document
    audience: str
    version: Literal["1.0", "2.0"]


def resource_of_scope(scope: str) -> str:
    """The resource that a client-credentials scope names. Raises SignInRefusedError.

    Exactly the suffix `/.default` is cut off, so `https://servicebus.azure.net//.default` keeps a slash
    (Microsoft Learn, "scopes and permissions": trailing slash and .default).
    """
    scopes = scope.split()
    if any(not item.endswith(_DEFAULT) or item == _DEFAULT for item in scopes):
        raise errors.scope_without_default(scope)
    if len(scopes) != 1:
        raise errors.several_scopes(scope)
    return scopes[0].removesuffix(_DEFAULT)


def find_resource(world: World, name: str) -> Resource:
    """The resource with that app id or any of its service principal names. Raises SignInRefusedError.

    `<appId>/.default` always works, whatever the names. A trailing slash does not matter for finding it, yet stays in
    the audience.
    """
    view = world.primary()
    bare = name.rstrip("/")
    for candidate in (name, bare, bare + "/"):
        found = view.find("servicePrincipals", "servicePrincipalNames", candidate)
        for principal in found or view.find("servicePrincipals", "appId", candidate):
            if principal.get("accountEnabled") is False:
                raise errors.disabled_resource(name)
            version = _token_version(world, principal)
            return Resource(principal, principal["appId"] if version == "2.0" else name, version)
    raise errors.unknown_resource(name, world.tenant.display_name)


def roles_on(world: World, principal: Document, resource: Document) -> list[str]:
    """The values of the enabled app roles of `resource` that are assigned to `principal`.

    Raises SignInRefusedError when the resource demands an assignment and there is none.
    """
    roles = assigned_roles(world, principal, resource)
    if roles is None:
        raise errors.not_assigned(
            principal["appId"], principal["displayName"], resource["appId"], resource["displayName"]
        )
    return roles


def assigned_roles(world: World, principal: Document, resource: Document) -> list[str] | None:
    """The values of the enabled app roles of `resource` that are assigned to a user or service principal.

    None when the resource demands an assignment and there is none.
    """
    assigned = {
        assignment["appRoleId"]
        for assignment in world.primary().find("appRoleAssignments", "principalId", principal["id"])
        if assignment["resourceId"] == resource["id"]
    }
    if resource.get("appRoleAssignmentRequired") and not assigned:
        return None
    roles: list[Document] = resource.get("appRoles", [])
    return [role["value"] for role in roles if role["id"] in assigned and role.get("isEnabled", True)]


def _token_version(world: World, principal: Document) -> Literal["1.0", "2.0"]:
    applications = world.primary().find("applications", "appId", principal["appId"])
    api: Document = applications[0].get("api") or {} if applications else {}
    wanted = api.get("requestedAccessTokenVersion") or principal.get("_accessTokenVersion")
    return "2.0" if wanted == 2 else "1.0"
