"""The one writer of the chain: takes over what is noted, in order.

It need not be alone: links, index and head are written in one transaction that rests on the head's ETag, so of two
writers one starts over. A writer may die at any line: what it had appended is only deleted by the next.
"""

from collections.abc import Sequence
from itertools import batched

from shared.core import log
from shared.core.errors import BusyError, RefusedError
from shared.model.audit_chain import links_after
from shared.model.audit_entry import Entry, read_entry
from shared.ports import Audit

MOST = 1000
"""Entries of one run; what is left waits for the next, a minute later."""
_TOGETHER = 40
"""Entries of one transaction: two rows each, and Table Storage takes 100 (Microsoft Learn, "Performing entity group
transactions")."""
_RACES = 5


async def extend_chain(audit: Audit) -> int:
    """Move what is noted into the chain, in the order of (at, id); returns how many entries were taken over.

    A row that is no entry stays where it is, and is told of: it keeps none of the others. Raises BusyError when the
    chain does not end where its head says, or others append all the time.
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
    """Append what is not in the chain yet, then delete the notes; half by half where the store refuses so much."""
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
        # Looked at after the head: what somebody appends in between changes the head's ETag.
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
