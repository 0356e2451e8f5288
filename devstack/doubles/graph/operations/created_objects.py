"""What an identity has created, and how much it may: the directory quota of callers without a directory role.

Source: Microsoft Learn, "Microsoft Entra service limits and restrictions" (a user without a role creates 250 objects
at most, deleted ones count until they can be restored no more; that it holds for service principals, too, is known
from answers to their users), serviceprincipal-list-createdobjects.
"""

from collections.abc import Iterable

from devstack.doubles.documents import Document, View
from devstack.doubles.graph.errors import quota_exceeded
from devstack.doubles.graph.exchange import Answer, Request
from devstack.doubles.graph.odata.listing import answer_count, answer_list
from devstack.doubles.graph.operations.deleted_items import COLLECTION as DELETED
from devstack.doubles.graph.operations.deleted_items import is_past_restoring
from devstack.doubles.graph.operations.owners import DIRECTORY_OBJECTS
from devstack.doubles.graph.routing import Handler
from devstack.doubles.graph.rules.access import READ_USERS, check_permission, may_read_all
from devstack.doubles.graph.store import Directory

_TYPES = {"applications": "application", "servicePrincipals": "servicePrincipal"}


def list_created(collection: str) -> Handler:
    """`GET /{servicePrincipals|users}/{id}/createdObjects`; a caller without more may list its own."""

    def handle(directory: Directory, request: Request) -> Answer:
        creator = _creator(directory, request, collection)
        return answer_list(directory, request, DIRECTORY_OBJECTS, lambda view, _: _created_by(view, creator))

    return handle


def count_created(collection: str) -> Handler:
    """`GET /{servicePrincipals|users}/{id}/createdObjects/$count`."""

    def handle(directory: Directory, request: Request) -> Answer:
        creator = _creator(directory, request, collection)
        return answer_count(directory, request, DIRECTORY_OBJECTS, lambda view, _: _created_by(view, creator))

    return handle


def create_as(directory: Directory, document: Document, creator: str) -> list[str]:
    """Note who creates an object; returns its first owners. Raises GraphError 403 when the creator has had its quota.

    A caller who creates by a directory role is not counted, and does not become owner (Microsoft Learn, "Application
    registration permissions for custom roles": `create` against `createAsOwner`).
    """
    principal = directory.primary.get("servicePrincipals", creator)
    if principal is not None and principal.get("_directoryRoles"):
        return []
    _check_quota(directory, creator)
    document["_createdBy"] = creator
    return [creator]


def _check_quota(directory: Directory, creator: str) -> None:
    """Raises GraphError 403 when the creator has as many objects as the weather allows; 0 allows any number."""
    most = directory.world.weather.created_objects_quota
    if not most:
        return
    deleted = [
        item
        for item in directory.primary.scan(DELETED)
        if item.get("_createdBy") == creator and not is_past_restoring(directory, item)
    ]
    if len(deleted) + sum(1 for _ in _created_by(directory.primary, creator)) >= most:
        raise quota_exceeded()


def _creator(directory: Directory, request: Request, collection: str) -> str:
    creator: str = directory.read(collection, request.keys[0])["id"]
    if creator != request.caller.object_id and not may_read_all(request.caller):
        check_permission(request.caller, READ_USERS)
    return creator


def _created_by(view: View, creator: str) -> Iterable[Document]:
    for collection, type_name in _TYPES.items():
        for document in view.scan(collection):
            if document.get("_createdBy") == creator:
                yield {**document, "_type": type_name}
