"""The writer of the chain: moves noted entries into it, in order.

Concurrent writers are safe: links, index and head are written in one transaction conditional on the head's ETag, so one
of two starts over. A writer may die at any line: the next one deletes the notes of entries already appended.
"""

from collections.abc import Sequence
from itertools import batched

from shared.core import log
from shared.core.errors import BusyError, RefusedError
from shared.model.audit_chain import links_after
from shared.model.audit_entry import Entry, read_entry
from shared.ports import Audit

MOST = 1000
"""Maximum entries of one run; the rest waits for the next, a minute later."""
_TOGETHER = 40
"""Entries of one transaction: two rows each, and Table Storage allows 100 (Microsoft Learn, "Performing entity group
transactions")."""
_RACES = 5


async def extend_chain(audit: Audit) -> int:
    """Move noted entries into the chain, in the order of (at, id); return the number of entries moved.

    A row that is not a valid entry stays, with a warning, and does not block the others. Raises BusyError if the chain
    does not end where its head says, or if others keep appending.
    """
    entries = sorted(await _noted(audit), key=lambda entry: (entry.at, entry.id))
    taken = 0
    for together in batched(entries, _TOGETHER, strict=False):
        taken += await _take_over(audit, together)
    if taken:
        log.event("audit.extended", count=taken)
    return taken


async def _noted(audit: Audit) -> list[Entry]:
    entries: list[Entry] = []
    async for entry_id, text in audit.noted():
        try:
            entry = read_entry(text)
        except ValueError:
            entry = None
        if entry is None or entry.id != entry_id:
            log.warning("audit.note_unreadable", row=entry_id)
            continue
        entries.append(entry)
        if len(entries) == MOST:
            break
    return entries


async def _take_over(audit: Audit, entries: Sequence[Entry]) -> int:
    """Append entries not yet in the chain, then delete their notes; in halves if the store refuses so many."""
    try:
        await _append(audit, entries)
    except RefusedError as refused:
        if len(entries) == 1:
            log.warning("audit.entry_refused", entry=entries[0].id, code=refused.code)
            return 0
        middle = len(entries) // 2
        return await _take_over(audit, entries[:middle]) + await _take_over(audit, entries[middle:])
    for entry in entries:
        await audit.forget(entry.id)
    return len(entries)


async def _append(audit: Audit, entries: Sequence[Entry]) -> None:
    for _ in range(_RACES):
        head = await audit.head()
        # Checked after reading the head: a concurrent append changes the head's ETag.
        new = [entry for entry in entries if not await audit.is_linked(entry.id)]
        if not new:
            return
        try:
            await audit.append(links_after(head.value, new), head.etag)
        except BusyError:
            continue
        return
    log.warning("audit.not_extended", entries=len(entries))
    raise BusyError("the audit chain does not end where its head row says, or others keep appending")
