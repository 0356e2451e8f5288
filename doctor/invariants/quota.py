"""Concern: the registrar's identity is about to use up its quota of directory objects."""

from collections.abc import Iterator

from doctor.finding import Finding
from doctor.invariants.case import Case

OBJECT_QUOTA = 250
"""Objects that an identity without a directory role may create, deleted ones included for 30 days (Microsoft Learn,
"Microsoft Entra service limits and restrictions"; that it holds for service principals is inferred)."""
WARN_FROM = 200


def quota_nearly_used(case: Case) -> Iterator[Finding[None]]:
    """Find an identity that will soon be refused new applications, each of which takes two objects."""
    for creator in case.evidence.creators:
        used = creator.created + creator.deleted
        if used >= WARN_FROM:
            yield Finding(
                None,
                creator.name or creator.object_id,
                f"it has created {creator.created} directory objects, and {creator.deleted} more are deleted but still "
                f"count: at {OBJECT_QUOTA}, Entra refuses new apps to an identity without a directory role "
                "(Directory_QuotaExceeded)",
                "Delete and purge apps that nobody needs, or give the identity a directory role. What each costs: "
                'docs/graph-permissions.md, "How many apps one identity can make". If the identity already has such a '
                "role, do nothing.",
            )
