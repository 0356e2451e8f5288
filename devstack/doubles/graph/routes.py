"""All operations of the double, with the permission each needs and what it costs."""

from devstack.doubles.graph.operations import (
    applications,
    created_objects,
    deleted_items,
    delta,
    directory_objects,
    federated_credentials,
    grants,
    key_rolling,
    owners,
    passwords,
    policies,
    role_assignments,
    service_principals,
    users,
)
from devstack.doubles.graph.routing import Route
from devstack.doubles.graph.rules import access

_APPLICATIONS = (
    Route("GET", "applications", applications.list_applications, access.LIST_APPLICATIONS, cost=2),
    Route("POST", "applications", applications.create_application, access.CREATE_APPLICATIONS),
    Route("GET", "applications/$count", applications.count_applications, access.LIST_APPLICATIONS),
    Route("GET", "applications/delta", delta.delta("applications", "application"), access.READ_APPLICATIONS),
    Route("GET", "applications/{}", applications.get_application, access.READ_APPLICATIONS),
    Route("PATCH", "applications/{}", applications.update_application, access.WRITE_APPLICATIONS),
    Route("DELETE", "applications/{}", applications.delete_application, access.WRITE_APPLICATIONS),
)

_SERVICE_PRINCIPALS = (
    Route("GET", "servicePrincipals", service_principals.list_service_principals, access.LIST_APPLICATIONS),
    Route("POST", "servicePrincipals", service_principals.create_service_principal, access.WRITE_APPLICATIONS),
    Route("GET", "servicePrincipals/$count", service_principals.count_service_principals, access.LIST_APPLICATIONS),
    Route(
        "GET",
        "servicePrincipals/delta",
        delta.delta("servicePrincipals", "servicePrincipal"),
        access.READ_APPLICATIONS,
    ),
    Route("GET", "servicePrincipals/{}", service_principals.get_service_principal, access.ANYONE),
    Route("PATCH", "servicePrincipals/{}", service_principals.update_service_principal, access.WRITE_APPLICATIONS),
    Route("DELETE", "servicePrincipals/{}", service_principals.delete_service_principal, access.WRITE_APPLICATIONS),
    Route("GET", "servicePrincipals/{}/ownedObjects", owners.list_owned("servicePrincipals"), access.ANYONE),
    *(
        route
        for noun, permission in (("servicePrincipals", access.ANYONE), ("users", access.READ_USERS))
        for path in (f"{noun}/{{}}/createdObjects",)
        for route in (
            Route("GET", path, created_objects.list_created(noun), permission),
            Route("GET", f"{path}/$count", created_objects.count_created(noun), permission),
        )
    ),
    Route("GET", "users/{}/ownedObjects", owners.list_owned("users"), access.READ_USERS),
)

_CREDENTIALS_AND_OWNERS = tuple(
    route
    for noun in ("applications", "servicePrincipals")
    for route in (
        Route("POST", f"{noun}/{{}}/addPassword", passwords.add_password(noun), access.WRITE_APPLICATIONS),
        Route("POST", f"{noun}/{{}}/removePassword", passwords.remove_password(noun), access.WRITE_APPLICATIONS),
        Route("POST", f"{noun}/{{}}/addKey", key_rolling.add_key(noun), access.ANYONE),
        Route("POST", f"{noun}/{{}}/removeKey", key_rolling.remove_key(noun), access.ANYONE),
        Route("GET", f"{noun}/{{}}/owners", owners.list_owners(noun), access.READ_APPLICATIONS),
        Route("POST", f"{noun}/{{}}/owners/$ref", owners.add_owner(noun), access.WRITE_APPLICATIONS),
        Route("DELETE", f"{noun}/{{}}/owners/{{}}/$ref", owners.remove_owner(noun), access.WRITE_APPLICATIONS),
    )
)

