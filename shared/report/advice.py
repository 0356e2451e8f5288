"""Advice on one credential, from the listings. Pure."""

from datetime import datetime, timedelta

from shared.core.naming import CREDENTIAL_MARK
from shared.model.directory import HeldCredential
from shared.report.managed import Known, Part
from shared.report.rows import Advice, Urgency

SOON = timedelta(days=30)
_UNDER_WAY = timedelta(minutes=15)
"""A credential of ours this young may not have reached the vault yet."""
_OVERDUE_AFTER = timedelta(days=1)
"""The sweep runs hourly; what is not done within a day is stuck."""


def advise(
    credential: HeldCredential,
    known: Known | None,
    *,
    now: datetime,
    max_lifetime: timedelta,
    is_renewed_by_platform: bool = False,
) -> Advice:
    """Return the advice on a credential; `known` is the vault's knowledge of it, None if it has none."""
    if known is not None:
        return _of_managed(credential, known, now)
    if is_renewed_by_platform:
        return Advice(
            "renewed_by_platform", "Belongs to a managed identity. Azure replaces it. Nothing to do.", Urgency.FINE
        )
    return _of_unmanaged(credential, now, max_lifetime)


def is_marked(credential: HeldCredential) -> bool:
    """Return whether a credential bears the registrar's mark, which anyone can write."""
    return (credential.display_name or "").startswith(CREDENTIAL_MARK)


def _of_managed(credential: HeldCredential, known: Known, now: datetime) -> Advice:
    has_expired = credential.end is not None and credential.end <= now
    match known.part:
        case Part.PENDING:
            return Advice(
                "being_proven",
                "A rotation is in progress, and this is the new credential. Nothing to do.",
                Urgency.FINE,
            )
        case Part.REPLACED:
            return _of_replaced(known, now)
        case Part.CURRENT if known.at is None:
            return Advice(
                "not_replaced",
                f"The version of the Key Vault secret {known.secret_name} that holds it is disabled or has no expiry, "
                "so it is not replaced. Enable that version, ask for a rotation, or remove the credential.",
                Urgency.ACT if has_expired else Urgency.WATCH,
            )
        case Part.CURRENT:
            if has_expired or (known.at is not None and now - known.at > _OVERDUE_AFTER):
                return Advice(
                    "replacement_overdue",
                    f"Was due for replacement on {_day(known.at)} and is still in use. See 'A credential is not "
                    "rotated' in the runbook.",
                    Urgency.ACT,
                )
            if not known.is_read:
                return Advice(
                    "newer_version_not_ours",
                    f"The newest version of the Key Vault secret {known.secret_name} is not the registrar's. Clients "
                    f"read that one, not this credential, until this one is replaced on {_day(known.at)}. To replace "
                    "it now, ask for a rotation. To keep the other value, move it to a secret of another name.",
                    Urgency.WATCH,
                )
            return Advice(
                "will_be_replaced", f"The registrar replaces it on {_day(known.at)}. Nothing to do.", Urgency.FINE
            )


def _of_replaced(known: Known, now: datetime) -> Advice:
    if known.at is not None and now - known.at > _OVERDUE_AFTER:
        return Advice(
            "removal_overdue",
            f"Is replaced, was due for removal on {_day(known.at)}, and is still there. See 'A credential is not "
            "rotated' in the runbook.",
            Urgency.ACT,
        )
    when = f" on {_day(known.at)}" if known.at is not None else " when its overlap ends"
    return Advice(
        "will_be_removed", f"Is replaced by a newer one. The registrar removes it{when}. Nothing to do.", Urgency.FINE
    )


def _of_unmanaged(credential: HeldCredential, now: datetime, max_lifetime: timedelta) -> Advice:
    if credential.end is not None and credential.end <= now:
        return Advice(
            "expired", f"Expired on {_day(credential.end)}. Nobody can sign in with it. Remove it.", Urgency.WATCH
        )
    if is_marked(credential):
        if credential.start is not None and now - credential.start < _UNDER_WAY:
            return Advice(
                "being_issued", "Was issued moments ago and is on its way to Key Vault. Nothing to do.", Urgency.FINE
            )
        return Advice(
            "mark_unknown_to_vault",
            "Has the registrar's mark in its name, but no Key Vault secret holds its value: somebody else may have "
            "it. Run make doctor. If nobody can say what the credential is for, remove it.",
            Urgency.ACT,
        )
    if credential.end is not None and credential.end - now <= SOON:
        return Advice(
            "expires_soon",
            f"Expires on {_day(credential.end)}, and the registrar does not replace it. Ask its owner to replace it.",
            Urgency.ACT,
        )
    if credential.end is None:
        return Advice("no_expiry", "Never expires. Replace it with one that does.", Urgency.WATCH)
    if credential.start is not None and credential.end - credential.start > max_lifetime + timedelta(days=1):
        days = (credential.end - credential.start).days
        return Advice(
            "lives_too_long",
            f"Is valid for {days} days, and policy allows {max_lifetime.days}. Replace it with one that is valid for "
            "less time.",
            Urgency.WATCH,
        )
    return Advice(
        "fine",
        "Nothing to do now. The registrar does not manage it: its owner has to replace it before it expires.",
        Urgency.FINE,
    )


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment is not None else "an unknown date"
