"""A secret's versions in the vault, distinguished by who set them. Pure.

Clients read the newest version, whoever set it. The registrar continues from its own newest one, and never touches
others' versions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.core.errors import Problem
from shared.core.text import echo
from shared.credentials.tags import ours
from shared.model.vault import VaultEntry


@dataclass(frozen=True)
class VaultSecret:
    """Everything under a name: all versions, oldest first, or the tags of a soft-deleted secret."""

    everything: tuple[VaultEntry, ...]
    deleted_tags: Mapping[str, str] | None

    @property
    def versions(self) -> tuple[VaultEntry, ...]:
        """The registrar's versions, oldest first."""
        return ours(self.everything)

    @property
    def entry(self) -> VaultEntry | None:
        """The registrar's newest version."""
        versions = self.versions
        return versions[-1] if versions else None

    @property
    def tags(self) -> Mapping[str, str] | None:
        """The tags that tell who manages the name; None if it is free."""
        newest = self.entry or (self.everything[-1] if self.everything else None)
        return newest.tags if newest is not None else self.deleted_tags

    @property
    def above(self) -> VaultEntry | None:
        """The newest version, which clients read, if others set it above one of the registrar's."""
        newest = self.everything[-1] if self.everything else None
        return newest if newest is not None and self.versions and newest != self.entry else None

    @property
    def below(self) -> VaultEntry | None:
        """The version right below the registrar's newest one, if others set it."""
        place = self.everything.index(self.entry) if self.entry is not None else 0
        before = self.everything[place - 1] if place > 0 else None
        return before if before is not None and before not in self.versions else None


def notes_on(field: str, kept: VaultSecret, entry: VaultEntry, operation_id: str) -> list[Problem]:
    """Return notes on why clients cannot read the version that the answer names, or what they read until now.

    `kept` is the secret when the attempt began, `entry` the version that the answer names: an existing or a new one.
    """
    notes = list[Problem]()
    if not entry.enabled:
        notes.append(_disabled(field, entry))
    if kept.entry is None or entry.version != kept.entry.version:
        return [*notes, *_replaced(field, kept.above)]
    if entry.tags.get("operationId") == operation_id:
        notes += _replaced(field, kept.below)
    return [*notes, *_newest(field, kept.above)]


def _disabled(field: str, entry: VaultEntry) -> Problem:
    return Problem(
        field,
        "credential_disabled",
        f"Version {entry.version} of the Key Vault secret {echo(entry.name)} is disabled, so clients cannot read it. "
        "This request leaves it disabled. Enable that version in Key Vault, or send a request with the action rotate "
        "to get a new credential.",
    )


def _newest(field: str, theirs: VaultEntry | None) -> list[Problem]:
    if theirs is None:
        return []
    message = (
        f"Version {theirs.version} of the Key Vault secret {echo(theirs.name)} is not the registrar's. It is the "
        "newest version, so clients read it, and not the credential in this answer. To have them read a credential of "
        "the registrar's, send a request with the action rotate; the next rotation puts a new version on top in any "
        "case. To keep the value that was set by hand, move it to a secret of another name."
    )
    return [Problem(field, "newer_version_not_ours", message)]


def _replaced(field: str, theirs: VaultEntry | None) -> list[Problem]:
    if theirs is None:
        return []
    message = (
        f"Until now, clients read version {theirs.version} of the Key Vault secret {echo(theirs.name)}, which is not "
        "the registrar's. They now read the version in this answer. The other version is unchanged: if its value is "
        "still needed, move it to a secret of another name."
    )
    return [Problem(field, "newer_version_replaced", message)]
