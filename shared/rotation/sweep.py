"""The sweep: each due credential gets one message, earliest expiry first; what is not due is not read."""

from datetime import timedelta

from shared.core import log
from shared.core.runtime import Runtime
from shared.ports import DueEntry, DueIndex, Queues, day_of
from shared.rotation.messages import Hint, SweepOn

MOST = 200
"""Messages in flight at once. The rest is left to a continuation message."""
_PAUSE = timedelta(seconds=60)
"""Between two runs of a sweep: with four Graph and vault writes each, 200 a minute are far below any quota."""
_SPREAD = timedelta(seconds=50)
"""The messages of one run become visible over this time, in order of expiry."""
_IN_FLIGHT_FOR = timedelta(minutes=5)
"""A message without result for so long no longer counts as in flight: the others need not wait for it."""
SENT_AGAIN_AFTER = timedelta(hours=6)
"""A message that was lost is sent again after so long."""


async def sweep(due: DueIndex, queues: Queues, runtime: Runtime, *, goes_on: bool = False) -> int:
    """Send a message for each due credential that has none in flight; return how many.

    Earliest expiry first, and never more than `MOST` at once, so that later finds with an earlier expiry can still go
    first. The rest is left to a message to this same queue, unless an earlier sweep already continues by one; `goes_on`
    says that this run comes from such a message. All due rows are read each time: the index is ordered by due day, and
    after weeks of downtime the earliest expiry may be anywhere.
    """
    now, waiting, on_their_way = runtime.now(), list[DueEntry](), 0
    async for _, entry in due.until(day_of(now)):
        sent = now - entry.sent_at if entry.sent_at is not None else SENT_AGAIN_AFTER
        if sent < _IN_FLIGHT_FOR:
            on_their_way += 1
        elif entry.at <= now and sent >= SENT_AGAIN_AFTER:
            waiting.append(entry)
    waiting.sort(key=lambda entry: (entry.expires or entry.at, entry.unique_name))
    found = waiting[: max(MOST - on_their_way, 0)]
    if len(found) < len(waiting) and (goes_on or on_their_way == 0):
        await queues.send_rotation(SweepOn().to_json(), _PAUSE)
    for number, entry in enumerate(found):
        hint = Hint(entry.unique_name, entry.credential, day_of(entry.at))
        await queues.send_rotation(hint.to_json(), _SPREAD * (number / len(found)))
        await due.mark_sent(entry, now)
    if found:
        log.event("credentials.due", count=len(found), waiting=len(waiting) - len(found))
    return len(found)
