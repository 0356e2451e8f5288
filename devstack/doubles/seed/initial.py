"""The first state: Microsoft's own service principals, our identities, the registrar's API, some users, one vault.

Ids of Microsoft's resources and of their scopes and roles are the real ones (`well_known.json`; Microsoft Learn,
"Microsoft Graph permissions reference", and each service's own documentation).
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from devstack.config import Client, ManagedIdentity, StackConfig
from devstack.doubles.documents import Document
from devstack.doubles.keyvault.store import Store
from devstack.doubles.seed import completion
from devstack.doubles.seed.people import APPROVERS, READERS, person_id, plant_people
from devstack.doubles.world import World

_MICROSOFT_TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""The tenant that owns Microsoft's own applications."""

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
_API_APPLICATION = Path(__file__).parents[3] / "infra/api-application.json"
_GRAPH = "00000003-0000-0000-c000-000000000000"
_ADMINISTRATOR_ROLES = (
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All",
    "Policy.Read.All",
    "Policy.ReadWrite.ApplicationConfiguration",
)
_REGISTRAR_ROLES = (
    "Application.ReadWrite.OwnedBy",
    "Application.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "User.ReadBasic.All",
    "Policy.Read.All",
)


def plant(world: World, config: StackConfig) -> bool:
    """Fill a world that is still empty; returns whether it was."""
    if next(world.primary().all("servicePrincipals"), None) is not None:
        _plant_api(world, config)
        _plant_people(world, config)
        _plant_webhooks(world, config)
        return False
    for resource in json.loads(Path(__file__).with_name("well_known.json").read_text()):
        _put(world, "servicePrincipals", _microsoft_principal(world, resource))
    administrator = _client(world, config.administrator, "Stack administrator")
    _client(world, config.requester, "Requester")
    registrar = _managed_identity(world, config.registrar)
    _assign(world, administrator, _ADMINISTRATOR_ROLES)
    _assign(world, registrar, _REGISTRAR_ROLES)
    _plant_api(world, config)
    _plant_people(world, config)
    world.documents.put("vaults", config.vault_name, completion.vault(_vault(config)), since_ever=True)
    _plant_webhooks(world, config)
    return True


def _plant_webhooks(world: World, config: StackConfig) -> None:
    """The vault with what senders and the app prove themselves with; also in a world that is older than it."""
    vault = world.primary().get("vaults", config.webhook_vault_name)
    if vault is None:
        holders = ((config.administrator, "Key Vault Administrator"), (config.registrar, "Key Vault Secrets User"))
        vault = completion.vault({"name": config.webhook_vault_name, "roleAssignments": _assignments(holders)})
        world.documents.put("vaults", config.webhook_vault_name, vault, since_ever=True)
    store = Store(world, vault, "Secret")
    for name, value in config.webhook_secrets.items():
        if world.primary().get("vaultSecrets", f"{config.webhook_vault_name}/{name}") is None:
            store.add_version(name, {"value": value, "attributes": {}})


def _plant_api(world: World, config: StackConfig) -> None:
    """The registrar's own API as infra makes it, a reader and an approver; also in a world that is older."""
    if world.primary().get("servicePrincipals", config.approver.object_id) is not None:
        return
    made = json.loads(_API_APPLICATION.read_text())
    ids = {"id": _stable_id(world, config.api.client_id), "appId": config.api.client_id}
    identifiers = {"uniqueName": "registrar-api", "identifierUris": [f"api://{config.api.client_id}"]}
    _put(world, "applications", completion.application(world, made | ids | identifiers))
    principal = {"id": config.api.object_id, "appId": config.api.client_id, "appRoleAssignmentRequired": True}
    _put(world, "servicePrincipals", completion.service_principal(world, principal))
    reader = _client(world, config.reader, "Reader of credentials")
    _assign(world, reader, ("Registrar.Reader",), resource=config.api.client_id)
    approver = _client(world, config.approver, "Approver of requests")
    _assign(world, approver, ("Registrar.Reader", "Registrar.Approver"), resource=config.api.client_id)


