"""Issues and stores client secrets: no secret is live without its value in the vault.

The gap between "secret created" and "secret stored" is closed from both sides. Before addPassword the record and
a clean-up entry note that a secret may be created; only the value's arrival in the vault, or the certainty that
nothing was made, clears them. A secret with our operation's mark that the vault does not know has lost its value:
it is removed before another is issued.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Never

from shared.audit.events import Removal
from shared.audit.noting import note_removal
from shared.core.errors import DeferredError, NotYetVisibleError, RegistrarError, UnavailableError
from shared.core.naming import credential_display_name, is_pending, operation_of
from shared.credentials.tags import SecretTags
from shared.credentials.versions import VaultSecret
from shared.model.directory import CredentialType, PasswordCredential, SeenCredentials
from shared.model.vault import VaultEntry
from shared.operations.attempt import Attempt
from shared.policy.tenant import days_within, life_within
from shared.ports import Cleanup, IssuedPassword


@dataclass(frozen=True)
class TargetApplication:
    """The application that a credential is for. `seen` is None while no read has shown the application."""

    object_id: str
    client_id: str
    seen: SeenCredentials | None

    @property
    def passwords(self) -> tuple[PasswordCredential, ...] | None:
        """Its client secrets, if a read has shown them."""
        return self.seen.passwords if self.seen is not None else None


@dataclass(frozen=True)
class CredentialPlan:
    """A credential to issue, and where its value goes."""

    credential: str
    """Its name in the request and in the operation's record."""
    secret_name: str
    secret_names: tuple[str, ...]
    """All names in the vault that may hold a value of this operation."""
    description: str
    lifetime: timedelta
    tags: SecretTags
    """Tags of the vault's version; the keyId is filled in once known."""

    def within(self, longest: timedelta | None) -> "CredentialPlan":
        """Return the plan with a lifetime that the tenant allows."""
        days = days_within(self.tags.lifetime_days, longest)
        lifetime = life_within(timedelta(days=days), longest)
        return replace(self, lifetime=lifetime, tags=replace(self.tags, lifetime_days=days))


async def look_into_vault(attempt: Attempt, secret_name: str) -> VaultSecret:
    """Read what the vault holds under a name."""
    unique_name = attempt.operation.unique_name
    versions = await attempt.ports.vault.versions(unique_name, secret_name)
    deleted = await attempt.ports.vault.deleted_tags(unique_name, secret_name) if not versions else None
    return VaultSecret(versions, deleted)


def is_switched_off(entry: VaultEntry, holder: TargetApplication) -> bool:
    """Return whether this application's value was disabled by hand: it gets no successor unless one is requested."""
    return not entry.enabled and entry.tags.get("clientId") == holder.client_id


def is_live(attempt: Attempt, entry: VaultEntry, holder: TargetApplication) -> bool:
    """Return whether the directory knows the vault's secret. Raises NotYetVisibleError when that cannot be known."""
    if entry.tags.get("clientId") != holder.client_id or not entry.enabled:
        return False
    if entry.expires is not None and entry.expires <= attempt.now():
        return False
    if attempt.is_recent(entry.created) or (holder.seen is not None and holder.seen.find(entry.tags.get("keyId", ""))):
        return True
    if holder.seen is None:
        raise NotYetVisibleError("the directory does not show the application's credentials yet")
    return False


async def settle_intent(attempt: Attempt, credential: str, entry: VaultEntry) -> None:
    """Record that the vault holds this credential's value, as a read showed."""
    progress, operation = attempt.operation.credential(credential), attempt.operation
    if progress.version == entry.version and progress.intended_at is None:
        return
    stored_by_us = entry.tags.get("operationId") == operation.id
    await attempt.save_operation(
        operation.with_credential(
            credential,
            key_id=entry.tags.get("keyId"),
            version=entry.version,
            intended_at=None if stored_by_us else progress.intended_at,
        )
    )


async def replace_lost(
    attempt: Attempt, wanted: CredentialPlan, holder: TargetApplication, kept: VaultSecret
) -> VaultEntry:
    """Issue and store a secret, once no other secret of this operation can be live without its value."""
    await _remove_lost(attempt, wanted, holder)
    if kept.deleted_tags is not None:
        await recover(attempt, wanted.secret_name, "secret")
    return await _issue(attempt, wanted, holder.object_id)


async def recover(attempt: Attempt, secret_name: str, kind: CredentialType) -> Never:
    """Begin to recover a soft-deleted secret. Raises NotYetVisibleError: a later attempt reads it."""
    await attempt.ports.vault.recover(attempt.operation.unique_name, secret_name, kind)
    raise NotYetVisibleError(f"the Key Vault secret {secret_name} is being recovered from its deletion")


