"""Objects of any type by id, and the little of the organization that app registrations need."""

from collections.abc import Iterable
from typing import cast

from devstack.doubles.documents import Document, View
from devstack.doubles.graph.errors import bad_request, malformed, not_found
from devstack.doubles.graph.exchange import Answer, Request, context
from devstack.doubles.graph.odata.conditions import Condition
from devstack.doubles.graph.odata.listing import EntitySet, answer_list
from devstack.doubles.graph.operations.owners import find_object
from devstack.doubles.graph.presentation import typed
from devstack.doubles.graph.rules.payload import fields_of, is_guid
from devstack.doubles.graph.store import Directory

_TYPES = {"applications": "application", "servicePrincipals": "servicePrincipal", "users": "user"}
_ORGANIZATION = EntitySet("organization", "organization")
_MAX_IDS = 1000


def get_object(directory: Directory, request: Request) -> Answer:
    """`GET /directoryObjects/{id}`."""
    found = find_object(directory.replica, request.keys[0].value.casefold(), _TYPES)
    if found is None:
        raise not_found(request.keys[0].value)
    return Answer(200, {"@odata.context": context("directoryObjects/$entity"), **typed(found, found["_type"])})


def get_by_ids(directory: Directory, request: Request) -> Answer:
    """`POST /directoryObjects/getByIds`: 200 with those that are there, of the given types."""
    body = fields_of(request.body)
    ids: object = body.get("ids")
    kinds: object = body.get("types") or []
    if not isinstance(ids, list) or not isinstance(kinds, list):
        raise malformed("The parameters 'ids' and 'types' must be collections.")
    wanted = cast("list[object]", ids)
    if len(wanted) > _MAX_IDS or not all(is_guid(each) for each in wanted):
        raise bad_request("Invalid GUID specified.")
    names = [str(name).casefold() for name in cast("list[object]", kinds)]
    types = {c: t for c, t in _TYPES.items() if not names or t.casefold() in names or "directoryobject" in names}
    view = directory.replica
    found = [find_object(view, str(each).casefold(), types) for each in wanted]
    value = [typed(each, each["_type"]) for each in found if each is not None]
    body = {"@odata.context": context("directoryObjects"), "value": value}
    return Answer(200, body, {"location": "https://graph.microsoft.com"})


def list_organization(directory: Directory, request: Request) -> Answer:
    """`GET /organization`: the one tenant."""
    tenant = directory.world.tenant
    domain = {"capabilities": "Email", "isDefault": True, "isInitial": True, "name": tenant.domain, "type": "Managed"}
    document: Document = {
        "id": tenant.id,
        "deletedDateTime": None,
        "displayName": tenant.display_name,
        "tenantType": "AAD",
        "verifiedDomains": [domain],
    }

    def find(view: View, sought: Condition | None) -> Iterable[Document]:
        return [document]

    return answer_list(directory, request, _ORGANIZATION, find)
