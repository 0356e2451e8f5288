"""Applications: create, upsert, read, change, delete.

Source: Microsoft Learn, application-post-applications, application-upsert, application-update,
application-delete; the details of answers from recorded exchanges.
"""

from typing import cast

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import bad_request, denied
from devstack.doubles.graph.exchange import NO_CONTENT, Answer, Request, context, object_url
from devstack.doubles.graph.odata.listing import EntitySet, answer_count, answer_list, answer_one, narrowed
from devstack.doubles.graph.operations import deleted_items, service_principals
from devstack.doubles.graph.operations.certificates import replace_keys
from devstack.doubles.graph.operations.created_objects import create_as
from devstack.doubles.graph.operations.credentials import with_credentials
from devstack.doubles.graph.operations.federated_credentials import expand_federated_credentials
from devstack.doubles.graph.operations.owners import expand_owners, with_owners
from devstack.doubles.graph.operations.passwords import make_password
from devstack.doubles.graph.presentation import public
from devstack.doubles.graph.rules.access import (
    CREATE_APPLICATIONS,
    check_may_read,
    check_may_write,
    check_permission,
    may_write_all,
)
from devstack.doubles.graph.rules.applications import check_application, check_entitlements_kept, missing_value
from devstack.doubles.graph.rules.payload import Fields, bind_references, check_payload, fields_of, merge
from devstack.doubles.graph.rules.restrictions import check_identifier_uris_allowed
from devstack.doubles.graph.store import Directory, to_ticks
from devstack.doubles.graph.templates import completed, new_application

COLLECTION = "applications"
TYPE = "application"

_READ_ONLY = (
    "id",
    "appId",
    "createdDateTime",
    "deletedDateTime",
    "publisherDomain",
    "applicationTemplateId",
    "certification",
    "disabledByMicrosoftStatus",
    "verifiedPublisher",
)

ENTITIES = EntitySet(
    COLLECTION,
    TYPE,
    {"owners": expand_owners, "federatedIdentityCredentials": expand_federated_credentials},
)


def list_applications(directory: Directory, request: Request) -> Answer:
    """`GET /applications`."""
    return answer_list(directory, request, ENTITIES, lambda view, sought: narrowed(view, COLLECTION, sought))


def count_applications(directory: Directory, request: Request) -> Answer:
    """`GET /applications/$count`."""
    return answer_count(directory, request, ENTITIES, lambda view, sought: narrowed(view, COLLECTION, sought))


def get_application(directory: Directory, request: Request) -> Answer:
    """`GET /applications/{id}`, by any key."""
    application = directory.read(COLLECTION, request.keys[0])
    check_may_read(request.caller, application)
    return answer_one(directory, request, ENTITIES, application)


def create_application(directory: Directory, request: Request) -> Answer:
    """`POST /applications`: 201; inline secrets are shown in the answer, this once."""
    return _create(directory, request, check_payload(request.body, TYPE, _READ_ONLY))


def update_application(directory: Directory, request: Request) -> Answer:
    """`PATCH /applications/{id}`: 204; by uniqueName with `Prefer: create-if-missing` also 201.

    Whether a uniqueName is taken is decided on the primary: an upsert never lags.
    """
    key = request.keys[0]
    if key.name != "uniqueName" or not request.prefers("create-if-missing"):
        seen = directory.read(COLLECTION, key)
        check_may_write(request.caller, seen)
        return _update(directory, directory.target(COLLECTION, key), request)
    fields = check_payload(request.body, TYPE, _READ_ONLY)
    if not fields.get("displayName"):
        raise missing_value("displayName")
    current = directory.look_up(directory.primary, COLLECTION, key)
    if current is not None:
        check_may_write(request.caller, current)
        return _update(directory, current, request)
    if fields.get("passwordCredentials"):
        raise bad_request("New password credentials must be generated with service actions.")
    return _create(directory, request, {**fields, "uniqueName": key.value})


def delete_application(directory: Directory, request: Request) -> Answer:
    """`DELETE /applications/{id}`: 204; the service principal in this tenant goes with it."""
    check_may_write(request.caller, directory.read(COLLECTION, request.keys[0]))
    application = directory.target(COLLECTION, request.keys[0])
    deleted_items.soft_delete(directory, COLLECTION, TYPE, application)
    for principal in directory.primary.find("servicePrincipals", "appId", application["appId"]):
        service_principals.soft_delete(directory, principal)
    return NO_CONTENT


def _create(directory: Directory, request: Request, fields: Fields) -> Answer:
    check_permission(request.caller, CREATE_APPLICATIONS)
    if not fields.get("displayName"):
        raise missing_value("displayName")
    if not may_write_all(request.caller) and fields_of(fields.get("api")).get("acceptMappedClaims") is not None:
        raise denied()
    now = directory.now()
    bare = new_application(directory.world.tenant, now, fields["displayName"])
    passwords = cast("list[Fields]", fields.pop("passwordCredentials", []))
    keys = cast("list[Fields]", fields.pop("keyCredentials", []))
    application = completed(merge(bare, fields, TYPE))
    _check(directory, application)
    check_identifier_uris_allowed(directory, application, [])
    owners = create_as(directory, application, request.caller.object_id)
    application["_owners"] = with_owners(directory, owners, bind_references(request.body, "owners"))
    if any(item.get("keyId") is not None for item in keys):
        raise bad_request("Property 'keyId' is read-only and cannot be set.", "ReadOnlyProperty", "keyId")
    application["keyCredentials"] = replace_keys(directory, COLLECTION, application, keys)
    secrets = [_with_password(directory, application, asked) for asked in passwords]
    directory.save(COLLECTION, application)
    shown = public(application, TYPE) | {"createdDateTime": to_ticks(now), "passwordCredentials": secrets}
    body = {"@odata.context": context("applications/$entity"), **shown}
    return Answer(201, body, {"location": object_url(directory.world.tenant.id, application["id"], "Application")})


def _with_password(directory: Directory, application: Document, asked: Fields) -> Document:
    stored, shown = make_password(directory, COLLECTION, application, asked)
    application["passwordCredentials"].append(stored)
    return shown


def _update(directory: Directory, current: Document, request: Request) -> Answer:
    changes = check_payload(request.body, TYPE, _READ_ONLY)
    if "uniqueName" in changes and current["uniqueName"] not in (None, changes["uniqueName"]):
        raise bad_request("Property 'uniqueName' is immutable and cannot be changed.", "Immutable", "uniqueName")
    changes = with_credentials(directory, COLLECTION, current, changes)
    application = completed(merge(current, changes, TYPE))
    _check(directory, application)
    check_identifier_uris_allowed(directory, application, current["identifierUris"])
    check_entitlements_kept(current["appRoles"], application["appRoles"])
    check_entitlements_kept(current["api"]["oauth2PermissionScopes"], application["api"]["oauth2PermissionScopes"])
    directory.save(COLLECTION, application)
    service_principals.follow(directory, application)
    return NO_CONTENT


def _check(directory: Directory, application: Document) -> None:
    """Raises GraphError for what breaks a rule, or takes what another application, even a deleted one, holds."""
    check_application(application, directory.world.tenant.domain)
    if application["uniqueName"] is not None:
        deleted_items.check_value_free(directory, COLLECTION, application, "uniqueName", application["uniqueName"])
    for uri in application["identifierUris"]:
        deleted_items.check_value_free(directory, COLLECTION, application, "identifierUris", uri)
