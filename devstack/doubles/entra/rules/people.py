"""Who signs in through which client, and for what: redirect URIs, scopes and consent."""

from dataclasses import dataclass
from typing import cast

from devstack.doubles.documents import Document
from devstack.doubles.entra import errors, user_errors
from devstack.doubles.entra.rules.resources import Resource, find_resource
from devstack.doubles.world import World

OPENID_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
_DEFAULT = ".default"


@dataclass(frozen=True)
class UserClient:
    """A client that people sign in through: an application of the tenant, or one of Microsoft's own."""

    application: Document

    @property
    def app_id(self) -> str:
        """The client id."""
        return self.application["appId"]

    @property
    def is_public(self) -> bool:
        """Return whether the client keeps no secret."""
        return self.application.get("isFallbackPublicClient") is True

    def has_redirect(self, uri: str) -> bool:
        """Return whether the URI is registered; at `http://localhost` of a public client any port will do."""
        registered: list[str] = []
        for platform in ("publicClient", "web", "spa"):
            registered += _part(self.application, platform).get("redirectUris", [])
        is_local = uri.startswith("http://localhost:") and uri.removeprefix("http://localhost:").isdecimal()
        return uri in registered or (is_local and "http://localhost" in registered)


@dataclass(frozen=True)
class ScopeRequest:
    """What a client wants of a user: a resource's scopes, and whether an ID token comes with them."""

    resource: Resource
    scopes: tuple[str, ...]
    with_id_token: bool


def find_user_client(world: World, client_id: str) -> UserClient:
    """The client with that id. Raises SignInRefusedError."""
    view = world.primary()
    own = view.find("applications", "appId", client_id)
    found = own[0] if own else view.get("foreignApplications", client_id.casefold())
    if found is None:
        raise errors.unknown_application(client_id, world.tenant.display_name)
    principals = view.find("servicePrincipals", "appId", client_id)
    if found.get("isDisabled") or any(each.get("accountEnabled") is False for each in principals):
        raise errors.disabled_application(client_id, found["displayName"])
    return UserClient(found)


def find_user(world: World, name: str) -> Document:
    """The user who signs in as `name`. Raises SignInRefusedError when there is none, or a blocked one."""
    users = world.primary().find("users", "userPrincipalName", name)
    if not users:
        raise user_errors.unknown_user(name, world.tenant.display_name)
    if users[0].get("accountEnabled") is False:
        raise user_errors.blocked_user()
    return users[0]


def read_scope(world: World, client: UserClient, scope: str) -> ScopeRequest:
    """What a `scope` parameter asks for: scopes of one resource. Raises SignInRefusedError.

    Without a resource's scope it is Microsoft Graph's `openid` and the like, as in Entra.
    """
    names = scope.split()
    asked = [name for name in names if name not in OPENID_SCOPES]
    if not asked:
        resource = find_resource(world, "https://graph.microsoft.com")
        return ScopeRequest(resource, tuple(names), "openid" in names)
    prefixes = {name.rpartition("/")[0] for name in asked}
    if len(prefixes) != 1:
        raise user_errors.several_resources()
    resource = find_resource(world, prefixes.pop())
    declared: list[Document] = resource.principal.get("oauth2PermissionScopes", [])
    known = {each["value"]: each["id"] for each in declared if each.get("isEnabled", True)}
    given = consented(world, client, resource)
    wanted = [name.rpartition("/")[2] for name in asked]
    for name in wanted:
        if name != _DEFAULT and name not in known:
            raise user_errors.unknown_scope(
                client.application["displayName"], name, str(resource.principal["displayName"])
            )
    scopes = sorted(given) if _DEFAULT in wanted else wanted
    if not scopes or not set(scopes) <= given:
        raise user_errors.no_consent(client.app_id, client.application["displayName"])
    return ScopeRequest(resource, tuple(scopes), "openid" in names)


def consented(world: World, client: UserClient, resource: Resource) -> set[str]:
    """The scopes of the resource that the client has: preauthorized by it, or consented to for the whole tenant."""
    view = world.primary()
    declared: list[Document] = resource.principal.get("oauth2PermissionScopes", [])
    values = {each["id"]: each["value"] for each in declared}
    found: set[str] = set()
    for application in view.find("applications", "appId", resource.principal["appId"]):
        entries: list[Document] = _part(application, "api").get("preAuthorizedApplications", [])
        for entry in entries:
            if entry["appId"].casefold() == client.app_id.casefold():
                found |= {values[each] for each in entry["delegatedPermissionIds"] if each in values}
    for principal in view.find("servicePrincipals", "appId", client.app_id):
        for grant in view.find("oauth2PermissionGrants", "clientId", principal["id"]):
            if grant["resourceId"] == resource.principal["id"] and grant["consentType"] == "AllPrincipals":
                found |= set(grant["scope"].split())
    return found


def includes_idtyp_for_users(world: World, principal: Document) -> bool:
    """Return whether the resource's application asks for the optional claim `idtyp` in tokens of users, too."""
    for application in world.primary().find("applications", "appId", principal["appId"]):
        claims: list[Document] = _part(application, "optionalClaims").get("accessToken") or []
        for claim in claims:
            if claim["name"] == "idtyp" and "include_user_token" in (claim.get("additionalProperties") or []):
                return True
    return False


def _part(document: Document, name: str) -> Document:
    """A complex property; empty where it is null."""
    return cast("Document", document.get(name) or {})
