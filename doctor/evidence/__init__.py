"""The evidence, as read through the services' own interfaces: immutable, with explicit gaps.

It holds no secret's value. Times are aware and in UTC.
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
    AppOwner,
    Approval,
    AuditEntry,
    Claim,
    Cleanup,
    GivenUpMessage,
    Intent,
    KeptMessage,
    PendingRemoval,
    Record,
    RequestedState,
    Unsettled,
    WorkMessage,
)
from doctor.evidence.vault import MANAGED_BY, DeletedSecret, Leak, SecretVersion, VaultSecret

__all__ = [
    "MANAGED_BY",
    "AppOwner",
    "Application",
    "Approval",
    "AuditEntry",
    "Claim",
    "Cleanup",
    "Consent",
    "Creator",
    "DeletedSecret",
    "Evidence",
    "GivenUpMessage",
    "Intent",
    "KeptMessage",
    "Key",
    "Leak",
    "Password",
    "PendingRemoval",
    "Permission",
    "PermissionType",
    "Record",
    "RequestedState",
    "RequiredPermission",
    "SecretVersion",
    "Seen",
    "ServicePrincipal",
    "Unsettled",
    "VaultSecret",
    "WorkMessage",
]


@dataclass(frozen=True)
class Seen[T]:
    """The result of a listing. Unknown is never empty: `gap` says what could not be read.

    `hidden` names what cannot be read without changing it: messages that are delayed, or deep in a queue.
    """

    items: tuple[T, ...] = ()
    gap: str | None = None
    hidden: str | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    @property
    def is_whole(self) -> bool:
        """Return whether nothing exists beyond what is here."""
        return self.gap is None and self.hidden is None


@dataclass(frozen=True)
class Evidence:
    """One snapshot. `now` is the storage service's time."""

    now: datetime
    applications: Seen[Application] = Seen()
    principals: Seen[ServicePrincipal] = Seen()
    consents: Seen[Consent] = Seen()
    creators: Seen[Creator] = Seen()
    """The registrar's identity with its object counts; at most one."""
    secrets: Seen[VaultSecret] = Seen()
    deleted_secrets: Seen[DeletedSecret] = Seen()
    records: Seen[Record] = Seen()
    claims: Seen[Claim] = Seen()
    unsettled: Seen[Unsettled] = Seen()
    cleanups: Seen[Cleanup] = Seen()
    pending_removals: Seen[PendingRemoval] = Seen()
    owners: Seen[AppOwner] = Seen()
    audit_entries: Seen[AuditEntry] = Seen()
    pause: Seen[datetime] = Seen()
    """The time until which the shared back-off row makes every worker wait; at most one."""
    kept: Seen[KeptMessage] = Seen()
    given_up: Seen[GivenUpMessage] = Seen()
    work: Seen[WorkMessage] = Seen()
    leaks: Seen[Leak] = Seen()

    @property
    def gaps(self) -> list[str]:
        """What could not be read, or not completely."""
        return list(dict.fromkeys(seen.gap for seen in self._listings() if seen.gap))

    @property
    def hidden(self) -> list[str]:
        """What exists, but cannot be read without changing it."""
        return [seen.hidden for seen in self._listings() if seen.hidden]

    def _listings(self) -> Iterator[Seen[Any]]:
        for value in vars(self).values():
            if isinstance(value, Seen):
                yield cast("Seen[Any]", value)
