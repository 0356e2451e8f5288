"""Is the chain whole? Each link fits its text and the link before it, and the head and every anchor fit the chain."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256

from doctor.audit.anchors import judge, missing
from doctor.audit.evidence import AuditEvidence, Head, Link, Said
from doctor.audit.finding import Code, Finding, Patience

_NOTHING = "0" * 64


def chain_findings(evidence: AuditEvidence, patience: Patience, moved_at: date | None = None) -> Iterator[Finding]:
    """Find links that were altered, taken out, cut off or written anew, and anchors that are not the registrar's."""
    anchors = judge(evidence, moved_at)
    yield from anchors.findings
    if not evidence.links.is_whole:
        return
    links = {link.number: link for link in evidence.links}
    yield from _links(links)
    yield from _end(evidence, links)
    yield from _index(evidence, links)
    for anchor in (*anchors.sound, *anchors.doubtful):
        if anchor.said is not None:
            yield from _anchored(anchor.name, anchor.said, links)
    yield from missing(anchors, evidence, patience)


def _links(links: dict[int, Link]) -> Iterator[Finding]:
    previous = Head(0, _NOTHING)
    for number in sorted(links):
        link = links[number]
        about = f"entry {number}"
        if sha256(f"{link.previous_hash}{link.text}".encode()).hexdigest() != link.hash:
            yield Finding(Code.ENTRY_ALTERED, about, "its hash does not match its text")
        elif link.told.entry_id != link.entry_id:
            yield Finding(Code.ENTRY_ALTERED, about, f"its row has the id {link.entry_id}, but its text another")
        if number != previous.count + 1:
            yield Finding(Code.ENTRY_MISSING, _between(previous.count + 1, number - 1), "missing from the chain")
        elif link.previous_hash != previous.hash:
            yield Finding(Code.ENTRY_ALTERED, about, f"its previousHash is not the hash of entry {previous.count}")
        previous = Head(number, link.hash)


def _end(evidence: AuditEvidence, links: dict[int, Link]) -> Iterator[Finding]:
    if not evidence.head.is_whole:
        return
    last = max(links, default=0)
    head = next(iter(evidence.head), None)
    if head is None:
        if links:
            yield Finding(Code.HEAD_DIFFERS, "head", f"the head row is missing, but the chain has {last} entries")
    elif head.count > last:
        yield Finding(Code.END_MISSING, _between(last + 1, head.count), "missing, although the head row counts it")
    elif head.count < last:
        yield Finding(Code.HEAD_DIFFERS, "head", f"the head row counts {head.count} entries, but the chain has {last}")
    elif last and head.hash != links[last].hash:
        yield Finding(Code.HEAD_DIFFERS, "head", f"the head row does not have the hash of entry {last}")


def _index(evidence: AuditEvidence, links: dict[int, Link]) -> Iterator[Finding]:
    if not evidence.index.is_whole:
        return
    index = dict(evidence.index)
    for number, link in links.items():
        if index.get(link.entry_id) != number:
            yield Finding(Code.INDEX_DIFFERS, f"entry {number}", "its index row is missing, or leads elsewhere")
    end = max(links, default=0)
    for entry_id, number in index.items():
        if number <= end and number not in links:
            yield Finding(Code.INDEX_DIFFERS, f"entry {number}", f"the index has it ({entry_id}), the chain does not")


def _anchored(name: str, said: Said, links: dict[int, Link]) -> Iterator[Finding]:
    count, about = said.head.count, f"anchor {name}"
    if count == 0:
        if said.head.hash != _NOTHING:
            yield Finding(Code.CHAIN_REWRITTEN, about, "it counts no entries, but has a hash")
    elif count > max(links, default=0):
        yield Finding(Code.END_MISSING, about, f"it counts {count} entries, but the chain has fewer")
    elif count in links and links[count].hash != said.head.hash:
        yield Finding(Code.CHAIN_REWRITTEN, about, f"it has another hash of entry {count} than the chain")


def _between(first: int, last: int) -> str:
    return f"entry {first}" if first >= last else f"entries {first} to {last}"
