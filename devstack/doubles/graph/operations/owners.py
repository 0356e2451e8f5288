"""Who owns an application or a service principal, and what a user or principal owns.

Ownership is kept as object ids in `_owners`; it is what `Application.ReadWrite.OwnedBy` looks at.
"""

from collections.abc import Iterable

from devstack.doubles.documents import Document, View
from devstack.doubles.graph.errors import bad_request, not_found, reference_not_found
from devstack.doubles.graph.exchange import NO_CONTENT, Answer, Request
from devstack.doubles.graph.odata.listing import EntitySet, answer_list
from devstack.doubles.graph.presentation import typed
from devstack.doubles.graph.routing import Handler
from devstack.doubles.graph.rules.access import (
    READ_USERS,
    check_may_read,
    check_may_write,
    check_permission,
    may_read_all,
)
from devstack.doubles.graph.rules.payload import reference_of
from devstack.doubles.graph.store import Directory

OWNER_TYPES = {"users": "user", "servicePrincipals": "servicePrincipal"}
_OWNED_TYPES = {"applications": "application", "servicePrincipals": "servicePrincipal"}
_MAX_OWNERS = 100
_MAX_BOUND = 20
DIRECTORY_OBJECTS = EntitySet("directoryObjects", "directoryObject")


def add_owner(collection: str) -> Handler:
    """`POST /{collection}/{id}/owners/$ref`: 204; 400 for a doublet or an owner that is not there."""

    def handle(directory: Directory, request: Request) -> Answer:
        document = directory.target(collection, request.keys[0])
        check_may_write(request.caller, directory.read(collection, request.keys[0]))
        owner = reference_of(request.body)
        if owner in document["_owners"]:
            raise bad_request(
                "One or more added object references already exist for the following modified properties: 'owners'."
            )
        document["_owners"] = with_owners(directory, document["_owners"], [owner])
        directory.save(collection, document)
        return NO_CONTENT

    return handle


def remove_owner(collection: str) -> Handler:
    """`DELETE /{collection}/{id}/owners/{id}/$ref`: 204, or 404 for one who is no owner."""

    def handle(directory: Directory, request: Request) -> Answer:
        document = directory.target(collection, request.keys[0])
        check_may_write(request.caller, directory.read(collection, request.keys[0]))
        owner = request.keys[1].value.casefold()
        if owner not in document["_owners"]:
            raise not_found(owner)
        document["_owners"].remove(owner)
        directory.save(collection, document)
        return NO_CONTENT

    return handle


def list_owners(collection: str) -> Handler:
    """`GET /{collection}/{id}/owners`."""

    def handle(directory: Directory, request: Request) -> Answer:
        document = directory.read(collection, request.keys[0])
        check_may_read(request.caller, document)
        return answer_list(directory, request, DIRECTORY_OBJECTS, lambda view, _: owners_of(view, document))

    return handle


def list_owned(collection: str) -> Handler:
    """`GET /{servicePrincipals|users}/{id}/ownedObjects`; a caller without more may list its own."""

    def handle(directory: Directory, request: Request) -> Answer:
        owner: str = directory.read(collection, request.keys[0])["id"]
        if owner != request.caller.object_id and not may_read_all(request.caller):
            check_permission(request.caller, READ_USERS)
        return answer_list(directory, request, DIRECTORY_OBJECTS, lambda view, _: _owned_by(view, owner))

    return handle


def owners_of(view: View, document: Document) -> list[Document]:
    """The owners that exist, with their `@odata.type` in `_type`."""
    return [found for owner in document["_owners"] if (found := find_object(view, owner, OWNER_TYPES)) is not None]


def expand_owners(view: View, document: Document, select: tuple[str, ...] | None) -> list[Document]:
    """What `$expand=owners` shows."""
    return [typed(owner, owner["_type"], select) for owner in owners_of(view, document)]


def with_owners(directory: Directory, current: list[str], added: list[str]) -> list[str]:
    """The owners with some more. Raises GraphError for one that the replica does not show, or too many."""
    if len(added) > _MAX_BOUND or len({*current, *added}) > _MAX_OWNERS:
        raise bad_request("The number of owners exceeds the limit of the object.")
    for owner in added:
        if owner not in current and find_object(directory.replica, owner, OWNER_TYPES) is None:
            raise reference_not_found(owner)
    return list(dict.fromkeys([*current, *added]))


def find_object(view: View, object_id: str, types: dict[str, str]) -> Document | None:
    """An object of one of the types (collection to type name), with its type name in `_type`."""
    for collection, type_name in types.items():
        found = view.get(collection, object_id)
        if found is not None:
            return {**found, "_type": type_name}
    return None


def _owned_by(view: View, owner: str) -> Iterable[Document]:
    for collection, type_name in _OWNED_TYPES.items():
        for document in view.scan(collection):
            if owner in document["_owners"]:
                yield {**document, "_type": type_name}
