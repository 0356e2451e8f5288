"""Invariants 2 and 3: a live credential has its value in the vault, and the value in the vault signs in."""

from collections.abc import Iterator

from doctor.evidence import Application, Key, Password, Record, VaultSecret
from doctor.finding import Finding, Invariant, RemovePassword
from doctor.invariants.case import Case
from shared.core.naming import operation_of, vault_secret_name


def lost_values(case: Case) -> Iterator[Finding[Invariant]]:
    """Find live credentials with our mark whose value no vault version holds (invariant 2)."""
    if not case.evidence.secrets.is_whole:
        return
    for app in case.evidence.applications:
        for each in app.credentials:
            operation_id = operation_of(each.display_name)
            if operation_id is not None and _is_due(case, each, operation_id) and not _is_kept(case, app, each):
                yield _lost(case, app, each, operation_id)


def _is_due(case: Case, password: Password, operation_id: str) -> bool:
    """Return whether a credential is live, and old enough that its value has to be in the vault."""
    now, patience = case.evidence.now, case.patience
    is_live = password.end is None or now < password.end
    return is_live and case.is_older(password.start, patience.settling + patience.lag) and case.is_judged(operation_id)


def _is_kept(case: Case, app: Application, password: Password) -> bool:
    """Return whether a version claims to hold this credential's value, and a sign-in did not disprove it."""
    versions = [*case.stored.get((app.unique_name or "", password.key_id), ())]
    if isinstance(password, Key):
        versions += case.thumbprints.get((app.unique_name or "", password.thumbprint), ())
    return any(version.signs_in is not False for version in versions)


def _lost(case: Case, app: Application, password: Password, operation_id: str) -> Finding[Invariant]:
    kind, option = ("certificate", " --cert") if isinstance(password, Key) else ("secret", "")
    what = f"the live {kind} {password.key_id} ({password.display_name}) is not in the vault"
    by_hand = f"az ad app credential delete --id {app.client_id} --key-id {password.key_id}{option}"
    repair: RemovePassword | None = None
    if recoverable := case.recoverable.get(app.unique_name or ""):
        recover = f"az keyvault secret recover --name {recoverable} --vault-name <vault>"
        advice = f"A deleted vault secret of this app may have its value. Recover that first: {recover}"
    elif not isinstance(password, Key) and _is_lost_for_good(case, app, password, operation_id):
        advice = f"Nobody has its value. Remove it with FIX=1 make doctor, or by hand: {by_hand}"
        repair = RemovePassword(app.unique_name or "", app.object_id, password.key_id, operation_id)
    else:
        advice = (
            "No operation's record knows it, or the vault's value for it does not sign in. Find out who uses it before "
            f"you remove it: {by_hand}"
        )
    return Finding(Invariant.VALUE_KEPT, app.name, what, advice, repair)


def _is_lost_for_good(case: Case, app: Application, password: Password, operation_id: str) -> bool:
    """Return whether its value is lost: it is ours, and no version, live or deleted, claims to hold it."""
    claimed = (app.unique_name or "", password.key_id) in case.stored
    is_known = app.is_ours and not app.deleted and operation_id in case.records
    return is_known and not claimed and case.evidence.deleted_secrets.is_whole


def unusable_values(case: Case) -> Iterator[Finding[Invariant]]:
    """Find values that clients read but that do not sign in, and answered secrets that are missing (invariant 3)."""
    for secret in case.evidence.secrets:
        is_old = case.is_older(secret.newest.created, case.patience.settling + case.patience.lag)
        is_read = secret.is_ours and not secret.is_pending
        is_judged = case.is_judged(secret.newest.tags.get("operationId", ""))
        if is_read and is_old and is_judged and not _is_rolled_back(case, secret):
            yield from unusable(case, secret)
    if case.evidence.secrets.is_whole:
        yield from _answered_and_missing(case)


def _is_rolled_back(case: Case, secret: VaultSecret) -> bool:
    """Return whether a refused request issued its newest version, and no completed request has named it since."""
    return not secret.newest.enabled and any(
        record is not None
        and (record.state == "rejected" or record.is_taken_back)
        and not _was_answered_later(case, record, secret.newest.tags.get("credential", ""))
        for record in map(case.records.get, _issuers(case, secret))
    )


def _issuers(case: Case, secret: VaultSecret) -> set[str]:
    """Return the operations that may have issued the newest version: one may promote the certificate of another."""
    newest = secret.newest
    same = case.thumbprints.get((secret.unique_name, newest.thumbprint), ()) if newest.thumbprint else ()
    return {version.tags.get("operationId", "") for version in (newest, *same)}


def _was_answered_later(case: Case, record: Record, credential: str) -> bool:
    return any(
        later.state == "completed"
        and later.sequence > record.sequence
        and later.unique_name == record.unique_name
        and credential in later.credentials
        for later in case.evidence.records
    )


def unusable(case: Case, secret: VaultSecret) -> Iterator[Finding[Invariant]]:
    """Find what keeps clients from signing in with the value they read, however recent it is."""
    newest, again = secret.newest, "Send a new request for the app that names this credential."
    if not newest.enabled:
        what = "its newest version is disabled"
        advice = "Ask whoever disabled it. Then enable it, or send a request with the action rotate for a new one."
    elif newest.expires is not None and newest.expires <= case.evidence.now:
        what, advice = f"it expired on {newest.expires:%Y-%m-%d}", again
    elif newest.signs_in is False:
        what = "its value does not sign in"
        advice = f"Find out whether somebody removed the credential, or deleted or disabled the application. {again}"
    else:
        return
    yield Finding(Invariant.SIGNS_IN, secret.name, what, advice)


def newer_versions_of_others(case: Case) -> Iterator[Finding[None]]:
    """Find secrets of ours whose newest version, which clients read, was set by others."""
    for secret in case.evidence.secrets:
        if secret.is_ours and secret.above is not None and not secret.is_pending:
            yield Finding(
                None,
                secret.name,
                f"its newest version {secret.above.version} is not the registrar's, and clients read it",
                "To have clients read the registrar's credential, send a request with the action rotate, or wait for "
                "the next rotation: its new version becomes the newest. To keep the other value, move it to a secret "
                "of another name.",
            )


def newest_completed(case: Case) -> dict[str, Record]:
    """Find the newest completed change of each app."""
    newest: dict[str, Record] = {}
    for record in case.evidence.records:
        if record.state == "completed" and record.is_change:
            known = newest.get(record.unique_name)
            if known is None or known.sequence < record.sequence:
                newest[record.unique_name] = record
    return newest


def _answered_and_missing(case: Case) -> Iterator[Finding[Invariant]]:
    present = {secret.name for secret in case.evidence.secrets}
    for name, record in newest_completed(case).items():
        for credential in record.credentials:
            secret_name = vault_secret_name(name, credential)
            if secret_name not in present and name in case.applications_by_name:
                yield Finding(
                    Invariant.SIGNS_IN,
                    name,
                    f"the answer names the secret {secret_name}, but the vault does not have it",
                    f"Recover it: az keyvault secret recover --name {secret_name} --vault-name <vault>; if it was "
                    "purged, send a new request for the app that names this credential.",
                )
