"""Service principals: create, upsert, read, change, delete; what they copy from their application.

Source: Microsoft Learn, serviceprincipal-post-serviceprincipals, serviceprincipal-upsert,
app-objects-and-service-principals.
"""

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import bad_request, conflict, denied
from devstack.doubles.graph.exchange import NO_CONTENT, Answer, Request, context, object_url
from devstack.doubles.graph.odata.listing import EntitySet, answer_count, answer_list, answer_one, narrowed
from devstack.doubles.graph.operations import deleted_items
from devstack.doubles.graph.operations.certificates import replace_keys
from devstack.doubles.graph.operations.created_objects import create_as
from devstack.doubles.graph.operations.credentials import with_credentials
from devstack.doubles.graph.operations.owners import expand_owners, with_owners
from devstack.doubles.graph.presentation import public
from devstack.doubles.graph.rules.access import check_may_read, check_may_write, may_write_all, outside_tenant
from devstack.doubles.graph.rules.applications import missing_value
from devstack.doubles.graph.rules.payload import Fields, bind_references, check_payload, merge
from devstack.doubles.graph.rules.redirect_uris import redirect_uris
from devstack.doubles.graph.store import Directory
from devstack.doubles.graph.templates import new_service_principal

COLLECTION = "servicePrincipals"
TYPE = "servicePrincipal"
FOREIGN = "foreignApplications"
"""Applications of other tenants, by appId, that a principal can be made for: `_tenantId` says whose they are."""

_READ_ONLY = (
    "id",
    "deletedDateTime",
    "appDisplayName",
    "appDescription",
    "applicationTemplateId",
    "appOwnerOrganizationId",
    "createdDateTime",
    "disabledByMicrosoftStatus",
    "resourceSpecificApplicationPermissions",
    "signInAudience",
    "verifiedPublisher",
)
_BONDS = {
    "oauth2PermissionGrants": ("clientId", "resourceId"),
    "appRoleAssignments": ("principalId", "resourceId"),
}
"""What hangs on a principal, and by which properties."""

ENTITIES = EntitySet(COLLECTION, TYPE, {"owners": expand_owners})


def list_service_principals(directory: Directory, request: Request) -> Answer:
    """`GET /servicePrincipals`."""
    return answer_list(directory, request, ENTITIES, lambda view, sought: narrowed(view, COLLECTION, sought))


def count_service_principals(directory: Directory, request: Request) -> Answer:
    """`GET /servicePrincipals/$count`."""
    return answer_count(directory, request, ENTITIES, lambda view, sought: narrowed(view, COLLECTION, sought))


def get_service_principal(directory: Directory, request: Request) -> Answer:
    """`GET /servicePrincipals/{id}`, by any key; a caller without more may read itself."""
    principal = directory.read(COLLECTION, request.keys[0])
    if principal["id"] != request.caller.object_id:
        check_may_read(request.caller, principal)
    return answer_one(directory, request, ENTITIES, principal)


def create_service_principal(directory: Directory, request: Request) -> Answer:
    """`POST /servicePrincipals`: 201, or 409 if the application has one in this tenant."""
    return _create(directory, request, check_payload(request.body, TYPE, _READ_ONLY))


def update_service_principal(directory: Directory, request: Request) -> Answer:
    """`PATCH /servicePrincipals/{id}`: 204; by appId with `Prefer: create-if-missing` also 201."""
    key = request.keys[0]
    if key.name == "appId" and request.prefers("create-if-missing"):
        current = directory.look_up(directory.primary, COLLECTION, key)
        if current is None:
            return _create(directory, request, {**check_payload(request.body, TYPE, _READ_ONLY), "appId": key.value})
        check_may_write(request.caller, current)
    else:
        check_may_write(request.caller, directory.read(COLLECTION, key))
        current = directory.target(COLLECTION, key)
    return _update(directory, current, check_payload(request.body, TYPE, _READ_ONLY))


def delete_service_principal(directory: Directory, request: Request) -> Answer:
    """`DELETE /servicePrincipals/{id}`: 204; the application stays."""
    check_may_write(request.caller, directory.read(COLLECTION, request.keys[0]))
    soft_delete(directory, directory.target(COLLECTION, request.keys[0]))
    return NO_CONTENT


