"""Concern: whether the registrar can read the tenant's app management policies."""

from collections.abc import Iterator

from doctor.finding import Finding
from doctor.invariants.case import Case

_GRAPH = "00000003-0000-0000-c000-000000000000"
_MAKES_APPS, _READS_POLICIES = "18a4783c-866b-4cc7-a460-3d5e5662c884", "246dd0d5-5bd0-4def-940b-0421030a5b68"
"""Application.ReadWrite.OwnedBy, which the registrar's identity holds, and Policy.Read.All."""


def unreadable_policies(case: Case) -> Iterator[Finding[None]]:
    """Report that no identity that makes apps may read the policies: violations are then noticed too late."""
    graph = {each.object_id for each in case.evidence.principals if each.client_id == _GRAPH}
    held = {(each.principal_id, each.name) for each in case.evidence.consents if each.resource_id in graph}
    makers = {holder for holder, role in held if role == _MAKES_APPS}
    if makers and not any((holder, _READS_POLICIES) in held for holder in makers):
        yield Finding(
            None,
            "Policy.Read.All",
            "the registrar's identity does not hold it, so it cannot read the tenant's app management policies",
            "This is optional. Without it, a request that these policies forbid is rejected only once Microsoft Graph "
            "refuses it, and an application stays behind; a rotation beyond a lifetime limit fails. To give it: "
            "infra/grant-graph-permissions.sh OBJECT_ID --policies",
        )
