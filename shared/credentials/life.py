"""When and why a credential is due, from what the vault and the directory show. Pure.

    issued                      rotate_at        promoted          retire_after      expires
      |------------------------------|---------------|------------------|----------------|
                                      new one issued      both sign in    old one removed

A day counts as 24 hours. `rotate_at` is up to a tenth of `rotateBeforeDays` earlier than that many days before expiry,
by a draw from the credential's own id: credentials issued together are not due together.
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
"""Largest share of the lead time by which the draw makes a rotation earlier."""
_SAME = timedelta(seconds=2)
"""Tolerance: Key Vault keeps whole seconds, Entra fractions."""


class Reason(StrEnum):
    """Why a credential is replaced."""

    NEARING_EXPIRY = "nearing_expiry"
    EXPIRED = "expired"
    PAST_MAXIMUM_AGE = "past_maximum_age"
    UNKNOWN_TO_DIRECTORY = "unknown_to_directory"
    VAULT_AND_DIRECTORY_DISAGREE = "vault_and_directory_disagree"


@dataclass(frozen=True)
class Retirement:
    """A replaced credential that still exists, and when it is removed."""

    key_id: str
    version: str
    """The vault's version that holds its value."""
    at: datetime
    kind: CredentialType


def lead(tags: SecretTags) -> timedelta:
    """Return how long before its expiry a credential is replaced: at most half of its life."""
    return min(timedelta(days=tags.rotate_before_days), timedelta(days=tags.lifetime_days) / 2)


def overlap(tags: SecretTags) -> timedelta:
    """Return how long a replaced credential lives on: never beyond its expiry."""
    return min(timedelta(days=tags.overlap_days), lead(tags))


def rotate_at(entry: VaultEntry, tags: SecretTags) -> datetime | None:
    """Return when a vault version's credential is due; None without an expiry."""
    if entry.expires is None:
        return None
    draw = int.from_bytes(sha256(tags.key_id.encode()).digest()[:4]) / 2**32
    return entry.expires - lead(tags) * (1 + _EARLIER * draw)


def why_by_age(entry: VaultEntry, now: datetime, rules: CredentialRules) -> Reason | None:
    """Return why a vault secret's newest version is to be replaced, by its times alone; None if it is not.

    A version that is not ours, or was disabled, is never due: a new version would put it back into service.
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
    """Return why a version is to be replaced, by what the directory shows; None if the two agree.

    A version stored within the lag window may be newer than the read, and is not judged.
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
    """Return which of `WARNED_DAYS` has come; None if `last` was that warning, or a later one."""
    come = [days for days in WARNED_DAYS if expires - now <= timedelta(days=days)]
    days = min(come, default=None)
    return days if days is not None and (last is None or days < last) else None


def retirements(versions: Sequence[VaultEntry]) -> tuple[Retirement, ...]:
    """List a secret's replaced credentials that have not been removed yet; `versions` are oldest first.

    A version is removed when its successor's tags say so, whatever came after: two rotations may overlap. A version
    that others set is not a successor, and is not removed.
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
    """Return whether a version was disabled by hand before its overlap ended: its credential may still be live."""
    return entry.updated is not None and entry.updated < end


def disabled(entry: VaultEntry, at: datetime) -> VaultEntry:
    """Return a version as it is once the registrar has disabled it."""
    return replace(entry, enabled=False, updated=at)


def ended(versions: Sequence[VaultEntry], now: datetime) -> tuple[Retirement, ...]:
    """List the retirements that are due."""
    return tuple(retirement for retirement in retirements(versions) if retirement.at <= now)


def next_due(versions: Sequence[VaultEntry]) -> datetime | None:
    """Return when a secret is to be checked next: to rotate our newest version, or to end an overlap."""
    versions = ours(versions)
    if not versions:
        return None
    newest, tags = versions[-1], read_tags(versions[-1])
    moments = [retirement.at for retirement in retirements(versions)]
    if tags is not None and newest.enabled and (due := rotate_at(newest, tags)) is not None:
        moments.append(due)
    return min(moments, default=None)
