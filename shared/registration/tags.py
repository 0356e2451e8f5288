"""The fifteen tags of a managed secret, version 1: enough to rebuild every index from the vault alone."""

from collections.abc import Mapping

from shared.contract.request import CredentialSpec
from shared.model import VaultEntry
from shared.policy.model import CredentialRules
from shared.registration.job import Job
from shared.registration.ownership import owner_after

SCHEMA_VERSION = "1"
MANAGED_BY = "registrar"
TAG_NAMES = (
    "schema",
    "managedBy",
    "uniqueName",
    "clientId",
    "credential",
    "type",
    "keyId",
    "operationId",
    "requestId",
    "owner",
    "lifetimeDays",
    "rotateBeforeDays",
    "overlapDays",
    "previousKeyId",
    "retireAfter",
)
"""Key Vault allows exactly fifteen tags on a secret (Microsoft Learn, "About Key Vault secrets")."""


def belongs_to(tags: Mapping[str, str], unique_name: str, credential: str) -> bool:
    """Say whether a secret with these tags is the registrar's for this app and credential."""
    return (
        tags.get("managedBy") == MANAGED_BY
        and tags.get("uniqueName") == unique_name
        and tags.get("credential") == credential
    )


def secret_tags(job: Job, spec: CredentialSpec, *, key_id: str, previous: VaultEntry | None) -> dict[str, str]:
    """Return all tags of a newly stored secret. Times are ISO 8601 in UTC; what does not apply is empty."""
    operation, rules = job.operation, job.services.policy.credentials
    rotate_before, overlap = rotation_days(spec.lifetime_days, rules)
    values = (
        SCHEMA_VERSION,
        MANAGED_BY,
        operation.unique_name,
        job.application.client_id or "",
        spec.name,
        spec.type,
        key_id,
        operation.id,
        operation.request.request_id,
        owner_after(operation.request, job.application.owner),
        str(spec.lifetime_days),
        str(rotate_before),
        str(overlap),
        previous.tags.get("keyId", "") if previous is not None else "",
        "",
    )
    return dict(zip(TAG_NAMES, values, strict=True))


def rotation_days(lifetime_days: int, rules: CredentialRules) -> tuple[int, int]:
    """Return (rotate before expiry, overlap) in days, shortened to a third and a sixth of a short lifetime."""
    return (
        max(1, min(rules.rotate_before_days, lifetime_days // 3)),
        max(1, min(rules.overlap_days, lifetime_days // 6)),
    )
