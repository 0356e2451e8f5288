"""One live credential per name that the request asks for, whose value is in the vault."""

from dataclasses import replace
from datetime import timedelta

from shared.contract.request import CredentialSpec, RegistrationRequest
from shared.credentials.issuing import (
    Holder,
    Kept,
    Wanted,
    is_live,
    look_into_vault,
    replace_lost,
    settle_intent,
)
from shared.credentials.tags import SecretTags, belongs_to
from shared.errors import Problem, echo
from shared.job import Job
from shared.model import VaultEntry
from shared.naming import vault_secret_name
from shared.ownership import owner_after
from shared.policy.life import rotation_days


async def look_for_credentials(job: Job, request: RegistrationRequest) -> tuple[dict[str, Kept], list[Problem]]:
    """Read what the vault holds for each credential, by credential name, with a problem where it is not ours."""
    unique_name, kept, problems = job.operation.unique_name, dict[str, Kept](), list[Problem]()
    for index, spec in enumerate(request.credentials):
        name = vault_secret_name(unique_name, spec.name)
        found = kept[spec.name] = await look_into_vault(job, name)
        if found.tags is not None and not belongs_to(found.tags, unique_name, spec.name):
            problems.append(
                Problem(
                    f"credentials[{index}].name",
                    "vault_name_taken",
                    f"The Key Vault secret {echo(name)} exists and is not the registrar's. Choose another name.",
                )
            )
    return kept, problems


async def converge_credential(
    job: Job, request: RegistrationRequest, spec: CredentialSpec, holder: Holder, kept: Kept
) -> VaultEntry:
    """Return the vault entry of this credential, issuing and storing a new secret only where none is live.

    `kept` is what this attempt found in the vault, ours or nothing.
    """
    entry, wanted = kept.entry, _wanted(job, request, spec, kept.entry)
    if entry is not None and is_live(job, entry, holder):
        await settle_intent(job, spec.name, entry)
        return await _refresh_tags(job, wanted, entry)
    return await replace_lost(job, wanted, holder, kept)


def _wanted(job: Job, request: RegistrationRequest, spec: CredentialSpec, previous: VaultEntry | None) -> Wanted:
    operation = job.operation
    rotate_before, overlap = rotation_days(spec, job.services.policy.credentials)
    tags = SecretTags(
        unique_name=operation.unique_name,
        client_id=job.application.client_id or "",
        credential=spec.name,
        type=spec.type,
        key_id="",
        operation_id=operation.id,
        request_id=request.request_id,
        owner=owner_after(request, job.application.owner),
        lifetime_days=spec.lifetime_days,
        rotate_before_days=rotate_before,
        overlap_days=overlap,
        previous_key_id=previous.tags.get("keyId", "") if previous is not None else "",
    )
    return Wanted(
        credential=spec.name,
        secret_name=vault_secret_name(operation.unique_name, spec.name),
        secret_names=tuple(vault_secret_name(operation.unique_name, other.name) for other in request.credentials),
        description=spec.description,
        lifetime=timedelta(days=spec.lifetime_days),
        tags=tags,
    )


async def _refresh_tags(job: Job, wanted: Wanted, entry: VaultEntry) -> VaultEntry:
    """Bring the tags that a changed request decides up to date: who owns it and how it is rotated."""
    fresh = wanted.tags.to_tags()
    changed = {key: fresh[key] for key in ("owner", "lifetimeDays", "rotateBeforeDays", "overlapDays")}
    tags = {**entry.tags, **changed}
    if tags == entry.tags:
        return entry
    await job.services.vault.retag(job.operation.unique_name, wanted.secret_name, entry.version, tags)
    return replace(entry, tags=tags)
