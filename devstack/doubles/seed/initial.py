"""The first state: Microsoft's own service principals, and what `devstack.toml` says of the app, its API, its clients,
people and vaults.

Ids of Microsoft's resources and of their scopes and roles are the real ones (`well_known.json`; Microsoft Learn,
"Microsoft Graph permissions reference", and each service's own documentation).
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from devstack import microsoft
from devstack.config import Client, ManagedIdentity, StackConfig
from devstack.doubles.documents import Document
from devstack.doubles.keyvault.store import Store
from devstack.doubles.seed import completion
from devstack.doubles.seed.people import plant_person
from devstack.doubles.servicebus.access import NAMESPACES
from devstack.doubles.world import World
from devstack.project import REPOSITORY, ConfigError, project

_ADMINISTRATOR_ROLES = (
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All",
    "Policy.Read.All",
    "Policy.ReadWrite.ApplicationConfiguration",
)


def plant(world: World, config: StackConfig) -> bool:
    """Fill a world that is still empty; returns whether it was. A secret that an older world lacks is added."""
    is_empty = next(world.primary().all("servicePrincipals"), None) is None
    if is_empty:
        for resource in json.loads(Path(__file__).with_name("well_known.json").read_text()):
            _put(world, "servicePrincipals", _microsoft_principal(world, resource))
        _assign(world, _client(world, config.administrator, "Stack administrator"), _ADMINISTRATOR_ROLES)
        _assign(world, _managed_identity(world, config.app), project().app.graph_roles)
        _plant_api(world, config)
        for name, program in project().clients.items():
            client = _client(world, config.clients[name], program.display_name)
            _assign(world, client, program.api_roles, resource=config.api.client_id)
        _plant_azure_cli(world)
        for person in project().people:
            _assign(world, plant_person(world, person), person.api_roles, resource=config.api.client_id)
    _plant_vaults(world, config)
    _plant_bus(world, config)
    return is_empty


def _plant_vaults(world: World, config: StackConfig) -> None:
    for name, settings in config.vaults.items():
        vault = world.primary().get("vaults", name)
        if vault is None:
            vault = completion.vault({"name": name, "roleAssignments": _assignments(config, settings.roles)})
            world.documents.put("vaults", name, vault, since_ever=True)
        store = Store(world, vault, "Secret")
        for secret, value in config.filled_in(settings.secrets).items():
            if world.primary().get("vaultSecrets", f"{name}/{secret}") is None:
                store.add_version(secret, {"value": value, "attributes": {}})


def _plant_bus(world: World, config: StackConfig) -> None:
    bus = project().bus
    if bus is not None and world.primary().get(NAMESPACES, bus.name) is None:
        document = {"name": bus.name, "roleAssignments": _assignments(config, bus.roles)}
        world.documents.put(NAMESPACES, bus.name, document, since_ever=True)


def _plant_api(world: World, config: StackConfig) -> None:
    """The app's own API, as its file says."""
    api = project().api
    made = json.loads((REPOSITORY / api.application).read_text())
    ids = {"id": _stable_id(world, config.api.client_id), "appId": config.api.client_id}
    identifiers = {"uniqueName": api.unique_name, "identifierUris": [f"api://{config.api.client_id}"]}
    _put(world, "applications", completion.application(world, made | ids | identifiers))
    principal = {"id": config.api.object_id, "appId": config.api.client_id, "appRoleAssignmentRequired": True}
    _put(world, "servicePrincipals", completion.service_principal(world, principal))


def _plant_azure_cli(world: World) -> None:
    """The client that people sign in through."""
    given: Document = {
        "appId": microsoft.AZURE_CLI,
        "displayName": "Microsoft Azure CLI",
        "isFallbackPublicClient": True,
        "publicClient": {"redirectUris": ["http://localhost"]},
        "_tenantId": microsoft.TENANT,
    }
    application = completion.application(world, given)
    world.documents.put("foreignApplications", microsoft.AZURE_CLI, application, since_ever=True)


def _microsoft_principal(world: World, resource: Document) -> Document:
    given: Document = {
        "id": _stable_id(world, resource["appId"]),
        "appId": resource["appId"],
        "displayName": resource["displayName"],
        "appDisplayName": resource["displayName"],
        "appOwnerOrganizationId": microsoft.TENANT,
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
    name = project().app.name
    resource_id = (
        f"/subscriptions/{_stable_id(world, 'subscription')}/resourcegroups/{name}"
        f"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    )
    given: Document = {
        "id": identity.object_id,
        "appId": identity.client_id,
        "displayName": name,
        "alternativeNames": ["isExplicit=True", resource_id],
        "servicePrincipalType": "ManagedIdentity",
    }
    return _put(world, "servicePrincipals", completion.service_principal(world, given))


def _assign(world: World, principal: Document, roles: Iterable[str], resource: str = microsoft.GRAPH) -> None:
    found = world.primary().find("servicePrincipals", "appId", resource)[0]
    ids = {role["value"]: role["id"] for role in found["appRoles"]}
    for role in roles:
        if role not in ids:
            raise ConfigError(f"devstack.toml gives a role {role!r} that {found['displayName']} does not have")
        _put(world, "appRoleAssignments", completion.app_role_assignment(world, principal, found, ids[role]))


def _assignments(config: StackConfig, roles_of: Mapping[str, list[str]]) -> list[dict[str, str]]:
    return [
        {"principalId": config.identity(holder).object_id, "roleDefinitionName": role}
        for holder, roles in roles_of.items()
        for role in roles
    ]


def _stable_id(world: World, name: str) -> str:
    """The same id after every reset of one tenant."""
    return str(uuid5(NAMESPACE_URL, f"{world.tenant.id}/{name}"))


def _put(world: World, collection: str, document: Document) -> Document:
    world.documents.put(collection, document["id"], document, since_ever=True)
    return document
