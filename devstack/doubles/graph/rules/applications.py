"""What Graph accepts as an application: audiences, names, URIs, roles, scopes, required permissions, sizes.

Source: Microsoft Learn, supported-accounts-validation (the limits) and the application resource's page.
"""

import re
from typing import cast
from urllib.parse import SplitResult, urlsplit

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import GraphError, bad_request, invalid_value, size_exceeded
from devstack.doubles.graph.rules.payload import is_guid
from devstack.doubles.graph.rules.redirect_uris import check_redirect_uris, duplicate_values

PERSONAL_AUDIENCES = ("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")
_AUDIENCES = ("AzureADMyOrg", "AzureADMultipleOrgs", *PERSONAL_AUDIENCES)
_MAX_ENTRIES = 1200
_RESERVED = "microsoft"
"""Of the words that no app may have in its name to which others than the tenant's people sign in, the one that users
have reported; the service has more."""
_COMPLEX = ("api", "info", "parentalControlSettings", "publicClient", "web", "spa")


def check_application(application: Document, domain: str) -> None:
    """Raises GraphError for the first rule the whole application breaks. `domain` is the tenant's verified one."""
    if not application["displayName"]:
        raise missing_value("displayName")
    for name in _COMPLEX:
        if application[name] is None:
            raise invalid_value(name, "Application")
    if application["signInAudience"] not in _AUDIENCES:
        raise invalid_value("signInAudience", "Application")
    is_personal = application["signInAudience"] in PERSONAL_AUDIENCES
    if len(application["displayName"]) > (90 if is_personal else 120):
        raise invalid_value("displayName", "Application")
    if application["signInAudience"] != "AzureADMyOrg" and _RESERVED in application["displayName"].casefold():
        raise invalid_value("displayName", "Application")
    if len(application["description"] or "") > 1024:
        raise invalid_value("description", "Application")
    _check_token_version(application["api"].get("requestedAccessTokenVersion"), is_personal=is_personal)
    _check_identifier_uris(application, domain)
    _check_tags(application["tags"])
    check_redirect_uris(application, for_personal_accounts=is_personal)
    _check_required_access(application["requiredResourceAccess"], is_personal=is_personal)
    _check_roles(application["appRoles"])
    _check_scopes(application["api"]["oauth2PermissionScopes"])
    _check_shared_values(application["appRoles"], application["api"]["oauth2PermissionScopes"])
    _check_size(application)


def missing_value(name: str, resource: str = "Application") -> GraphError:
    """400 for a required property that is absent or empty."""
    return bad_request(f"A value is required for property '{name}' of resource '{resource}'.", "InvalidValue", name)


def _check_token_version(version: object, *, is_personal: bool) -> None:
    if version not in (None, 1, 2) or (is_personal and version != 2):
        raise invalid_value("requestedAccessTokenVersion", "ApiApplication")


def _check_identifier_uris(application: Document, domain: str) -> None:
    uris = cast("list[str]", application["identifierUris"])
    if len({uri.casefold() for uri in uris}) < len(uris):
        raise duplicate_values()
    for uri in uris:
        parts = _split(uri)
        if (
            parts is None
            or len(uri) > 255
            or not parts.scheme
            or uri.endswith("/")
            or any(character.isspace() for character in uri)
        ):
            raise invalid_value("identifierUris", "Application")
        if parts.scheme in ("https", "http", "api") and not _is_own(parts.netloc, application, domain):
            message = (
                "Values of identifierUris property must use a verified domain of the organization or its "
                f"subdomain: '{uri}'"
            )
            details = [{"code": "HostNameNotOnVerifiedDomain", "message": message, "target": "identifierUris"}]
            raise GraphError(400, "HostNameNotOnVerifiedDomain", message, details)


def _split(uri: str) -> SplitResult | None:
    try:
        return urlsplit(uri)
    except ValueError:
        return None


def _is_own(host: str, application: Document, domain: str) -> bool:
    host = host.casefold()
    is_of_domain = host == domain.casefold() or host.endswith(f".{domain.casefold()}")
    return is_of_domain or host == application["appId"].casefold() or is_guid(host)


