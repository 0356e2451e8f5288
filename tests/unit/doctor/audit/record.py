"""An audit record in which all is well, as evidence; tests change one thing and see whether it is noticed."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from doctor.audit.codes import Code
from doctor.audit.evidence import Anchor as SeenAnchor
from doctor.audit.evidence import AuditEvidence, Claim, Head, Link, Request
from doctor.audit.judgement import findings
from doctor.audit.rows import anchor
from doctor.evidence import Seen
from shared.model.audit_anchor import Anchor
from shared.model.audit_chain import Head as Written
from shared.model.audit_chain import links_after
from shared.model.audit_entry import Entry, Kind, make_entry

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FIRST = NOW - timedelta(days=2)
DAYS = (date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25))


def entries(operations: int) -> list[Entry]:
    """Each operation accepted and settled, a minute later."""
    made: list[Entry] = []
    for number in range(operations):
        at, name = FIRST + timedelta(minutes=2 * number), f"{number:032x}"
        what = {"operationId": name, "requestHash": f"hash {number}", "requestId": f"R{number}"}
        made.append(make_entry(Kind.ACCEPTED, [name], at, who={"requestedBy": "ada"}, what=what, ids={}))
        settled = what | {"generation": 1, "status": "completed"}
        later = at + timedelta(minutes=1)
        made.append(make_entry(Kind.SETTLED, [name, "1"], later, who={}, what=settled, ids={"clientId": "c"}))
    return made


def chained(made: list[Entry]) -> tuple[Link, ...]:
    """The links of these entries."""
    return tuple(Link(x.number, x.entry_id, x.previous_hash, x.hash, x.text) for x in links_after(Written(), made))


def record(operations: int = 3) -> AuditEvidence:
    """A record of so many operations, anchored every day; on the second day half of it was there."""
    links = chained(entries(operations))
    half = links[: len(links) // 2]
    names = [f"{number:032x}" for number in range(operations)]
    return AuditEvidence(
        now=NOW,
        links=Seen(links),
        index=Seen(tuple((link.entry_id, link.number) for link in links)),
        head=Seen((head_of(links),)),
        anchors=Seen(anchored(*zip(DAYS, (Head(0, "0" * 64), head_of(half), head_of(links)), strict=True))),
        notes=Seen(),
        requests=Seen(
            tuple(
                Request(name, "queue", f"R{number}", f"hash {number}", f"hash {number}", f"hash {number}", (1,))
                for number, name in enumerate(names)
            )
        ),
        claims=Seen(tuple(Claim("queue", f"R{number}", name, FIRST) for number, name in enumerate(names))),
    )


def moment(day: date) -> datetime:
    """When the timer anchors on a day."""
    return datetime.combine(day, time(0, 5), UTC)


def blob(made: Anchor, name: str | None = None, created: datetime | None = None) -> SeenAnchor:
    """An anchor as a look at its blob shows it."""
    created = created or made.at + timedelta(seconds=1)
    return anchor(name or f"{made.day}.json", created, created, made.to_json().encode())


def anchored(*ends: tuple[date, Head]) -> tuple[SeenAnchor, ...]:
    """The chain's end, anchored on these days: each anchor names the one before it."""
    blobs, last = list[SeenAnchor](), None
    for day, end in ends:
        made = Anchor(Written(end.count, end.hash), moment(day), last and last.named)
        blobs.append(blob(made))
        last = made
    return tuple(blobs)


def head_of(links: tuple[Link, ...]) -> Head:
    """Where a chain of these links ends."""
    return Head(links[-1].number, links[-1].hash) if links else Head(0, "0" * 64)


def ended_at(evidence: AuditEvidence, links: tuple[Link, ...]) -> AuditEvidence:
    """The record with these links instead, and with head and index made to fit: the work of somebody who knows how."""
    index = tuple((link.entry_id, link.number) for link in links)
    return replace(evidence, links=Seen(links), head=Seen((head_of(links),)), index=Seen(index))


def codes(evidence: AuditEvidence) -> set[Code]:
    """What is found."""
    return {finding.kind for finding in findings(evidence)}
