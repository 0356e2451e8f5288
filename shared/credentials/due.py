"""The due index: one row per credential, under the day on which it has to be checked.

It can be lost and rebuilt: its rows are derived from the vault's versions, and corrected wherever one is found to be
wrong.
"""

from collections.abc import Sequence

from shared.core import log
from shared.credentials.life import next_due
from shared.credentials.tags import ours
from shared.model.vault import VaultEntry
from shared.ports import DueEntry, DueIndex, day_of


def log_above(unique_name: str, credential: str, everything: Sequence[VaultEntry]) -> None:
    """Log the version, if any, that others set above ours: clients read it."""
    newest = everything[-1]
    if not ours((newest,)):
        log.warning("credential.newer_version_not_ours", app=unique_name, credential=credential, version=newest.version)


async def list_due(
    due: DueIndex, unique_name: str, credential: str, before: Sequence[VaultEntry], after: Sequence[VaultEntry]
) -> None:
    """List when a credential is to be checked next, now that its vault secret has the versions `after`.

    `before` are those that it had, oldest first. The new row is written first: an extra one does no harm.
    """
    old, new = next_due(before), next_due(after)
    if new is not None:
        await due.put(DueEntry(unique_name, credential, new, after[-1].expires))
    if old is not None and (new is None or day_of(old) != day_of(new)):
        await due.remove(unique_name, credential, day_of(old))