def soft_delete(directory: Directory, principal: Document) -> None:
    """Move a principal to the deleted items; what it was granted, and what others were granted on it, goes."""
    deleted_items.soft_delete(directory, COLLECTION, TYPE, principal)
    for collection, names in _BONDS.items():
        for name in names:
            for bond in directory.primary.find(collection, name, principal["id"]):
                directory.remove(collection, bond)


def follow(directory: Directory, application: Document) -> None:
    """Show the application's changes on its principal in this tenant, if there is one."""
    for principal in directory.primary.find(COLLECTION, "appId", application["appId"]):
        directory.save(COLLECTION, _copied(application, principal))


def _create(directory: Directory, request: Request, fields: Fields) -> Answer:
    app_id = fields.pop("appId", None)
    if not app_id:
        raise missing_value("appId", "ServicePrincipal")
    if fields.get("passwordCredentials"):
        raise bad_request("New password credentials must be generated with service actions.")
    application, tenant_id = _backing_application(directory, request, app_id)
    if directory.primary.find(COLLECTION, "appId", application["appId"]):
        raise conflict(
            "The service principal cannot be created, updated, or restored because the service principal name "
            f"{application['appId']} is already in use.",
            "ObjectConflict",
        )
    principal = _merged(new_service_principal(directory.now(), application["appId"], tenant_id), fields)
    owners = create_as(directory, principal, request.caller.object_id)
    principal["_owners"] = with_owners(directory, owners, bind_references(request.body, "owners"))
    principal["keyCredentials"] = replace_keys(directory, COLLECTION, principal, fields.get("keyCredentials") or [])
    principal = _copied(application, principal)
    directory.save(COLLECTION, principal)
    body = {"@odata.context": context("servicePrincipals/$entity"), **public(principal, TYPE)}
    return Answer(201, body, {"location": object_url(directory.world.tenant.id, principal["id"], "ServicePrincipal")})


def _backing_application(directory: Directory, request: Request, app_id: str) -> tuple[Document, str]:
    """The application a principal is made for, and whose it is.

    What the replica does not show is not there: 403 for callers confined to their own, 400 for others.
    """
    is_confined = not may_write_all(request.caller)
    own = next(iter(directory.replica.find("applications", "appId", app_id)), None)
    if own is not None:
        if is_confined and request.caller.object_id not in own["_owners"]:
            raise denied()
        current = directory.primary.get("applications", own["id"])
        if current is not None:
            return current, directory.world.tenant.id
    if is_confined:
        raise outside_tenant()
    foreign = directory.primary.get(FOREIGN, app_id.casefold())
    if foreign is None:
        message = f"The appId '{app_id}' of the service principal does not reference a valid application object."
        raise bad_request(message, "NoBackingApplicationObject", "appId")
    return foreign, foreign["_tenantId"]


def _update(directory: Directory, current: Document, changes: Fields) -> Answer:
    if changes.pop("appId", current["appId"]) != current["appId"]:
        raise bad_request("Property 'appId' is read-only and cannot be set.", "ReadOnlyProperty", "appId")
    changes = with_credentials(directory, COLLECTION, current, changes)
    directory.save(COLLECTION, _merged(current, changes))
    return NO_CONTENT


def _merged(principal: Document, changes: Fields) -> Document:
    """The principal with changes; its own tags are kept apart from those of the application."""
    merged = merge(principal, changes, TYPE)
    if "tags" in changes:
        inherited = [tag for tag in principal["tags"] if tag not in principal.get("_tags", [])]
        merged["_tags"] = changes["tags"]
        merged["tags"] = list(dict.fromkeys([*changes["tags"], *inherited]))
    return merged


def _copied(application: Document, principal: Document) -> Document:
    """The principal with what it shows of its application."""
    return {
        **principal,
        "appDisplayName": application["displayName"],
        "appDescription": application["description"],
        "displayName": application["displayName"],
        "homepage": application["web"]["homePageUrl"],
        "logoutUrl": application["web"]["logoutUrl"],
        "replyUrls": redirect_uris(application),
        "servicePrincipalNames": [application["appId"], *application["identifierUris"]],
        "signInAudience": application["signInAudience"],
        "tags": list(dict.fromkeys([*principal.get("_tags", []), *application["tags"]])),
        "appRoles": application["appRoles"],
        "info": application["info"],
        "oauth2PermissionScopes": application["api"]["oauth2PermissionScopes"],
        "verifiedPublisher": application["verifiedPublisher"],
    }
