"""How a certificate is issued: made where its key stays, and known to the directory before any client reads it.

    make        Key Vault makes the pair under the pending name; the private key never leaves it but to sign in
    add         its public part goes into the application's list, beside what is there
    verify      a token is obtained with it
    promote     the pair is imported as the newest version of the name that clients read

A version made under that name directly would be the newest one before the directory knows it. Nothing of this can be
live without its key in the vault. An operation that ends before the pair is promoted leaves it to its clean-up entry.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from shared.core.errors import NotYetVisibleError, RegistrarError
from shared.core.naming import credential_display_name
from shared.credentials.issuing import CredentialPlan, TargetApplication, recover
from shared.credentials.keys import add_key
from shared.credentials.pending import end_pending, is_given_up
from shared.credentials.versions import VaultSecret
from shared.model.directory import CredentialType
from shared.model.vault import VaultEntry
from shared.operations.attempt import Attempt
from shared.ports import Cleanup

DAYS_PER_MONTH = 31
"""Key Vault counts a certificate's life in months: so many days each, it never lives longer than was asked for."""


def months_of(lifetime: timedelta) -> int:
    """Return the months of a certificate's life; at least one."""
    return max(1, lifetime.days // DAYS_PER_MONTH)


def life_of(kind: CredentialType, days: int) -> timedelta:
    """Return how long a credential lives, at most, that is asked for with a lifetime of so many days."""
    lifetime = timedelta(days=days)
    return lifetime if kind == "secret" else timedelta(days=DAYS_PER_MONTH) * months_of(lifetime)


async def issue_certificate(
    attempt: Attempt,
    wanted: CredentialPlan,
    holder: TargetApplication,
    kept: VaultSecret,
    promoted: Sequence[VaultEntry],
) -> VaultEntry:
    """Return the pending version whose public part the directory knows, with its keyId among its tags.

    `kept` is what the pending name holds: a pair that stands there is used, whoever had it made. `promoted` are the
    versions that clients read, or have read.
    """
    if kept.deleted_tags is not None:
        await recover(attempt, wanted.secret_name, "certificate")
    entry = _standing(attempt, kept, promoted)
    if entry is not None and is_given_up(attempt, entry):
        await end_pending(attempt, holder, entry)
        entry = None
    if entry is None:
        entry = await _make(attempt, wanted)
    progress = attempt.operation.credential(wanted.credential)
    key_id = progress.key_id if progress.version == entry.version else None
    if key_id is None:
        public = await attempt.ports.vault.certificate(attempt.operation.unique_name, entry.name, entry.version)
        mark = credential_display_name(entry.tags["operationId"], wanted.description)
        key_id = await add_key(attempt, holder, public, mark)
        await attempt.save_operation(
            attempt.operation.with_credential(wanted.credential, key_id=key_id, version=entry.version)
        )
    return replace(entry, tags={**entry.tags, "keyId": key_id})


def _standing(attempt: Attempt, kept: VaultSecret, promoted: Sequence[VaultEntry]) -> VaultEntry | None:
    entry, used = kept.entry, {version.thumbprint for version in promoted}
    if entry is None or not entry.enabled or not entry.thumbprint or entry.thumbprint in used:
        return None
    return entry if entry.expires is not None and attempt.now() < entry.expires else None


async def _make(attempt: Attempt, wanted: CredentialPlan) -> VaultEntry:
    """Have a pair made, once: it takes Key Vault some seconds, and its answer may be lost."""
    unique_name, progress = attempt.operation.unique_name, attempt.operation.credential(wanted.credential)
    if attempt.is_recent(progress.pending_at):
        raise NotYetVisibleError(f"the certificate {wanted.secret_name} is being made")
    await attempt.lease.keep()
    now = attempt.now()
    await attempt.save_operation(attempt.operation.with_credential(wanted.credential, pending_at=now))
    await attempt.ports.cleanups.put(Cleanup(unique_name, attempt.operation.id, wanted.secret_names, now))
    try:
        entry = await attempt.ports.vault.make_certificate(
            unique_name,
            wanted.secret_name,
            subject=f"CN={unique_name}",
            months=months_of(wanted.lifetime),
            tags=wanted.tags.to_tags(),
        )
    except RegistrarError as error:
        if error.had_no_effect:
            await attempt.save_operation(attempt.operation.with_credential(wanted.credential, pending_at=None))
        raise
    if entry is None:
        raise NotYetVisibleError(f"the certificate {wanted.secret_name} is being made")
    return entry
