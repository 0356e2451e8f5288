"""The nightly check: compares a slice of the due index, and the directory's changes, with the vault.

The index can be lost: the slice then shows it, and all of it is rebuilt the same way. Of the directory only changes
since the last check are read. A credential that it no longer has, or has otherwise than the vault, gets a message to be
checked. Nothing is decided here: the listings of vault and directory are of different moments.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from shared.core import log
from shared.core.errors import RefusedError
from shared.core.naming import secret_of, vault_secret_name
from shared.core.runtime import Runtime
from shared.credentials.due import log_above
from shared.credentials.life import next_due, why_by_directory
from shared.credentials.owners import refresh_owner_tag
from shared.credentials.tags import SecretTags, ours, read_tags
from shared.model.directory import SeenCredentials
from shared.model.vault import VaultEntry
from shared.ports import Applications, ChangedApplications, Directory, DueEntry, DueIndex, Leases, Queues, Vault
from shared.rotation.messages import CheckOn, Hint

SLICES = 30
"""Every credential is checked once a month."""
_PAGES = 1000
"""Pages of the vault's listing in one run, 25 secrets each; the rest is left to a message."""
_LONGEST = timedelta(minutes=3)
"""Longest run, for the same reason: host.json ends a function after five minutes."""
_LOST_SHARE = 0.1
"""If more than this share of a slice differs, the whole index counts as lost."""
_NAMED = 50
"""Removed applications that one log event names."""


@dataclass(frozen=True, kw_only=True)
class IndexCheck:
    """Compares the due index, and the directory's changes, with the vault."""

    runtime: Runtime
    lag_window: timedelta
    """How long a read may lag behind a write."""
    directory: Directory
    vault: Vault
    due: DueIndex
    queues: Queues
    applications: Applications
    leases: Leases

    async def run(self, check: CheckOn | None = None) -> int:
        """Compare tonight's slice, or a message's, and correct the index; return how many rows differed."""
        started = self.runtime.now()
        check = check or CheckOn(part=started.toordinal() % SLICES, parts=SLICES)
        changes = await self._changes(check)
        # Changes while the check continues by messages are read next time, even if it has seen them.
        check = replace(check, link=check.link or changes.link)
        for _ in range(_PAGES):
            entries, place = await self.vault.page(check.place)
            check = replace(check, place=place)
            for entry in entries:
                check = await self._check_secret(check, entry, changes)
            if place is None:
                await self._conclude(check)
                return check.different
            if self.runtime.now() - started >= _LONGEST:
                break
        await self.queues.send_rotation(check.to_json())
        return check.different

    async def _changes(self, check: CheckOn) -> ChangedApplications:
        """Read the directory's changes since the last complete check.

        Everything is read the first time, when the link has expired (Graph's lives for seven days), with a rebuild, and
        with the first slice of a month, as earlier messages may have been lost.
        """
        link = await self.due.directory_link() if check.part > 0 else None
        try:
            changes = await self.directory.changed_applications(link)
        except RefusedError as refused:
            if link is None:
                raise
            log.warning("directory.link_refused", code=refused.code)
            link, changes = None, await self.directory.changed_applications(None)
        log.event("directory.read", everything=link is None, ours=len(changes.seen))
        if changes.removed:
            log.event("directory.applications_removed", count=len(changes.removed), ids=list(changes.removed[:_NAMED]))
        return changes

    async def _check_secret(self, check: CheckOn, entry: VaultEntry, changes: ChangedApplications) -> CheckOn:
        """Compare one secret with the directory's changes, and with the index if it is in this slice.

        `entry` is its newest version. If others set it above ours, all versions have to be read.
        """
        names, is_in_part = secret_of(entry.name), _part_of(entry, check.parts) == check.part
        there = changes.seen.get(names[0]) if names is not None else None
        if names is None or (there is None and not is_in_part):
            return check
        found = ours((entry,)) or ours(await self.vault.versions(names[0], entry.name))
        tags = read_tags(found[-1]) if found else None
        if tags is None:
            return check
        if there is not None:
            await self._compare_with_directory(found[-1], tags, there)
        if not is_in_part:
            return check
        differs = await self._compare_with_index(tags)
        return replace(check, checked=check.checked + 1, different=check.different + differs)

    async def _compare_with_directory(self, entry: VaultEntry, tags: SecretTags, seen: SeenCredentials) -> None:
        """Send a hint for a credential on which directory and vault disagree.

        This change may not be shown again, so if lag may explain the difference, the hint is delayed until it cannot.
        """
        now = self.runtime.now()
        certain = max(now, (entry.created or now) + self.lag_window)
        if why_by_directory(entry, seen, certain, self.lag_window) is not None:
            hint = Hint(tags.unique_name, tags.credential, ask_directory=True)
            await self.queues.send_rotation(hint.to_json(), certain - now)

    async def _compare_with_index(self, tags: SecretTags) -> bool:
        """Compare one credential with its row; return whether that was missing or wrong."""
        unique_name, credential = tags.unique_name, tags.credential
        everything = await self.vault.versions(unique_name, vault_secret_name(unique_name, credential))
        versions = ours(everything)
        if versions:
            log_above(unique_name, credential, everything)
            await refresh_owner_tag(self.applications, self.vault, self.leases, versions[-1])
        due = next_due(versions)
        if due is None:
            return False
        entry = DueEntry(unique_name, credential, due, versions[-1].expires)
        if await self.due.is_listed(entry):
            return False
        await self.due.put(entry)
        return True

    async def _conclude(self, check: CheckOn) -> None:
        log.event("index.checked", part=check.part, parts=check.parts, count=check.checked, different=check.different)
        if check.parts > 1 and check.different > check.checked * _LOST_SHARE:
            log.warning("index.rebuilding", different=check.different, count=check.checked)
            await self.queues.send_rotation(CheckOn(part=0, parts=1).to_json())
        if check.link is not None:
            await self.due.keep_directory_link(check.link)


def _part_of(entry: VaultEntry, parts: int) -> int:
    return int.from_bytes(sha256(entry.name.encode()).digest()[:4]) % parts
