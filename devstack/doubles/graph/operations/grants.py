"""Delegated consent: oauth2PermissionGrants.

Source: Microsoft Learn, oauth2permissiongrant-post, -update, -delete, -list; the id's computation was checked on
recorded samples.
"""

import base64
from uuid import UUID

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import bad_request, conflict, invalid_value, not_found
from devstack.doubles.graph.exchange import NO_CONTENT, SERVICE_ROOT, Answer, Request, context
from devstack.doubles.graph.odata.listing import EntitySet, answer_list, answer_one, narrowed
from devstack.doubles.graph.rules.payload import Fields, check_payload, is_guid
from devstack.doubles.graph.store import Directory

COLLECTION = "oauth2PermissionGrants"
TYPE = "oAuth2PermissionGrant"
ENTITIES = EntitySet(COLLECTION, TYPE)

_MAX_SCOPE = 3850


def grant_id(client_id: str, resource_id: str, principal_id: str | None = None) -> str:
    """The id of the one grant between a client and a resource (for a user): base64url of the GUIDs' bytes."""
    ids = [client_id, resource_id, *([principal_id] if principal_id else [])]
    return base64.urlsafe_b64encode(b"".join(UUID(each).bytes_le for each in ids)).decode().rstrip("=")


def list_grants(directory: Directory, request: Request) -> Answer:
    """`GET /oauth2PermissionGrants`."""
    return answer_list(directory, request, ENTITIES, lambda view, sought: narrowed(view, COLLECTION, sought))


def list_grants_of_principal(directory: Directory, request: Request) -> Answer:
    """`GET /servicePrincipals/{id}/oauth2PermissionGrants`: those it has as a client."""
    client = directory.read("servicePrincipals", request.keys[0])["id"]
    return answer_list(directory, request, ENTITIES, lambda view, _: view.find(COLLECTION, "clientId", client))


def get_grant(directory: Directory, request: Request) -> Answer:
    """`GET /oauth2PermissionGrants/{id}`."""
    grant = directory.replica.get(COLLECTION, request.keys[0].value)
    if grant is None:
        raise not_found(request.keys[0].value)
    return answer_one(directory, request, ENTITIES, grant)


def create_grant(directory: Directory, request: Request) -> Answer:
    """`POST /oauth2PermissionGrants`: 201; 409 if there is one for this client, resource and principal."""
    fields = check_payload(request.body, TYPE, read_only=("id",))
    _check(fields)
    for name, collection in (
        ("clientId", "servicePrincipals"),
        ("resourceId", "servicePrincipals"),
        ("principalId", "users"),
    ):
        object_id = fields.get(name)
        if object_id is not None and directory.replica.get(collection, object_id.casefold()) is None:
            raise not_found(object_id)
    grant: Document = {
        "clientId": fields["clientId"].casefold(),
        "consentType": fields["consentType"],
        "id": grant_id(fields["clientId"], fields["resourceId"], fields.get("principalId")),
        "principalId": fields.get("principalId"),
        "resourceId": fields["resourceId"].casefold(),
        "scope": fields.get("scope"),
    }
    if directory.primary.get(COLLECTION, grant["id"]) is not None:
        raise conflict("Permission entry already exists.")
    directory.save(COLLECTION, grant)
    location = f"{SERVICE_ROOT}/oauth2PermissionGrants/{grant['id']}"
    return Answer(201, {"@odata.context": context(f"{COLLECTION}/$entity"), **grant}, {"location": location})


def update_grant(directory: Directory, request: Request) -> Answer:
    """`PATCH /oauth2PermissionGrants/{id}`: 204; the scope is replaced, nothing else can change."""
    grant = _target(directory, request)
    fields = check_payload(request.body, TYPE)
    for name, value in fields.items():
        if name != "scope" and value != grant[name]:
            raise bad_request(f"Property '{name}' cannot be updated.", "ReadOnlyProperty", name)
    scope = fields.get("scope", grant["scope"])
    _check_scope(scope)
    directory.save(COLLECTION, {**grant, "scope": scope})
    return NO_CONTENT


def delete_grant(directory: Directory, request: Request) -> Answer:
    """`DELETE /oauth2PermissionGrants/{id}`: 204."""
    directory.remove(COLLECTION, _target(directory, request))
    return NO_CONTENT


def _target(directory: Directory, request: Request) -> Document:
    key = request.keys[0].value
    grant = directory.primary.get(COLLECTION, key)
    if grant is None or directory.replica.get(COLLECTION, key) is None:
        raise not_found(key)
    return grant


def _check(fields: Fields) -> None:
    for name in ("clientId", "resourceId"):
        if not is_guid(fields.get(name)):
            raise invalid_value(name, "OAuth2PermissionGrant")
    consent = fields.get("consentType")
    if consent not in ("AllPrincipals", "Principal"):
        raise invalid_value("consentType", "OAuth2PermissionGrant")
    if (consent == "Principal") != (fields.get("principalId") is not None):
        raise invalid_value("principalId", "OAuth2PermissionGrant")
    _check_scope(fields.get("scope"))


def _check_scope(scope: str | None) -> None:
    if scope is not None and len(scope) > _MAX_SCOPE:
        raise invalid_value("scope", "OAuth2PermissionGrant")
