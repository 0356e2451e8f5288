"""Is the chain whole? Each link fits its text and the link before it, and the head and every anchor fit the chain."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256

from doctor.audit.evidence import Anchor, AuditEvidence, Head, Link
from doctor.audit.finding import Code, Finding, Patience

_NOTHING = "0" * 64
_DAY = timedelta(days=1)


def chain_findings(evidence: AuditEvidence, patience: Patience) -> Iterator[Finding]:
    """Find links that were altered, taken out, cut off or written anew."""
    if not evidence.links.is_whole:
        return
    links = {link.number: link for link in evidence.links}
    yield from _links(links)
    yield from _end(evidence, links)
    yield from _index(evidence, links)
    for anchor in sorted(evidence.anchors, key=lambda each: each.day):
        yield from _anchored(anchor, links)
    yield from _anchors_missing(evidence, patience)


def _links(links: dict[int, Link]) -> Iterator[Finding]:
    previous = Head(0, _NOTHING)
    for number in sorted(links):
        link = links[number]
        about = f"entry {number}"
        if sha256(f"{link.previous_hash}{link.text}".encode()).hexdigest() != link.hash:
            yield Finding(Code.ENTRY_ALTERED, about, "its hash does not fit what it says")
        elif link.told.entry_id != link.entry_id:
            yield Finding(Code.ENTRY_ALTERED, about, f"its row names the entry {link.entry_id}, its text another")
        if number != previous.count + 1:
            yield Finding(Code.ENTRY_MISSING, _between(previous.count + 1, number - 1), "it is not there")
        elif link.previous_hash != previous.hash:
            yield Finding(Code.ENTRY_ALTERED, about, f"it does not continue entry {previous.count}")
        previous = Head(number, link.hash)


def _end(evidence: AuditEvidence, links: dict[int, Link]) -> Iterator[Finding]:
    if not evidence.head.is_whole:
        return
    last = max(links, default=0)
    head = next(iter(evidence.head), None)
    if head is None:
        if links:
            yield Finding(Code.HEAD_DIFFERS, "head", f"there is none, and the chain has {last} entries")
    elif head.count > last:
        yield Finding(Code.END_MISSING, _between(last + 1, head.count), "the head says that it is there")
    elif head.count < last:
        yield Finding(Code.HEAD_DIFFERS, "head", f"it says {head.count} entries, and the chain has {last}")
    elif last and head.hash != links[last].hash:
        yield Finding(Code.HEAD_DIFFERS, "head", f"its hash is not that of entry {last}")


def _index(evidence: AuditEvidence, links: dict[int, Link]) -> Iterator[Finding]:
    if not evidence.index.is_whole:
        return
    index = dict(evidence.index)
    for number, link in links.items():
        if index.get(link.entry_id) != number:
            yield Finding(Code.INDEX_DIFFERS, f"entry {number}", "the index does not lead to it")
    end = max(links, default=0)
    for entry_id, number in index.items():
        if number <= end and number not in links:
            yield Finding(Code.INDEX_DIFFERS, f"entry {number}", f"the index knows it as {entry_id}; it is not there")


def _anchored(anchor: Anchor, links: dict[int, Link]) -> Iterator[Finding]:
    count, about = anchor.head.count, f"anchor of {anchor.day}"
    if count == 0:
        if anchor.head.hash != _NOTHING:
            yield Finding(Code.CHAIN_REWRITTEN, about, "it speaks of no entry and has a hash")
    elif count > max(links, default=0):
        yield Finding(Code.END_MISSING, about, f"it speaks of {count} entries, and the chain has fewer")
    elif count in links and links[count].hash != anchor.head.hash:
        yield Finding(Code.CHAIN_REWRITTEN, about, f"the hash of entry {count} was another then")


def _anchors_missing(evidence: AuditEvidence, patience: Patience) -> Iterator[Finding]:
    """Find days without an anchor, from the first of which one was due on."""
    if patience.anchoring is None or not evidence.anchors.is_whole:
        return
    there = {anchor.day for anchor in evidence.anchors}
    # The day of the first entry may have ended before the first anchor was due.
    recorded = [told.at.date() + _DAY for told in evidence.told() if told.at is not None]
    day = min([*there, *recorded], default=evidence.now.date() + _DAY)
    last = (evidence.now - patience.anchoring).date()
    missing_since = None
    while day <= last + _DAY:
        is_missing = day <= last and day not in there
        if is_missing and missing_since is None:
            missing_since = day
        if not is_missing and missing_since is not None:
            until = day - _DAY
            about = f"{missing_since}" if until == missing_since else f"{missing_since} to {until}"
            yield Finding(Code.ANCHOR_MISSING, about, "no anchor was written")
            missing_since = None
        day += _DAY


def _between(first: int, last: int) -> str:
    return f"entry {first}" if first >= last else f"entries {first} to {last}"