def _plant_people(world: World, config: StackConfig) -> None:
    """The people, those of them who read and approve, and the client that they use; also in a world that is older."""
    if world.primary().get("foreignApplications", AZURE_CLI) is not None:
        return
    given: Document = {
        "appId": AZURE_CLI,
        "displayName": "Microsoft Azure CLI",
        "isFallbackPublicClient": True,
        "publicClient": {"redirectUris": ["http://localhost"]},
        "_tenantId": _MICROSOFT_TENANT,
    }
    world.documents.put("foreignApplications", AZURE_CLI, completion.application(world, given), since_ever=True)
    plant_people(world)
    for names, roles in ((READERS, ("Registrar.Reader",)), (APPROVERS, ("Registrar.Reader", "Registrar.Approver"))):
        for name in names:
            user = world.primary().get("users", person_id(world, name)) or {}
            _assign(world, user, roles, resource=config.api.client_id)


def _microsoft_principal(world: World, resource: Document) -> Document:
    given: Document = {
        "id": _stable_id(world, resource["appId"]),
        "appId": resource["appId"],
        "displayName": resource["displayName"],
        "appDisplayName": resource["displayName"],
        "appOwnerOrganizationId": _MICROSOFT_TENANT,
        # Those of a hybrid tenant: in no order, with hosts of other clouds and rings, and the customer's own.
        "servicePrincipalNames": resource["servicePrincipalNames"],
        "createdDateTime": None,
        "signInAudience": "AzureADMultipleOrgs",
        "appRoles": [_role(role) for role in resource["roles"]],
        "oauth2PermissionScopes": [_scope(scope) for scope in resource["scopes"]],
        "_accessTokenVersion": resource.get("accessTokenVersion"),
    }
    return completion.service_principal(world, given)


def _scope(scope: dict[str, str]) -> Document:
    text = f"Act on behalf of the signed-in user: {scope['value']}"
    return {
        "adminConsentDescription": text,
        "adminConsentDisplayName": scope["value"],
        "id": scope["id"],
        "isEnabled": True,
        "type": scope["type"],
        "userConsentDescription": text,
        "userConsentDisplayName": scope["value"],
        "value": scope["value"],
    }


def _role(role: dict[str, str]) -> Document:
    return {
        "allowedMemberTypes": ["Application"],
        "description": f"Act without a signed-in user: {role['value']}",
        "displayName": role["value"],
        "id": role["id"],
        "isEnabled": True,
        "origin": "Application",
        "value": role["value"],
    }


def _client(world: World, client: Client, display_name: str) -> Document:
    """An application with a secret and its service principal; returns the principal."""
    application: Document = {
        "id": _stable_id(world, client.client_id),
        "appId": client.client_id,
        "displayName": display_name,
        "passwordCredentials": [{"displayName": "local stack", "secretText": client.client_secret}],
    }
    _put(world, "applications", completion.application(world, application))
    given = {"id": client.object_id, "appId": client.client_id}
    return _put(world, "servicePrincipals", completion.service_principal(world, given))


def _managed_identity(world: World, identity: ManagedIdentity) -> Document:
    resource_id = (
        f"/subscriptions/{_stable_id(world, 'subscription')}/resourcegroups/registrar"
        "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/registrar"
    )
    given: Document = {
        "id": identity.object_id,
        "appId": identity.client_id,
        "displayName": "registrar",
        "alternativeNames": ["isExplicit=True", resource_id],
        "servicePrincipalType": "ManagedIdentity",
    }
    return _put(world, "servicePrincipals", completion.service_principal(world, given))


def _assign(world: World, principal: Document, roles: tuple[str, ...], resource: str = _GRAPH) -> None:
    found = world.primary().find("servicePrincipals", "appId", resource)[0]
    ids = {role["value"]: role["id"] for role in found["appRoles"]}
    for role in roles:
        _put(world, "appRoleAssignments", completion.app_role_assignment(world, principal, found, ids[role]))


def _vault(config: StackConfig) -> dict[str, Any]:
    holders = (
        (config.administrator, "Key Vault Administrator"),
        (config.registrar, "Key Vault Secrets Officer"),
        (config.registrar, "Key Vault Certificates Officer"),
        (config.requester, "Key Vault Secrets User"),
    )
    return {"name": config.vault_name, "roleAssignments": _assignments(holders)}


def _assignments(holders: Iterable[tuple[Client | ManagedIdentity, str]]) -> list[dict[str, str]]:
    return [{"principalId": holder.object_id, "roleDefinitionName": role} for holder, role in holders]


def _stable_id(world: World, name: str) -> str:
    """The same id after every reset of one tenant."""
    return str(uuid5(NAMESPACE_URL, f"{world.tenant.id}/{name}"))


def _put(world: World, collection: str, document: Document) -> Document:
    world.documents.put(collection, document["id"], document, since_ever=True)
    return document
