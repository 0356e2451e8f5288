"""Application permissions: app role assignments, seen from the resource (assignedTo) and from the principal.

Source: Microsoft Learn, serviceprincipal-post-approleassignedto, serviceprincipal-post-approleassignments.
"""

import base64
import secrets
from typing import Literal, cast
from uuid import UUID

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import bad_request, not_found
from devstack.doubles.graph.exchange import NO_CONTENT, Answer, Request, context
from devstack.doubles.graph.odata.listing import EntitySet, answer_list, answer_one
from devstack.doubles.graph.operations.owners import OWNER_TYPES, find_object
from devstack.doubles.graph.routing import Handler
from devstack.doubles.graph.rules.payload import check_payload
from devstack.doubles.graph.schema import resource_name
from devstack.doubles.graph.store import Directory, to_ticks

COLLECTION = "appRoleAssignments"
TYPE = "appRoleAssignment"
DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The role id of an assignment without a role."""

type Side = Literal["appRoleAssignedTo", "appRoleAssignments"]

SIDES: tuple[Side, ...] = ("appRoleAssignedTo", "appRoleAssignments")

_ANCHORS: dict[Side, str] = {"appRoleAssignedTo": "resourceId", "appRoleAssignments": "principalId"}
_MAX_PER_PRINCIPAL = 1500


def list_assignments(side: Side) -> Handler:
    """`GET /servicePrincipals/{id}/{side}`."""

    def handle(directory: Directory, request: Request) -> Answer:
        principal = directory.read("servicePrincipals", request.keys[0])["id"]
        return answer_list(
            directory,
            request,
            EntitySet(f"servicePrincipals('{principal}')/{side}", TYPE),
            lambda view, _: view.find(COLLECTION, _ANCHORS[side], principal),
        )

    return handle


def get_assignment(side: Side) -> Handler:
    """`GET /servicePrincipals/{id}/{side}/{id}`."""

    def handle(directory: Directory, request: Request) -> Answer:
        anchor = directory.read("servicePrincipals", request.keys[0])["id"]
        assignment = directory.replica.get(COLLECTION, request.keys[1].value)
        if assignment is None or assignment[_ANCHORS[side]] != anchor:
            raise not_found(request.keys[1].value)
        return answer_one(directory, request, EntitySet(f"servicePrincipals('{anchor}')/{side}", TYPE), assignment)

    return handle


def create_assignment(side: Side) -> Handler:
    """`POST /servicePrincipals/{id}/{side}`: 201.

    404 if the addressed principal, 400 if one that the body names is not on the replica; 400 for a role the
    resource does not have and for a doublet.
    """

    def handle(directory: Directory, request: Request) -> Answer:
        anchor = directory.read("servicePrincipals", request.keys[0])
        fields = check_payload(request.body, TYPE, read_only=("id", "createdDateTime", "deletedDateTime"))
        ids = {name: str(fields.get(name) or "").casefold() for name in ("principalId", "resourceId", "appRoleId")}
        if ids[_ANCHORS[side]] != anchor["id"]:
            raise _invalid_reference()
        principal = find_object(directory.replica, ids["principalId"], OWNER_TYPES)
        resource = directory.replica.get("servicePrincipals", ids["resourceId"])
        if principal is None or resource is None:
            raise _invalid_reference()
        _check_role(resource, ids["appRoleId"])
        held = directory.primary.find(COLLECTION, "principalId", principal["id"])
        _check_new(held, resource["id"], ids["appRoleId"])
        assignment = _assignment(directory, principal, resource, ids["appRoleId"])
        directory.save(COLLECTION, assignment)
        fragment = f"servicePrincipals('{anchor['id']}')/{side}/$entity"
        return Answer(201, {"@odata.context": context(fragment), **assignment})

    return handle


def delete_assignment(side: Side) -> Handler:
    """`DELETE /servicePrincipals/{id}/{side}/{id}`: 204."""

    def handle(directory: Directory, request: Request) -> Answer:
        anchor = directory.read("servicePrincipals", request.keys[0])["id"]
        key = request.keys[1].value
        assignment = directory.primary.get(COLLECTION, key)
        if assignment is None or assignment[_ANCHORS[side]] != anchor or not directory.replica.get(COLLECTION, key):
            raise not_found(key)
        directory.remove(COLLECTION, assignment)
        return NO_CONTENT

    return handle


def _assignment(directory: Directory, principal: Document, resource: Document, role_id: str) -> Document:
    token = UUID(principal["id"]).bytes_le + secrets.token_bytes(16)
    return {
        "id": base64.urlsafe_b64encode(token).decode().rstrip("="),
        "deletedDateTime": None,
        "appRoleId": role_id,
        "createdDateTime": to_ticks(directory.now(), trimmed=False),
        "principalDisplayName": principal["displayName"],
        "principalId": principal["id"],
        "principalType": resource_name(principal["_type"]),
        "resourceDisplayName": resource["displayName"],
        "resourceId": resource["id"],
    }


def _check_role(resource: Document, role_id: str) -> None:
    roles = cast("list[Document]", resource["appRoles"])
    known = {str(role["id"]).casefold() for role in roles if role.get("isEnabled", True)}
    if role_id not in known and role_id != DEFAULT_ACCESS:
        raise bad_request(
            f"Permission being assigned was not found on application '{resource['appId']}'.", "InvalidUpdate"
        )


def _check_new(held: list[Document], resource_id: str, role_id: str) -> None:
    if any(item["resourceId"] == resource_id and item["appRoleId"] == role_id for item in held):
        raise bad_request("Permission being assigned already exists on the object", "InvalidUpdate")
    if len(held) >= _MAX_PER_PRINCIPAL:
        raise bad_request("The principal has reached its limit of app role assignments.")


def _invalid_reference() -> Exception:
    return bad_request("Not a valid reference update.")
