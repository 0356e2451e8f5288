"""One live credential per name whose value is in the vault; nothing live whose value is not.

The gap between "secret created" and "secret stored" is closed from both sides. Before addPassword the record and
a clean-up entry say that a secret may come to be; only the value's arrival in the vault, or the certainty that
nothing was made, takes them back. A secret with our operation's mark that the vault does not know is one whose
value was lost: it is removed before another is issued.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from shared.contract.request import CredentialSpec
from shared.errors import Deferred, NotYetVisible, Problem, RegistrarError, Unavailable, echo
from shared.model import PasswordCredential, VaultEntry
from shared.naming import credential_display_name, operation_of, vault_secret_name
from shared.ports import Cleanup, IssuedPassword
from shared.registration.application import Registered
from shared.registration.job import Job
from shared.registration.tags import belongs_to, secret_tags


@dataclass(frozen=True)
class Kept:
    """What the vault holds under a credential's name: a live entry, or the tags of a soft-deleted one."""

    entry: VaultEntry | None
    deleted_tags: Mapping[str, str] | None


async def look_into_vault(job: Job) -> tuple[dict[str, Kept], list[Problem]]:
    """Read what the vault holds for each credential, by credential name, with a problem where it is not ours."""
    unique_name, kept, problems = job.operation.unique_name, dict[str, Kept](), list[Problem]()
    for index, spec in enumerate(job.operation.request.credentials):
        name = vault_secret_name(unique_name, spec.name)
        entry = await job.services.vault.newest(unique_name, name)
        deleted = await job.services.vault.deleted_tags(unique_name, name) if entry is None else None
        tags = entry.tags if entry is not None else deleted
        kept[spec.name] = Kept(entry, deleted)
        if tags is not None and not belongs_to(tags, unique_name, spec.name):
            problems.append(
                Problem(
                    f"credentials[{index}].name",
                    "vault_name_taken",
                    f"The Key Vault secret {echo(name)} exists and is not the registrar's. Choose another name.",
                )
            )
    return kept, problems


async def converge_credential(job: Job, spec: CredentialSpec, app: Registered, kept: Kept) -> VaultEntry:
    """Return the vault entry of this credential, issuing and storing a new secret only where none is live.

    `kept` is what this attempt found in the vault, ours or nothing.
    """
    entry = kept.entry
    if entry is not None and _is_live(job, entry, app):
        await _settle_intent(job, spec, entry)
        return await _refresh_tags(job, spec, entry)
    await _remove_lost(job, spec, app)
    if kept.deleted_tags is not None:
        name = vault_secret_name(job.operation.unique_name, spec.name)
        await job.services.vault.recover(job.operation.unique_name, name)
        raise NotYetVisible(f"the Key Vault secret {name} is being recovered from its deletion")
    return await _issue(job, spec, app, previous=entry)


def _is_live(job: Job, entry: VaultEntry, app: Registered) -> bool:
    """Say whether the directory knows the secret that the vault holds; raises NotYetVisible when nobody can."""
    if entry.tags.get("clientId") != app.client_id or not entry.enabled:
        return False
    if entry.expires is not None and entry.expires <= job.now():
        return False
    if job.is_recent(entry.created) or any(p.key_id == entry.tags.get("keyId") for p in app.passwords or ()):
        return True
    if app.passwords is None:
        raise NotYetVisible("the directory does not show the application's credentials yet")
    return False


async def _settle_intent(job: Job, spec: CredentialSpec, entry: VaultEntry) -> None:
    progress, operation = job.operation.credential(spec.name), job.operation
    key_id = entry.tags.get("keyId")
    if progress.version == entry.version and progress.intended_at is None:
        return
    stored_by_us = entry.tags.get("operationId") == operation.id
    await job.save_operation(
        operation.with_credential(
            spec.name,
            key_id=key_id,
            version=entry.version,
            intended_at=None if stored_by_us else progress.intended_at,
        )
    )


