"""When a credential is due, and why: pure, from what the vault and the directory show.

    issued                      rotate_at        promoted          retire_after      expires
      |------------------------------|---------------|------------------|----------------|
                                      a new one beside    both sign in    the old one gone

A day counts as 24 hours. `rotate_at` is earlier than `rotateBeforeDays` before the expiry by up to a tenth of them,
by a draw that the credential's own id makes: so what was issued together is not due together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from shared.credentials.tags import SecretTags, ours, read_tags
from shared.model.directory import CredentialType, SeenCredentials
from shared.model.vault import VaultEntry
from shared.policy.policy_file import CredentialRules

_EARLIER = 0.1
"""Of the time before expiry: how much earlier the draw may make a rotation."""
_SAME = timedelta(seconds=2)
"""Key Vault keeps whole seconds, Entra more."""


class Reason(StrEnum):
    """Why a credential is replaced."""

    NEARING_EXPIRY = "nearing_expiry"
    EXPIRED = "expired"
    PAST_MAXIMUM_AGE = "past_maximum_age"
    UNKNOWN_TO_DIRECTORY = "unknown_to_directory"
    VAULT_AND_DIRECTORY_DISAGREE = "vault_and_directory_disagree"


@dataclass(frozen=True)
class Retirement:
    """A replaced credential that is still there, and when it goes."""

    key_id: str
    version: str
    """The vault's version that holds its value."""
    at: datetime
    kind: CredentialType


def lead(tags: SecretTags) -> timedelta:
    """How long before its expiry a credential is replaced: never more than half of its life."""
    return min(timedelta(days=tags.rotate_before_days), timedelta(days=tags.lifetime_days) / 2)


def overlap(tags: SecretTags) -> timedelta:
    """How long a replaced credential lives on: never so long that it would expire before it goes."""
    return min(timedelta(days=tags.overlap_days), lead(tags))


def rotate_at(entry: VaultEntry, tags: SecretTags) -> datetime | None:
    """When the credential of a vault version is due; None for one that has no expiry."""
    if entry.expires is None:
        return None
    draw = int.from_bytes(sha256(tags.key_id.encode()).digest()[:4]) / 2**32
    return entry.expires - lead(tags) * (1 + _EARLIER * draw)


def why_by_age(entry: VaultEntry, now: datetime, rules: CredentialRules) -> Reason | None:
    """Say why the newest version of a vault secret is to be replaced, as far as its times tell; None when it is not.

    What is not ours, or was disabled by somebody, is never due: a new version would put it back into service.
    """
    tags = read_tags(entry)
    if tags is None or not entry.enabled:
        return None
    if entry.expires is not None and entry.expires <= now:
        return Reason.EXPIRED
    due = rotate_at(entry, tags)
    if due is not None and due <= now:
        return Reason.NEARING_EXPIRY
    oldest = timedelta(days=rules.max_lifetime_days)
    if entry.created is not None and now - entry.created >= oldest:
        return Reason.PAST_MAXIMUM_AGE
    return None


def why_by_directory(entry: VaultEntry, seen: SeenCredentials, now: datetime, lag_window: timedelta) -> Reason | None:
    """Say why a version is to be replaced, by what the directory shows of it; None when the two agree.

    A version that was stored within the lag window may be newer than the read: nothing rests on that.
    """
    tags = read_tags(entry)
    if tags is None or not entry.enabled or entry.created is None or now - entry.created < lag_window:
        return None
    if tags.client_id != seen.client_id:
        return Reason.VAULT_AND_DIRECTORY_DISAGREE
    found = seen.find(tags.key_id)
    if found is None:
        return Reason.UNKNOWN_TO_DIRECTORY
    if found.end is not None and entry.expires is not None and entry.expires - found.end > _SAME:
        return Reason.VAULT_AND_DIRECTORY_DISAGREE
    return None


WARNED_DAYS = (21, 14, 7, 3, 1, 0)
"""Days before its expiry on which people are warned of a credential that cannot be replaced."""


def warning_due(expires: datetime, now: datetime, last: int | None) -> int | None:
    """Say which of `WARNED_DAYS` has come; None when people were warned of it, or of a later one, the `last` time."""
    come = [days for days in WARNED_DAYS if expires - now <= timedelta(days=days)]
    days = min(come, default=None)
    return days if days is not None and (last is None or days < last) else None


def retirements(versions: Sequence[VaultEntry]) -> tuple[Retirement, ...]:
    """List the replaced credentials of a secret that are not ended yet; `versions` are oldest first.

    A version goes when its successor says so, whatever came after that: two rotations may overlap. What somebody else
    set is nobody's successor, and does not go.
    """
    versions = ours(versions)
    successors = {tags.previous_key_id: tags for entry in versions if (tags := read_tags(entry)) is not None}
    found: list[Retirement] = []
    for entry in versions[:-1]:
        tags = read_tags(entry)
        successor = successors.get(tags.key_id) if tags is not None else None
        if tags is None or successor is None or successor.retire_after is None:
            continue
        if entry.enabled or _was_disabled_before(entry, successor.retire_after):
            found.append(Retirement(tags.key_id, entry.version, successor.retire_after, entry.type))
    return tuple(found)


def _was_disabled_before(entry: VaultEntry, end: datetime) -> bool:
    """Return whether somebody disabled a version before its overlap was over: the directory still knows it then."""
    return entry.updated is not None and entry.updated < end


def disabled(entry: VaultEntry, at: datetime) -> VaultEntry:
    """Return a version as it is once the registrar has disabled it."""
    return replace(entry, enabled=False, updated=at)


def ended(versions: Sequence[VaultEntry], now: datetime) -> tuple[Retirement, ...]:
    """List those of them whose time has come."""
    return tuple(retirement for retirement in retirements(versions) if retirement.at <= now)


def next_due(versions: Sequence[VaultEntry]) -> datetime | None:
    """When a secret is to be looked at next: for the rotation of our newest version, or for the end of an overlap."""
    versions = ours(versions)
    if not versions:
        return None
    newest, tags = versions[-1], read_tags(versions[-1])
    moments = [retirement.at for retirement in retirements(versions)]
    if tags is not None and newest.enabled and (due := rotate_at(newest, tags)) is not None:
        moments.append(due)
    return min(moments, default=None)
