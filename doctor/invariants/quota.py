"""Beside the invariants: the directory soon takes no more objects from the registrar's identity."""

from collections.abc import Iterator

from doctor.breach import Concern
from doctor.invariants.case import Case

OBJECT_QUOTA = 250
"""Objects that an identity without a directory role may create, deleted ones included for 30 days (Microsoft Learn,
"Microsoft Entra service limits and restrictions"; that it holds for service principals is inferred)."""
WARN_FROM = 200


def quota_nearly_used(case: Case) -> Iterator[Concern]:
    """Find a registrar that is about to be refused new applications: each takes two objects."""
    for creator in case.evidence.creators:
        used = creator.created + creator.deleted
        if used >= WARN_FROM:
            yield Concern(
                creator.name or creator.object_id,
                f"it has created {creator.created} directory objects, and {creator.deleted} more are deleted but still "
                f"count: at {OBJECT_QUOTA}, Entra refuses new apps to an identity without a directory role "
                "(Directory_QuotaExceeded)",
                "Delete and purge apps that nobody needs, or give the identity a directory role. What each costs: "
                'docs/graph-permissions.md, "How many apps one identity can make". If the identity already has such a '
                "role, do nothing.",
            )
