"""Federated identity credentials of an application: whose tokens it accepts in place of a secret.

Source: Microsoft Learn, federatedidentitycredential resource and federatedidentitycredential-upsert.
"""

import re
from typing import cast
from uuid import uuid4

from devstack.doubles.documents import Document, View
from devstack.doubles.graph.errors import GraphError, bad_request, conflict, invalid_value, size_exceeded
from devstack.doubles.graph.exchange import NO_CONTENT, Answer, Request, context
from devstack.doubles.graph.odata.listing import EntitySet, answer_list, answer_one
from devstack.doubles.graph.odata.path import Key
from devstack.doubles.graph.presentation import public
from devstack.doubles.graph.rules.access import check_may_read, check_may_write
from devstack.doubles.graph.rules.applications import missing_value
from devstack.doubles.graph.rules.payload import Fields, check_payload
from devstack.doubles.graph.store import Directory

COLLECTION = "federatedIdentityCredentials"
TYPE = "federatedIdentityCredential"

_RESOURCE = "FederatedIdentityCredential"
_MAX_PER_APPLICATION = 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}")


def list_federated_credentials(directory: Directory, request: Request) -> Answer:
    """`GET /applications/{id}/federatedIdentityCredentials`."""
    application = directory.read("applications", request.keys[0])
    check_may_read(request.caller, application)
    return answer_list(directory, request, _entities(application), lambda view, _: _of(view, application["id"]))


def get_federated_credential(directory: Directory, request: Request) -> Answer:
    """`GET /applications/{id}/federatedIdentityCredentials/{id or name}`."""
    application = directory.read("applications", request.keys[0])
    check_may_read(request.caller, application)
    credential = _find(directory.replica, application["id"], request.keys[1])
    if credential is None:
        raise _missing(request.keys[1])
    return answer_one(directory, request, _entities(application), credential)


def create_federated_credential(directory: Directory, request: Request) -> Answer:
    """`POST /applications/{id}/federatedIdentityCredentials`: 201."""
    application = _application(directory, request)
    return _create(directory, application, check_payload(request.body, TYPE, read_only=("id",)))


def update_federated_credential(directory: Directory, request: Request) -> Answer:
    """`PATCH .../{id or name}`: 204; by name with `Prefer: create-if-missing` also 201."""
    application = _application(directory, request)
    fields = check_payload(request.body, TYPE, read_only=("id",))
    key = request.keys[1]
    current = _find(directory.primary, application["id"], key)
    if current is None:
        if key.name == "name" and request.prefers("create-if-missing"):
            return _create(directory, application, {**fields, "name": key.value})
        raise _missing(key)
    if fields.get("name", current["name"]) != current["name"]:
        raise bad_request("Property 'name' is immutable and cannot be changed.", "Immutable", "name")
    changed = {**current, **fields}
    _check(directory, application["id"], changed)
    directory.save(COLLECTION, changed)
    return NO_CONTENT


def delete_federated_credential(directory: Directory, request: Request) -> Answer:
    """`DELETE .../{id or name}`: 204."""
    application = _application(directory, request)
    current = _find(directory.primary, application["id"], request.keys[1])
    if current is None:
        raise _missing(request.keys[1])
    directory.remove(COLLECTION, current)
    return NO_CONTENT


def expand_federated_credentials(view: View, document: Document, select: tuple[str, ...] | None) -> list[Document]:
    """What `$expand=federatedIdentityCredentials` shows."""
    return [public(credential, TYPE, select) for credential in _of(view, document["id"])]


def _create(directory: Directory, application: Document, fields: Fields) -> Answer:
    for name in ("name", "issuer", "subject", "audiences"):
        if not fields.get(name):
            raise missing_value(name, _RESOURCE)
    held = _of(directory.primary, application["id"])
    if any(item["name"].casefold() == fields["name"].casefold() for item in held):
        raise conflict(f"FederatedIdentityCredential with name {fields['name']} already exists.", "ObjectConflict")
    if len(held) >= _MAX_PER_APPLICATION:
        raise size_exceeded()
    bare = {"id": str(uuid4()), "description": None, "_applicationId": application["id"]}
    credential: Document = {**bare, **fields}
    _check(directory, application["id"], credential)
    directory.save(COLLECTION, credential)
    fragment = f"applications('{application['id']}')/federatedIdentityCredentials/$entity"
    return Answer(201, {"@odata.context": context(fragment), **public(credential, TYPE)})


def _check(directory: Directory, application_id: str, credential: Document) -> None:
    if not _NAME.fullmatch(credential["name"]):
        raise invalid_value("name", _RESOURCE)
    for name in ("issuer", "subject", "description"):
        if len(credential[name] or "") > 600:
            raise invalid_value(name, _RESOURCE)
    if not credential["issuer"].startswith("https://"):
        raise invalid_value("issuer", _RESOURCE)
    audiences = cast("list[str]", credential["audiences"])
    if len(audiences) != 1 or not 1 <= len(audiences[0]) <= 600:
        raise invalid_value("audiences", _RESOURCE)
    for other in _of(directory.primary, application_id):
        is_same = other["issuer"] == credential["issuer"] and other["subject"] == credential["subject"]
        if is_same and other["id"] != credential["id"]:
            raise bad_request(
                "FederatedIdentityCredential with the same issuer and subject already exists on the application.",
                "ObjectConflict",
            )


def _application(directory: Directory, request: Request) -> Document:
    check_may_write(request.caller, directory.read("applications", request.keys[0]))
    return directory.target("applications", request.keys[0])


def _entities(application: Document) -> EntitySet:
    return EntitySet(f"applications('{application['id']}')/{COLLECTION}", TYPE)


def _of(view: View, application_id: str) -> list[Document]:
    return view.find(COLLECTION, "_applicationId", application_id)


def _find(view: View, application_id: str, key: Key) -> Document | None:
    """By id, by `(name='...')`, or by a bare name in the place of the id, which the service takes too."""
    for credential in _of(view, application_id):
        names = [credential["name"].casefold()] + ([credential["id"]] if key.name == "id" else [])
        if key.value.casefold() in names:
            return credential
    return None


def _missing(key: Key) -> GraphError:
    return GraphError(404, "Request_ResourceNotFound", f"FederatedIdentityCredential with name {key.value} not found.")