async def _remove_lost(attempt: Attempt, wanted: CredentialPlan, holder: TargetApplication) -> None:
    """Remove secrets of this operation whose value was lost; wait while there may be unseen ones.

    A value that was sent to the vault may still arrive, and would become the newest version whatever is stored
    meanwhile: nothing is decided before the lag window is over.
    """
    progress = attempt.operation.credential(wanted.credential)
    if progress.intended_at is None:
        return
    if not progress.answer_lost:
        await attempt.save_operation(attempt.operation.with_credential(wanted.credential, answer_lost=True))
    if attempt.is_recent(progress.intended_at) or holder.passwords is None:
        raise NotYetVisibleError(
            f"a secret for {wanted.secret_name} may have been made, and its value may be on its way to the vault"
        )
    stored = {made.key_id for made in attempt.operation.credentials.values()}
    for password in holder.passwords:
        if _is_lost(password, attempt.operation.id, stored):
            await note_removal(
                attempt.ports.audit,
                attempt.now(),
                attempt.operation.unique_name,
                password.key_id,
                Removal.VALUE_LOST,
                object_id=holder.object_id,
                secret_name=wanted.secret_name,
                operation=attempt.operation,
            )
            with attempt.tolerate_lag(attempt.application.written_at):
                await attempt.ports.directory.remove_password(holder.object_id, password.key_id)


def _is_lost(password: PasswordCredential, operation_id: str, stored: set[str | None]) -> bool:
    return operation_of(password.display_name) == operation_id and password.key_id not in stored


async def _issue(attempt: Attempt, wanted: CredentialPlan, object_id: str) -> VaultEntry:
    ports, operation, now = attempt.ports, attempt.operation, attempt.now()
    await attempt.lease.keep()
    pending_at = now if is_pending(wanted.secret_name) else None
    await attempt.save_operation(operation.with_credential(wanted.credential, intended_at=now, pending_at=pending_at))
    await ports.cleanups.put(Cleanup(operation.unique_name, operation.id, wanted.secret_names, now))
    expires = (now + wanted.lifetime).replace(microsecond=0)
    try:
        with attempt.tolerate_lag(attempt.application.written_at):
            issued = await ports.directory.add_password(
                object_id, credential_display_name(operation.id, wanted.description), expires
            )
    except RegistrarError as error:
        if error.had_no_effect:
            await _take_back_intent(attempt, wanted)
        raise
    tags = wanted.tags.issued(issued.key_id).to_tags()
    try:
        # An operation that took the lease meanwhile may have stored a secret of this name: its own stays newest.
        await attempt.lease.keep()
        entry = await ports.vault.store(
            operation.unique_name, wanted.secret_name, issued.value, not_before=now, expires=expires, tags=tags
        )
    except RegistrarError as error:
        await _undo(attempt, wanted, object_id, issued, error)
        raise
    await attempt.save_operation(
        attempt.operation.with_credential(
            wanted.credential, key_id=issued.key_id, version=entry.version, proven_version=None, intended_at=None
        )
    )
    await close_cleanup(attempt)
    return entry


async def settle_pending(attempt: Attempt, credential: str) -> None:
    """Record that nothing of this operation is left under the pending name."""
    if attempt.operation.credential(credential).pending_at is not None:
        await attempt.save_operation(attempt.operation.with_credential(credential, pending_at=None))
        await close_cleanup(attempt)


async def close_cleanup(attempt: Attempt) -> None:
    """Remove the operation's clean-up entry, once none of its credentials needs cleaning up."""
    if not any(made.is_open for made in attempt.operation.credentials.values()):
        await attempt.ports.cleanups.remove(attempt.operation.unique_name, attempt.operation.id)


async def _undo(
    attempt: Attempt, wanted: CredentialPlan, object_id: str, issued: IssuedPassword, error: RegistrarError
) -> None:
    """Remove a secret that the vault certainly did not store. If in doubt, the next attempt reads and decides."""
    if isinstance(error, UnavailableError):
        return
    try:
        removed = await attempt.ports.directory.remove_password(object_id, issued.key_id)
    except DeferredError:
        return
    if removed:
        await _take_back_intent(attempt, wanted)


async def _take_back_intent(attempt: Attempt, wanted: CredentialPlan) -> None:
    """Record that nothing was issued, or that it is gone: the next attempt may issue at once."""
    await attempt.save_operation(attempt.operation.with_credential(wanted.credential, intended_at=None))
