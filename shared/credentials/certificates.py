"""Issues certificates: made in the vault that keeps the key, and in the directory before any client reads them.

    make        Key Vault creates the pair under the pending name; the private key leaves it only to sign in
    add         its public part is added to the application's list
    verify      a token is obtained with it
    promote     the pair is imported as the newest version of the name that clients read

A version made directly under that name would be the newest before the directory knows it. No certificate is live
without its key in the vault. An operation that ends before promotion leaves the pair to its clean-up entry.
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
"""Key Vault counts a certificate's life in months: at 31 days each, it never outlives the requested lifetime."""


def months_of(lifetime: timedelta) -> int:
    """Return the months of a certificate's life; at least one."""
    return max(1, lifetime.days // DAYS_PER_MONTH)


def life_of(kind: CredentialType, days: int) -> timedelta:
    """Return the longest life of a credential requested with a lifetime of so many days."""
    lifetime = timedelta(days=days)
    return lifetime if kind == "secret" else timedelta(days=DAYS_PER_MONTH) * months_of(lifetime)


async def issue_certificate(
    attempt: Attempt,
    wanted: CredentialPlan,
    holder: TargetApplication,
    kept: VaultSecret,
    promoted: Sequence[VaultEntry],
) -> VaultEntry:
    """Return the pending version once the directory has its public part, with its keyId among its tags.

    `kept` is what the pending name holds: an existing pair is used, whichever operation made it. `promoted` are the
    versions that clients read, or have read.
    """
    if kept.deleted_tags is not None:
        await recover(attempt, wanted.secret_name, "certificate")
    entry = _reusable(attempt, kept, promoted)
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


def _reusable(attempt: Attempt, kept: VaultSecret, promoted: Sequence[VaultEntry]) -> VaultEntry | None:
    entry, used = kept.entry, {version.thumbprint for version in promoted}
    if entry is None or not entry.enabled or not entry.thumbprint or entry.thumbprint in used:
        return None
    return entry if entry.expires is not None and attempt.now() < entry.expires else None


async def _make(attempt: Attempt, wanted: CredentialPlan) -> VaultEntry:
    """Create a pair, once: it takes Key Vault some seconds, and its answer may be lost."""
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
