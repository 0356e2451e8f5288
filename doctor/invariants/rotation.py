"""Beside the invariants: nothing that a rotation left is forgotten."""

from collections.abc import Iterator

from doctor.breach import Breach, Invariant
from doctor.evidence import SecretVersion, VaultSecret
from doctor.invariants.case import Case
from doctor.moments import moment


def left_over(case: Case) -> Iterator[Breach]:
    """Find replaced credentials that live on after their overlap, and unproven values that nobody carries on."""
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
    """Return whether what this version replaced should be gone: sweeps come by the hour, and a day has one to spare."""
    until = moment(version.tags.get("retireAfter"))
    return until is not None and case.is_older(until, case.patience.retiring)


def _outlived(secret: VaultSecret, version: SecretVersion, key_id: str) -> Breach:
    return Breach(
        Invariant.RETIRED,
        secret.name,
        f"the replaced credential {key_id} is still there; its overlap ended on {version.tags.get('retireAfter')}",
        "Check that the app is running, and its timer sweep_credentials: that removes the credential by itself.",
    )


def _unproven(case: Case, secret: VaultSecret) -> Iterator[Breach]:
    for version in secret.versions:
        is_over = case.is_judged(version.tags.get("operationId", "")) and case.is_older(
            version.created, case.patience.settling + case.patience.lag
        )
        if version.enabled and is_over:
            yield Breach(
                Invariant.RETIRED,
                secret.name,
                "its value is not proven by a sign-in, but the rotation that stored it has ended",
                "The next rotation of this credential goes on with it. To drop it now, remove the credential "
                f"{version.tags.get('keyId')} from the application, and disable its version {version.version}.",
            )
