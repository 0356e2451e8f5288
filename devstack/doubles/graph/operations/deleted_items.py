"""Soft-deleted applications and service principals: kept for 30 days, listed, restored, purged.

Source: Microsoft Learn, directory-deleteditems-list, -get, -restore, -delete; app-objects-and-service-principals.
"""

from collections.abc import Iterable

from devstack.doubles.documents import Document, View
from devstack.doubles.graph.errors import conflict, not_found, value_taken
from devstack.doubles.graph.exchange import NO_CONTENT, Answer, Request, context
from devstack.doubles.graph.odata.conditions import Condition
from devstack.doubles.graph.odata.listing import EntitySet, answer_list
from devstack.doubles.graph.presentation import typed
from devstack.doubles.graph.routing import Handler
from devstack.doubles.graph.rules.access import check_may_read, check_may_write, may_read
from devstack.doubles.graph.rules.payload import parse_moment
from devstack.doubles.graph.store import DELETED_FOR, Directory, to_seconds

COLLECTION = "deletedItems"
_COLLECTIONS = {"application": "applications", "servicePrincipal": "servicePrincipals"}
_TYPES = {collection: type_name for type_name, collection in _COLLECTIONS.items()}


def soft_delete(directory: Directory, collection: str, type_name: str, document: Document) -> None:
    """Move an object to the deleted items; its unique values stay taken."""
    deleted = {**document, "deletedDateTime": to_seconds(directory.now()), "_type": type_name}
    directory.remove(collection, document)
    directory.save(COLLECTION, deleted)


def check_value_free(directory: Directory, collection: str, document: Document, name: str, value: str) -> None:
    """Raises GraphError 400 if another object, living or soft-deleted, holds the unique value."""
    deleted = [
        item
        for item in directory.primary.find(COLLECTION, name, value)
        if item["_type"] == _TYPES[collection] and not is_past_restoring(directory, item)
    ]
    for holder in [*directory.primary.find(collection, name, value), *deleted]:
        if holder["id"] != document["id"]:
            raise value_taken(name)


def list_deleted(type_name: str) -> Handler:
    """`GET /directory/deletedItems/microsoft.graph.{type}`."""
    entities = EntitySet("directoryObjects", type_name)

    def handle(directory: Directory, request: Request) -> Answer:
        def find(view: View, sought: Condition | None) -> Iterable[Document]:
            return [
                item
                for item in _deleted(directory, view)
                if item["_type"] == type_name and may_read(request.caller, item)
            ]

        return answer_list(directory, request, entities, find)

    return handle


def get_deleted(directory: Directory, request: Request) -> Answer:
    """`GET /directory/deletedItems/{id}`."""
    item = _find(directory, directory.replica, request.keys[0].value)
    check_may_read(request.caller, item)
    return Answer(200, {"@odata.context": context("directoryObjects/$entity"), **typed(item, item["_type"])})


def restore(directory: Directory, request: Request) -> Answer:
    """`POST /directory/deletedItems/{id}/restore`: 200 with the object; 409 if its principal's place is taken.

    A service principal that went with its application is restored on its own.
    """
    check_may_write(request.caller, _find(directory, directory.replica, request.keys[0].value))
    item = _find(directory, directory.primary, request.keys[0].value)
    type_name: str = item.pop("_type")
    restored = {**item, "deletedDateTime": None}
    if type_name == "servicePrincipal" and directory.primary.find("servicePrincipals", "appId", item["appId"]):
        raise conflict(
            "The service principal cannot be created, updated, or restored because the service principal name "
            f"{item['appId']} is already in use.",
            "ObjectConflict",
        )
    directory.remove(COLLECTION, item)
    directory.save(_COLLECTIONS[type_name], restored)
    return Answer(200, {"@odata.context": context("directoryObjects/$entity"), **typed(restored, type_name)})


def purge(directory: Directory, request: Request) -> Answer:
    """`DELETE /directory/deletedItems/{id}`: 204, for good."""
    check_may_write(request.caller, _find(directory, directory.replica, request.keys[0].value))
    item = _find(directory, directory.primary, request.keys[0].value)
    for credential in directory.primary.find("federatedIdentityCredentials", "_applicationId", item["id"]):
        directory.remove("federatedIdentityCredentials", credential)
    directory.remove(COLLECTION, item)
    return NO_CONTENT


def _find(directory: Directory, view: View, object_id: str) -> Document:
    item = view.get(COLLECTION, object_id.casefold())
    if item is None or is_past_restoring(directory, item):
        raise not_found(object_id)
    return item


def _deleted(directory: Directory, view: View) -> list[Document]:
    return [item for item in view.scan(COLLECTION) if not is_past_restoring(directory, item)]


def is_past_restoring(directory: Directory, item: Document) -> bool:
    """Return whether a deleted object has lain there for so long that it is gone for good."""
    return directory.now() - parse_moment(item["deletedDateTime"]) > DELETED_FOR
