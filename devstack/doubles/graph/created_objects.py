"""What an identity has created, and how much it may: the directory quota of whoever holds no directory role.

Source: Microsoft Learn, "Microsoft Entra service limits and restrictions" (a user without a role creates 250 objects
at most, deleted ones count until they can be restored no more; that it holds for service principals, too, is known
from answers to their users), serviceprincipal-list-createdobjects.
"""

from collections.abc import Iterable

from devstack.doubles.documents import Document, View
from devstack.doubles.graph.access import READ_USERS, check_permission, may_read_all
from devstack.doubles.graph.deleted_items import COLLECTION as DELETED
from devstack.doubles.graph.deleted_items import is_past_restoring
from devstack.doubles.graph.directory import Directory
from devstack.doubles.graph.errors import GraphError
from devstack.doubles.graph.exchange import Answer, Request
from devstack.doubles.graph.odata.listing import answer_count, answer_list
from devstack.doubles.graph.owners import DIRECTORY_OBJECTS
from devstack.doubles.graph.routing import Handler

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


def check_quota(directory: Directory, creator: str) -> None:
    """Raises GraphError 403 when whoever creates has created as much as the weather lets it; 0 lets it all."""
    most = directory.world.weather.created_objects_quota
    if not most:
        return
    deleted = [
        item
        for item in directory.primary.scan(DELETED)
        if item.get("_createdBy") == creator and not is_past_restoring(directory, item)
    ]
    if len(deleted) + sum(1 for _ in _created_by(directory.primary, creator)) >= most:
        message = (
            "The directory object quota limit for the Principal has been exceeded. Please ask your administrator to "
            "increase the quota limit or delete objects to reduce the used quota."
        )
        raise GraphError(403, "Directory_QuotaExceeded", message)


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