async def _refresh_tags(job: Job, spec: CredentialSpec, entry: VaultEntry) -> VaultEntry:
    """Bring the tags that a changed request decides up to date: who owns it and how it is rotated."""
    fresh = secret_tags(job, spec, key_id=entry.tags["keyId"], previous=None)
    changed = {key: fresh[key] for key in ("owner", "lifetimeDays", "rotateBeforeDays", "overlapDays")}
    tags = {**entry.tags, **changed}
    if tags == entry.tags:
        return entry
    unique_name = job.operation.unique_name
    await job.services.vault.retag(unique_name, vault_secret_name(unique_name, spec.name), entry.version, tags)
    return VaultEntry(entry.uri, entry.version, entry.enabled, entry.created, entry.expires, entry.content_type, tags)


async def _remove_lost(job: Job, spec: CredentialSpec, app: Registered) -> None:
    """Remove secrets of this operation whose value was lost; wait while nobody can know whether there are any.

    A value that was sent to the vault may still be on its way, and would become the newest whatever is stored
    meanwhile: so nothing is decided before the lag window is over.
    """
    progress = job.operation.credential(spec.name)
    if progress.intended_at is None:
        return
    if not progress.answer_lost:
        await job.save_operation(job.operation.with_credential(spec.name, answer_lost=True))
    name = vault_secret_name(job.operation.unique_name, spec.name)
    if job.is_recent(progress.intended_at) or app.passwords is None:
        raise NotYetVisible(f"a secret for {name} may have been made, and its value may be on its way to the vault")
    stored = {job.operation.credential(other.name).key_id for other in job.operation.request.credentials}
    for password in app.passwords:
        if _is_lost(password, job.operation.id, stored):
            await job.services.directory.remove_password(app.object_id, password.key_id)


def _is_lost(password: PasswordCredential, operation_id: str, stored: set[str | None]) -> bool:
    return operation_of(password.display_name) == operation_id and password.key_id not in stored


async def _issue(job: Job, spec: CredentialSpec, app: Registered, previous: VaultEntry | None) -> VaultEntry:
    services, operation, now = job.services, job.operation, job.now()
    name = vault_secret_name(operation.unique_name, spec.name)
    names = tuple(vault_secret_name(operation.unique_name, other.name) for other in operation.request.credentials)
    await job.lease.keep()
    await job.save_operation(operation.with_credential(spec.name, intended_at=now))
    await services.cleanups.put(Cleanup(operation.unique_name, operation.id, names, now))
    expires = (now + timedelta(days=spec.lifetime_days)).replace(microsecond=0)
    try:
        issued = await services.directory.add_password(
            app.object_id, credential_display_name(operation.id, spec.description), expires
        )
    except RegistrarError as error:
        if not isinstance(error, Deferred) or error.took_effect is False:
            await _take_back_intent(job, spec)
        raise
    tags = secret_tags(job, spec, key_id=issued.key_id, previous=previous)
    try:
        # Whoever took the app over meanwhile may have stored a secret of this name: theirs stays the newest.
        await job.lease.keep()
        entry = await services.vault.store(
            operation.unique_name, name, issued.value, not_before=now, expires=expires, tags=tags
        )
    except RegistrarError as error:
        await _undo(job, spec, app, issued, error)
        raise
    await job.save_operation(
        job.operation.with_credential(
            spec.name, key_id=issued.key_id, version=entry.version, proven_version=None, intended_at=None
        )
    )
    if not any(made.intended_at or made.answer_lost for made in job.operation.credentials.values()):
        await services.cleanups.remove(operation.unique_name, operation.id)
    return entry


async def _undo(job: Job, spec: CredentialSpec, app: Registered, issued: IssuedPassword, error: RegistrarError) -> None:
    """Remove a secret that the vault surely did not take. Where that is unsure, the next attempt reads and decides."""
    if isinstance(error, Unavailable):
        return
    try:
        removed = await job.services.directory.remove_password(app.object_id, issued.key_id)
    except Deferred:
        return
    if removed:
        await _take_back_intent(job, spec)


async def _take_back_intent(job: Job, spec: CredentialSpec) -> None:
    """Nothing came to be, or what did is gone: the next attempt may issue at once."""
    await job.save_operation(job.operation.with_credential(spec.name, intended_at=None))
