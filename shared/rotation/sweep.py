"""The sweep: whatever is due gets one message, the oldest day first; what is not due is not even read."""

from datetime import timedelta

from shared import log
from shared.ports import DueEntry, day_of
from shared.rotation.messages import Hint, SweepOn
from shared.services import Services

MOST = 200
"""Messages of one run. What is left goes on by message."""
_PAUSE = timedelta(seconds=60)
"""Between two runs of one sweep: with four Graph and vault writes each, 200 a minute are far below any quota."""
_SPREAD = timedelta(seconds=50)
"""Within which the messages of one run become visible, in the order in which the credentials expire."""
SENT_AGAIN_AFTER = timedelta(hours=6)
"""A message that was lost is sent again after so long."""


async def sweep(services: Services, after: SweepOn | None = None) -> int:
    """Send a message for each credential that is due and has none on its way; returns how many.

    At most `MOST`; the rest, behind the last row read, is left to a message to this same queue.
    """
    now, found = services.runtime.now(), list[DueEntry]()
    async for place, entry in services.due.until(day_of(now), after.place if after is not None else None):
        is_on_its_way = entry.sent_at is not None and now - entry.sent_at < SENT_AGAIN_AFTER
        if entry.at <= now and not is_on_its_way:
            found.append(entry)
        if len(found) == MOST:
            await services.queues.send_rotation(SweepOn(place).to_json(), _PAUSE)
            break
    # Days come in order; what is due on one day goes by its expiry.
    found.sort(key=lambda entry: (day_of(entry.at), entry.expires or entry.at))
    for number, entry in enumerate(found):
        hint = Hint(entry.unique_name, entry.credential, day_of(entry.at))
        await services.queues.send_rotation(hint.to_json(), _SPREAD * (number / len(found)))
        await services.due.mark_sent(entry, now)
    if found:
        log.event("credentials.due", count=len(found))
    return len(found)