_FEDERATION_PATH = "applications/{}/federatedIdentityCredentials"
_FEDERATED_CREDENTIALS = (
    Route("GET", _FEDERATION_PATH, federated_credentials.list_federated_credentials, access.READ_APPLICATIONS),
    Route("POST", _FEDERATION_PATH, federated_credentials.create_federated_credential, access.WRITE_APPLICATIONS),
    Route("GET", f"{_FEDERATION_PATH}/{{}}", federated_credentials.get_federated_credential, access.READ_APPLICATIONS),
    Route(
        "PATCH",
        f"{_FEDERATION_PATH}/{{}}",
        federated_credentials.update_federated_credential,
        access.WRITE_APPLICATIONS,
    ),
    Route(
        "DELETE",
        f"{_FEDERATION_PATH}/{{}}",
        federated_credentials.delete_federated_credential,
        access.WRITE_APPLICATIONS,
    ),
)

_GRANTS = (
    Route("GET", "oauth2PermissionGrants", grants.list_grants, access.READ_GRANTS, cost=2),
    Route("POST", "oauth2PermissionGrants", grants.create_grant, access.WRITE_GRANTS),
    Route("GET", "oauth2PermissionGrants/{}", grants.get_grant, access.READ_GRANTS, cost=2),
    Route("PATCH", "oauth2PermissionGrants/{}", grants.update_grant, access.WRITE_GRANTS),
    Route("DELETE", "oauth2PermissionGrants/{}", grants.delete_grant, access.WRITE_GRANTS),
    Route("GET", "servicePrincipals/{}/oauth2PermissionGrants", grants.list_grants_of_principal, access.READ_GRANTS),
)

_ASSIGNMENTS = tuple(
    route
    for side in role_assignments.SIDES
    for path in (f"servicePrincipals/{{}}/{side}",)
    for route in (
        Route("GET", path, role_assignments.list_assignments(side), access.READ_ASSIGNMENTS, cost=2),
        Route("POST", path, role_assignments.create_assignment(side), access.WRITE_ASSIGNMENTS),
        Route("GET", f"{path}/{{}}", role_assignments.get_assignment(side), access.READ_ASSIGNMENTS),
        Route("DELETE", f"{path}/{{}}", role_assignments.delete_assignment(side), access.WRITE_ASSIGNMENTS),
    )
)

_DIRECTORY = (
    Route(
        "GET",
        "directory/deletedItems/application",
        deleted_items.list_deleted("application"),
        access.LIST_DELETED,
    ),
    Route(
        "GET",
        "directory/deletedItems/servicePrincipal",
        deleted_items.list_deleted("servicePrincipal"),
        access.LIST_DELETED,
    ),
    Route("GET", "directory/deletedItems/{}", deleted_items.get_deleted, access.READ_APPLICATIONS),
    Route("DELETE", "directory/deletedItems/{}", deleted_items.purge, access.WRITE_APPLICATIONS),
    Route("POST", "directory/deletedItems/{}/restore", deleted_items.restore, access.WRITE_APPLICATIONS),
    Route(
        "POST",
        "directoryObjects/getByIds",
        directory_objects.get_by_ids,
        access.READ_DIRECTORY,
        cost=3,
        only_reads=True,
    ),
    Route("GET", "directoryObjects/{}", directory_objects.get_object, access.READ_DIRECTORY),
    Route("GET", "users", users.list_users, access.READ_USERS, cost=2),
    Route("GET", "users/{}", users.get_user, access.READ_USERS),
    Route("GET", "organization", directory_objects.list_organization, access.READ_ORGANIZATION),
    Route("GET", "policies/defaultAppManagementPolicy", policies.get_tenant_policy, access.READ_POLICIES),
    Route("PATCH", "policies/defaultAppManagementPolicy", policies.update_tenant_policy, access.WRITE_POLICIES),
    Route("POST", "policies/appManagementPolicies", policies.create_policy, access.WRITE_POLICIES),
    Route("GET", "applications/{}/appManagementPolicies", policies.list_own_policies, access.READ_APP_POLICIES),
    Route("POST", "applications/{}/appManagementPolicies/$ref", policies.assign_policy, access.WRITE_APP_POLICIES),
)

ROUTES = (
    *_APPLICATIONS,
    *_SERVICE_PRINCIPALS,
    *_CREDENTIALS_AND_OWNERS,
    *_FEDERATED_CREDENTIALS,
    *_GRANTS,
    *_ASSIGNMENTS,
    *_DIRECTORY,
)
