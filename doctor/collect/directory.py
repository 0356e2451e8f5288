"""Reads the directory through Microsoft Graph: whole listings, with as few calls as possible."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, cast

from doctor.collect.access import GRAPH, Access
from doctor.evidence import Application, Consent, Key, Password, Permission, RequiredPermission, ServicePrincipal
from doctor.times import parse_time

_ROOT = f"{GRAPH}/v1.0"
_APPLICATION = (
    "id,appId,uniqueName,displayName,tags,passwordCredentials,requiredResourceAccess,web,spa,publicClient,"
    "signInAudience,isFallbackPublicClient,api,appRoles,identifierUris,keyCredentials,notes"
)
_PRINCIPAL = "id,appId,displayName,appRoles,oauth2PermissionScopes,accountEnabled,tags"
_COMPARED = ("signInAudience", "isFallbackPublicClient", "api", "appRoles", "identifierUris", "notes", "publicClient")

type Json = Mapping[str, Any]
_NOTHING: Json = {}


async def applications(access: Access) -> list[Application]:
    """List all applications, soft-deleted ones too."""
    found: list[Application] = []
    async for item in access.pages(f"{_ROOT}/applications?$select={_APPLICATION}&$top=999"):
        found.append(_application(item, deleted=False))
    async for item in access.pages(f"{_ROOT}/directory/deletedItems/microsoft.graph.application"):
        found.append(_application(item, deleted=True))
    return found


async def principals(access: Access) -> list[ServicePrincipal]:
    """List all service principals, with the permissions that each offers."""
    url = f"{_ROOT}/servicePrincipals?$select={_PRINCIPAL}&$top=999"
    return [_principal(item) async for item in access.pages(url)]


async def consents(access: Access, resources: list[ServicePrincipal]) -> list[Consent]:
    """List the consents for all users: delegated permissions, and the app roles of each resource.

    Graph lists assignments by resource or by client only; there are fewer resources that have app roles.
    """
    delegated = _grants(access)
    with_roles = [each for each in resources if any(permission.type == "Role" for permission in each.permissions)]
    lists = await asyncio.gather(delegated, *(_assignments(access, each.object_id) for each in with_roles))
    return [consent for each in lists for consent in each]


async def _grants(access: Access) -> list[Consent]:
    found: list[Consent] = []
    async for grant in access.pages(f"{_ROOT}/oauth2PermissionGrants?$top=999"):
        if grant["consentType"] == "AllPrincipals":
            names = (grant.get("scope") or "").split()
            found += [Consent(grant["clientId"], grant["resourceId"], "Scope", name) for name in names]
    return found


async def _assignments(access: Access, resource_id: str) -> list[Consent]:
    url = f"{_ROOT}/servicePrincipals/{resource_id}/appRoleAssignedTo?$top=999"
    return [Consent(item["principalId"], resource_id, "Role", item["appRoleId"]) async for item in access.pages(url)]


def _application(item: Json, *, deleted: bool) -> Application:
    platforms: list[Json] = [item.get(name) or _NOTHING for name in ("web", "spa", "publicClient")]
    return Application(
        object_id=item["id"],
        client_id=item["appId"],
        unique_name=item.get("uniqueName"),
        display_name=item.get("displayName") or "",
        tags=frozenset(item.get("tags") or ()),
        passwords=tuple(_password(each) for each in item.get("passwordCredentials") or ()),
        keys=tuple(_key(each) for each in item.get("keyCredentials") or ()),
        required=frozenset(
            RequiredPermission(api["resourceAppId"], permission["id"], permission["type"])
            for api in item.get("requiredResourceAccess") or ()
            for permission in api["resourceAccess"]
        ),
        redirect_uris=frozenset(uri for platform in platforms for uri in platform.get("redirectUris") or ()),
        deleted=deleted,
        content=json.dumps({name: _unordered(item.get(name)) for name in _COMPARED}, sort_keys=True),
    )


def _unordered(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a value with its lists sorted: Graph keeps no order."""
    if isinstance(value, dict):
        return {name: _unordered(each) for name, each in cast("Json", value).items()}
    if isinstance(value, list):
        return sorted(
            (_unordered(each) for each in cast("list[Any]", value)), key=lambda it: json.dumps(it, sort_keys=True)
        )
    return value


def _password(item: Json) -> Password:
    return Password(
        key_id=item["keyId"],
        display_name=item.get("displayName"),
        start=parse_time(item.get("startDateTime")),
        end=parse_time(item.get("endDateTime")),
    )


def _key(item: Json) -> Key:
    return Key(**vars(_password(item)), thumbprint=(item.get("customKeyIdentifier") or "").upper())


def _principal(item: Json) -> ServicePrincipal:
    roles = [Permission(each["id"], each.get("value") or "", "Role") for each in item.get("appRoles") or ()]
    scopes = [
        Permission(each["id"], each.get("value") or "", "Scope") for each in item.get("oauth2PermissionScopes") or ()
    ]
    return ServicePrincipal(item["id"], item["appId"], item.get("displayName") or "", (*roles, *scopes))
