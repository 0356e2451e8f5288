"""What a rotation replaced is removed once its overlap is over, and what it stored is proven."""

from collections.abc import Iterator

from doctor.evidence import SecretVersion, VaultSecret
from doctor.finding import Finding, Invariant
from doctor.invariants.case import Case
from doctor.times import parse_time_or_none


def left_by_rotations(case: Case) -> Iterator[Finding[Invariant]]:
    """Find replaced credentials that outlive their overlap, and unproven values of rotations that have ended."""
    live = {
        (app.unique_name, credential.key_id)
        for app in case.live_applications
        for credential in app.credentials
        if credential.end is None or case.evidence.now < credential.end
    }
    for secret in case.evidence.secrets:
        if secret.is_ours and secret.is_pending:
            yield from _unproven(case, secret)
        elif secret.is_ours:
            for version in secret.versions:
                key_id = version.tags.get("previousKeyId", "")
                if _is_overdue(case, version) and (secret.unique_name, key_id) in live:
                    yield _outlived(secret, version, key_id)


def _is_overdue(case: Case, version: SecretVersion) -> bool:
    """Return whether what this version replaced should be gone: a sweep runs every hour, so a day is ample."""
    until = parse_time_or_none(version.tags.get("retireAfter"))
    return until is not None and case.is_older(until, case.patience.retiring)


def _outlived(secret: VaultSecret, version: SecretVersion, key_id: str) -> Finding[Invariant]:
    return Finding(
        Invariant.RETIRED,
        secret.name,
        f"the replaced credential {key_id} is still there; its overlap ended on {version.tags.get('retireAfter')}",
        "Check that the app is running, and its timer sweep_credentials: that removes the credential by itself.",
    )


def _unproven(case: Case, secret: VaultSecret) -> Iterator[Finding[Invariant]]:
    for version in secret.versions:
        is_over = case.is_judged(version.tags.get("operationId", "")) and case.is_older(
            version.created, case.patience.settling + case.patience.lag
        )
        if version.enabled and is_over:
            yield Finding(
                Invariant.RETIRED,
                secret.name,
                "its value is not proven by a sign-in, but the rotation that stored it has ended",
                "The next rotation of this credential goes on with it. To drop it now, remove the credential "
                f"{version.tags.get('keyId')} from the application, and disable its version {version.version}.",
            )