def _check_tags(tags: list[str]) -> None:
    if len({tag.casefold() for tag in tags}) < len(tags):
        raise duplicate_values()
    for tag in tags:
        if not 1 <= len(tag) <= 256 or re.search(r"\s", tag):
            raise invalid_value("tags", "Application")


def _check_required_access(entries: list[Document], *, is_personal: bool) -> None:
    resources = [str(entry.get("resourceAppId")).casefold() for entry in entries]
    if len(set(resources)) < len(resources):
        raise duplicate_values()
    for entry in entries:
        accesses = cast("list[Document]", entry.get("resourceAccess") or [])
        if not is_guid(entry.get("resourceAppId")):
            raise invalid_value("resourceAppId", "RequiredResourceAccess")
        if not accesses or (is_personal and len(accesses) > 30):
            raise invalid_value("resourceAccess", "RequiredResourceAccess")
        for access in accesses:
            if access.get("id") is None or access.get("type") not in ("Scope", "Role"):
                raise invalid_value("id" if access.get("id") is None else "type", "ResourceAccess")
        pairs = [(str(access["id"]).casefold(), access["type"]) for access in accesses]
        if len(set(pairs)) < len(pairs):
            raise duplicate_values()
    permissions = sum(len(entry["resourceAccess"]) for entry in entries)
    if len(entries) > 50 or permissions > (200 if is_personal else 400):
        raise invalid_value("requiredResourceAccess", "Application")


def _check_roles(roles: list[Document]) -> None:
    _check_distinct(roles)
    for role in roles:
        for name in ("id", "displayName", "description"):
            if not role.get(name):
                raise missing_value(name, "AppRole")
        members = cast("list[str]", role.get("allowedMemberTypes") or [])
        if not members or not set(members) <= {"User", "Application"}:
            raise invalid_value("allowedMemberTypes", "AppRole")


def _check_scopes(scopes: list[Document]) -> None:
    _check_distinct(scopes)
    for scope in scopes:
        for name in ("id", "value"):
            if not scope.get(name):
                raise missing_value(name, "PermissionScope")
        if scope.get("type") not in ("User", "Admin"):
            raise invalid_value("type", "PermissionScope")


def _check_shared_values(roles: list[Document], scopes: list[Document]) -> None:
    """A role and a scope of the same value are one entitlement: they share an id, and only they do."""
    named = {str(role["value"]).casefold(): str(role["id"]).casefold() for role in roles if role.get("value")}
    ids = {each: name for name, each in named.items()}
    for scope in scopes:
        value, scope_id = str(scope["value"]).casefold(), str(scope["id"]).casefold()
        if named.get(value, scope_id) != scope_id or ids.get(scope_id, value) != value:
            raise duplicate_values()


def _check_distinct(entitlements: list[Document]) -> None:
    """Ids and values of roles, and of scopes, are unique within the application."""
    for name in ("id", "value"):
        values = [str(entry[name]).casefold() for entry in entitlements if entry.get(name)]
        if len(set(values)) < len(values):
            raise duplicate_values()


def _check_size(application: Document) -> None:
    entries = sum(len(cast("list[object]", value)) for value in application.values() if isinstance(value, list))
    nested = sum(
        len(cast("list[object]", item))
        for name in _COMPLEX
        for item in application[name].values()
        if isinstance(item, list)
    )
    if entries + nested > _MAX_ENTRIES:
        raise size_exceeded()


def check_entitlements_kept(before: list[Document], after: list[Document]) -> None:
    """Raises GraphError 400 if an enabled role or scope was removed or changed other than by disabling it."""
    now = {str(entry["id"]).casefold(): entry for entry in after}
    for entry in before:
        current = now.get(str(entry["id"]).casefold())
        if not entry.get("isEnabled", True) or current == entry:
            continue
        if current is None or _identity(current) != _identity(entry):
            message = "Permission (scope or role) cannot be deleted or updated unless disabled first."
            details = [{"code": "CannotDeleteOrUpdateEnabledEntitlement", "message": message, "target": "None"}]
            raise GraphError(400, "CannotDeleteOrUpdateEnabledEntitlement", message, details)


def _identity(entitlement: Document) -> tuple[object, ...]:
    """What may not change while a role or scope is enabled; its texts may."""
    return (entitlement.get("value"), entitlement.get("type"), tuple(sorted(entitlement.get("allowedMemberTypes", ()))))
