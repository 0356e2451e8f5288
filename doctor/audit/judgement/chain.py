"""Checks that the chain is whole: each link fits its text and the link before it; head and anchors fit the chain."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256

from doctor.audit.codes import Code, finding
from doctor.audit.evidence import AnchorContent, AuditEvidence, Head, Link
from doctor.audit.judgement.anchors import judge_anchors, missing_days
from doctor.finding import Finding
from doctor.patience import Patience

_EMPTY_CHAIN = "0" * 64


def chain_findings(
    evidence: AuditEvidence, patience: Patience, moved_at: date | None = None
) -> Iterator[Finding[Code]]:
    """Find links that were altered, removed, cut off or rewritten, and anchors that are not the registrar's."""
    anchors = judge_anchors(evidence, moved_at)
    yield from anchors.findings
    if not evidence.links.is_whole:
        return
    links = {link.number: link for link in evidence.links}
    yield from _links(links)
    yield from _end(evidence, links)
    yield from _index(evidence, links)
    for anchor in (*anchors.sound, *anchors.doubtful):
        if anchor.content is not None:
            yield from _anchored(anchor.name, anchor.content, links)
    yield from missing_days(anchors, evidence, patience)


def _links(links: dict[int, Link]) -> Iterator[Finding[Code]]:
    previous = Head(0, _EMPTY_CHAIN)
    for number in sorted(links):
        link = links[number]
        about = f"entry {number}"
        if sha256(f"{link.previous_hash}{link.text}".encode()).hexdigest() != link.hash:
            yield finding(Code.ENTRY_ALTERED, about, "its hash does not match its text")
        elif link.content.entry_id != link.entry_id:
            yield finding(Code.ENTRY_ALTERED, about, f"its row has the id {link.entry_id}, but its text another")
        if number != previous.count + 1:
            yield finding(Code.ENTRY_MISSING, _between(previous.count + 1, number - 1), "missing from the chain")
        elif link.previous_hash != previous.hash:
            yield finding(Code.ENTRY_ALTERED, about, f"its previousHash is not the hash of entry {previous.count}")
        previous = Head(number, link.hash)


def _end(evidence: AuditEvidence, links: dict[int, Link]) -> Iterator[Finding[Code]]:
    if not evidence.head.is_whole:
        return
    last = max(links, default=0)
    head = next(iter(evidence.head), None)
    if head is None:
        if links:
            yield finding(Code.HEAD_DIFFERS, "head", f"the head row is missing, but the chain has {last} entries")
    elif head.count > last:
        yield finding(Code.END_MISSING, _between(last + 1, head.count), "missing, although the head row counts it")
    elif head.count < last:
        yield finding(Code.HEAD_DIFFERS, "head", f"the head row counts {head.count} entries, but the chain has {last}")
    elif last and head.hash != links[last].hash:
        yield finding(Code.HEAD_DIFFERS, "head", f"the head row does not have the hash of entry {last}")


def _index(evidence: AuditEvidence, links: dict[int, Link]) -> Iterator[Finding[Code]]:
    if not evidence.index.is_whole:
        return
    index = dict(evidence.index)
    for number, link in links.items():
        if index.get(link.entry_id) != number:
            yield finding(Code.INDEX_DIFFERS, f"entry {number}", "its index row is missing, or leads elsewhere")
    end = max(links, default=0)
    for entry_id, number in index.items():
        if number <= end and number not in links:
            yield finding(Code.INDEX_DIFFERS, f"entry {number}", f"the index has it ({entry_id}), the chain does not")


def _anchored(name: str, content: AnchorContent, links: dict[int, Link]) -> Iterator[Finding[Code]]:
    count, about = content.head.count, f"anchor {name}"
    if count == 0:
        if content.head.hash != _EMPTY_CHAIN:
            yield finding(Code.CHAIN_REWRITTEN, about, "it counts no entries, but has a hash")
    elif count > max(links, default=0):
        yield finding(Code.END_MISSING, about, f"it counts {count} entries, but the chain has fewer")
    elif count in links and links[count].hash != content.head.hash:
        yield finding(Code.CHAIN_REWRITTEN, about, f"it has another hash of entry {count} than the chain")


def _between(first: int, last: int) -> str:
    return f"entry {first}" if first >= last else f"entries {first} to {last}"
