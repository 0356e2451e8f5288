"""Anchors the chain's end once a day, and reports blobs among the anchors that are not the registrar's."""

import logging
from collections.abc import Sequence
from itertools import islice

from shared.audit.events import anchor_foreign
from shared.core import log
from shared.core.runtime import Runtime
from shared.model.audit_anchor import LONGEST, Anchor, KeptAnchor, Surroundings, own_name, read_anchor, why_not_own
from shared.model.audit_chain import NOTHING, Head
from shared.ports import Anchors, Audit

_MOST = 100
"""Maximum blobs read to find the previous anchor, and maximum foreign ones reported in one run."""


async def anchor_chain(audit: Audit, anchors: Anchors, runtime: Runtime) -> bool:
    """Anchor the chain's end, once a day; return whether this call did.

    A blob for today or a future day that is not the registrar's own is logged as an error and recorded in the audit
    record; today's anchor is then written beside it.
    """
    head = (await audit.head()).value
    today = f"{runtime.now():%Y-%m-%d}"
    kept, strange = await _listed(anchors, today)
    earlier = [each for each in kept if each.day and each.day < today]
    todays = [each for each in kept if each.day == today]
    doubts = [(each, await _why_strange(audit, anchors, each, earlier)) for each in todays]
    await _tell(audit, runtime, [*strange, *((each, why) for each, why in doubts if why is not None)])
    if any(why is None for _, why in doubts):
        return False
    previous = await _newest(audit, anchors, earlier)
    anchor = Anchor(head, runtime.now(), previous and previous.named)
    if anchor.day != today:
        return False  # the day ended meanwhile, and the next hour anchors the new one
    name = own_name(anchor) if todays else f"{today}.json"
    is_first = await anchors.keep(name, anchor.to_json())
    if is_first:
        log.event("audit.anchored", day=today, anchor=name, count=head.count, head=head.hash)
    return is_first


async def _listed(anchors: Anchors, today: str) -> tuple[list[KeptAnchor], list[tuple[KeptAnchor, str]]]:
    """Return the blobs up to today, and those that cannot be anchors of ours, with only the first of future days."""
    kept, strange = list[KeptAnchor](), list[tuple[KeptAnchor, str]]()
    async for each in anchors.listed():
        if each.day is None:
            strange.append((each, "its name is not that of an anchor"))
        elif each.day > today:
            strange.append((each, "its day is in the future"))
            break
        else:
            kept.append(each)
    return kept, strange


async def _newest(audit: Audit, anchors: Anchors, kept: Sequence[KeptAnchor]) -> Anchor | None:
    """Return the newest anchor that fits the chain: of those created on their day, else (account moved) of all."""
    # Within one second, the longer name is later: it is used only if the shorter one is taken.
    order = sorted(kept, key=lambda each: (each.was_created_on_its_day, each.day or "", each.created, len(each.name)))
    for each in islice(reversed(order), _MOST):
        anchor = await _read(anchors, each)
        if anchor is not None and anchor.day == each.day and await _fits(audit, anchor.head):
            return anchor
    return None


async def _why_strange(audit: Audit, anchors: Anchors, kept: KeptAnchor, earlier: Sequence[KeptAnchor]) -> str | None:
    anchor = await _read(anchors, kept)
    if anchor is None:
        return "it is not an anchor"
    # A later blob cannot be the predecessor it names.
    previous = await _newest(audit, anchors, [each for each in earlier if each.created <= kept.created])
    at_count, after = [await audit.place(anchor.head.count + step) for step in (0, 1)]
    around = Surroundings(previous, at_count and at_count.hash, after and after.written)
    return why_not_own(kept, anchor, around)


async def _read(anchors: Anchors, kept: KeptAnchor) -> Anchor | None:
    """Read an anchor; None if it is not a valid one."""
    content = await anchors.read(kept.name) if kept.size <= LONGEST else None
    try:
        return None if content is None else read_anchor(content)
    except ValueError:
        return None


async def _fits(audit: Audit, head: Head) -> bool:
    if head.count == 0:
        return head.hash == NOTHING
    place = await audit.place(head.count)
    return place is not None and place.hash == head.hash


async def _tell(audit: Audit, runtime: Runtime, strange: Sequence[tuple[KeptAnchor, str]]) -> None:
    for kept, why in strange[-_MOST:]:
        log.event("audit.anchor_foreign", level=logging.ERROR, anchor=kept.name, created=kept.created, why=why)
        await audit.note(anchor_foreign(kept, why, runtime.now()))
