"""Reading and writing app management policies, and assigning them to applications.

Source: Microsoft Learn, tenantappmanagementpolicy-update, policyroot-post-appmanagementpolicies,
appmanagementpolicy-post-appliesto.
"""

from uuid import uuid4

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import conflict, not_found
from devstack.doubles.graph.exchange import NO_CONTENT, Answer, Request, context
from devstack.doubles.graph.presentation import public
from devstack.doubles.graph.rules.payload import check_payload, merge, reference_of
from devstack.doubles.graph.rules.policies import check_exemptions, check_section, shown
from devstack.doubles.graph.rules.restrictions import COLLECTION, POLICY_ID, own_policies, tenant_policy
from devstack.doubles.graph.store import Directory

_TENANT, _OWN = "tenantAppManagementPolicy", "appManagementPolicy"


def get_tenant_policy(directory: Directory, request: Request) -> Answer:
    """`GET /policies/defaultAppManagementPolicy`."""
    body = {"@odata.context": context("policies/defaultAppManagementPolicy/$entity")}
    return Answer(200, body | shown(public(tenant_policy(directory), _TENANT)))


def update_tenant_policy(directory: Directory, request: Request) -> Answer:
    """`PATCH /policies/defaultAppManagementPolicy`: lists are replaced whole."""
    check_exemptions(request.body)
    changes = check_payload(request.body, _TENANT, read_only=("id", "deletedDateTime"))
    merged = merge(tenant_policy(directory), changes, _TENANT)
    for name in ("applicationRestrictions", "servicePrincipalRestrictions"):
        check_section(merged[name])
    directory.world.documents.put(COLLECTION, POLICY_ID, merged)
    return NO_CONTENT


def create_policy(directory: Directory, request: Request) -> Answer:
    """`POST /policies/appManagementPolicies`: 201."""
    check_exemptions(request.body)
    fields = check_payload(request.body, _OWN, read_only=("id", "deletedDateTime"))
    check_section(fields.get("restrictions"))
    bare: Document = {"id": str(uuid4()), "deletedDateTime": None, "displayName": None, "description": None}
    policy: Document = {**bare, "isEnabled": False, "restrictions": None, "_appliesTo": list[str](), **fields}
    directory.save(COLLECTION, policy)
    body = {"@odata.context": context("policies/appManagementPolicies/$entity")}
    return Answer(201, body | shown(public(policy, _OWN)))


def list_own_policies(directory: Directory, request: Request) -> Answer:
    """`GET /applications/{id}/appManagementPolicies`: one at most."""
    application = directory.read("applications", request.keys[0])
    found = [shown(public(policy, _OWN)) for policy in own_policies(directory, application["id"])]
    return Answer(200, {"@odata.context": context("appManagementPolicies"), "value": found})


def assign_policy(directory: Directory, request: Request) -> Answer:
    """`POST /applications/{id}/appManagementPolicies/$ref`: 204, or 409 where the application has one already."""
    application = directory.target("applications", request.keys[0])
    policy = directory.primary.get(COLLECTION, reference_of(request.body))
    if policy is None or "_appliesTo" not in policy:
        raise not_found(reference_of(request.body))
    if own_policies(directory, application["id"]):
        raise conflict("A policy of this type is assigned to the object already.")
    directory.save(COLLECTION, policy | {"_appliesTo": [*policy["_appliesTo"], application["id"]]})
    return NO_CONTENT
