"""What was seen, through the services' own interfaces: frozen, and honest about what could not be looked at.

Nothing here is a secret's value. Times are aware and in UTC.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from doctor.evidence.directory import (
    Application,
    Consent,
    Creator,
    Key,
    Password,
    Permission,
    PermissionType,
    RequiredPermission,
    ServicePrincipal,
)
from doctor.evidence.records import (
    Approved,
    Claim,
    Cleanup,
    GivenUp,
    Intent,
    Kept,
    Leaving,
    Noted,
    Owned,
    Record,
    Unsettled,
    Wants,
    Work,
)
from doctor.evidence.vault import MANAGED_BY, DeletedSecret, Leak, SecretVersion, VaultSecret
from doctor.evidence.watched import Event, Foreign, ForeignUri, Watched

__all__ = [
    "MANAGED_BY",
    "Application",
    "Approved",
    "Claim",
    "Cleanup",
    "Consent",
    "Creator",
    "DeletedSecret",
    "Event",
    "Evidence",
    "Foreign",
    "ForeignUri",
    "GivenUp",
    "Intent",
    "Kept",
    "Key",
    "Leak",
    "Leaving",
    "Noted",
    "Owned",
    "Password",
    "Permission",
    "PermissionType",
    "Record",
    "RequiredPermission",
    "SecretVersion",
    "Seen",
    "ServicePrincipal",
    "Unsettled",
    "VaultSecret",
    "Wants",
    "Watched",
    "Work",
]


@dataclass(frozen=True)
class Seen[T]:
    """What a listing showed. Unknown is never empty: `gap` says what could not be looked at.

    `hidden` says what nobody can see without changing it: messages that are delayed, or lie deep in a queue.
    """

    items: tuple[T, ...] = ()
    gap: str | None = None
    hidden: str | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    @property
    def is_whole(self) -> bool:
        """Return whether what is not here does not exist."""
        return self.gap is None and self.hidden is None


@dataclass(frozen=True)
class Evidence:
    """Everything that one look showed. `now` is the time by the storage service's clock."""

    now: datetime
    applications: Seen[Application] = Seen()
    principals: Seen[ServicePrincipal] = Seen()
    consents: Seen[Consent] = Seen()
    creators: Seen[Creator] = Seen()
    """The registrar's identity, as far as its quota of objects counts; at most one."""
    secrets: Seen[VaultSecret] = Seen()
    deleted_secrets: Seen[DeletedSecret] = Seen()
    records: Seen[Record] = Seen()
    claims: Seen[Claim] = Seen()
    unsettled: Seen[Unsettled] = Seen()
    cleanups: Seen[Cleanup] = Seen()
    leaving: Seen[Leaving] = Seen()
    owned: Seen[Owned] = Seen()
    noted: Seen[Noted] = Seen()
    pause: Seen[datetime] = Seen()
    """Until when the shared back-off row stops everybody; at most one."""
    kept: Seen[Kept] = Seen()
    given_up: Seen[GivenUp] = Seen()
    work: Seen[Work] = Seen()
    leaks: Seen[Leak] = Seen()
    watched: Watched | None = None

    @property
    def gaps(self) -> list[str]:
        """Say what could not be looked at, or not to its end."""
        return list(dict.fromkeys(seen.gap for seen in self._listings() if seen.gap))

    @property
    def hidden(self) -> list[str]:
        """Say what a look alone does not show."""
        return [seen.hidden for seen in self._listings() if seen.hidden]

    def _listings(self) -> Iterator[Seen[Any]]:
        for value in vars(self).values():
            if isinstance(value, Seen):
                yield cast("Seen[Any]", value)
