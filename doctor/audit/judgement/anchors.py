"""Tells the registrar's anchors from other blobs, by creation time, content and predecessor."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from doctor.audit.codes import Code, finding
from doctor.audit.evidence import Anchor, AnchorContent, AuditEvidence, Link
from doctor.finding import Finding
from doctor.patience import Patience

_DAY = timedelta(days=1)
_TOLERANCE = timedelta(minutes=15)
"""Allows for clock skew between worker and storage service, and for the time that writing an anchor takes."""


@dataclass
class JudgedAnchors:
    """The verdict. `doubtful` anchors prove nothing, but are compared with the chain too."""

    sound: list[Anchor] = field(default_factory=list[Anchor])
    doubtful: list[Anchor] = field(default_factory=list[Anchor])
    findings: list[Finding[Code]] = field(default_factory=list[Finding[Code]])

    @property
    def days(self) -> set[date]:
        """The days that have an anchor."""
        return {each.day for each in (*self.sound, *self.doubtful) if each.day is not None}

    def add_foreign(self, anchor: Anchor, what: str) -> None:
        """Add the finding that an anchor is not the registrar's, or appears not to be."""
        self.findings.append(finding(Code.ANCHOR_FOREIGN, f"anchor {anchor.name}", what))


def judge_anchors(evidence: AuditEvidence, moved_at: date | None) -> JudgedAnchors:
    """Tell sound anchors from others. `moved_at` is the day the account was moved, when blobs were created again."""
    judged, late = JudgedAnchors(), list[Anchor]()
    links = {link.number: link for link in evidence.links} if evidence.links.is_whole else {}
    known = {anchor.digest for anchor in evidence.anchors if anchor.content is not None}
    # Of two created in the same second, the one without a suffix came first: that is why the other has one.
    for anchor in sorted(evidence.anchors, key=lambda each: (each.day or date.min, each.created, each.suffix)):
        content = anchor.content
        if content is None:
            judged.add_foreign(anchor, anchor.fault)
        elif (why := _why_not_an_anchor(anchor, content, evidence.now)) is not None:
            judged.add_foreign(anchor, why)
        elif not _was_created_on_its_day(anchor, moved_at):
            late.append(anchor)
        elif (why := _why_outdated(anchor, content, links)) is not None:
            judged.add_foreign(anchor, why)
        else:
            _judge_by_predecessors(judged, anchor, content, known if evidence.anchors.is_whole else None)
    judged.findings += _late_findings(late)
    judged.doubtful += late
    return judged


def missing_days(judged: JudgedAnchors, evidence: AuditEvidence, patience: Patience) -> Iterator[Finding[Code]]:
    """Find days without an anchor, beginning with the first day on which one was due.

    A gap is only a warning if the next anchor names the last one before it: the registrar did not run.
    """
    if patience.anchoring is None or not evidence.anchors.is_whole:
        return
    there = judged.days
    # The day of the first entry may have ended before the first anchor was due.
    recorded = [entry.at.date() + _DAY for entry in evidence.entries() if entry.at is not None]
    day = min([*there, *recorded], default=evidence.now.date() + _DAY)
    last = (evidence.now - patience.anchoring).date()
    missing_since = None
    while day <= last + _DAY:
        is_missing = day <= last and day not in there
        if is_missing and missing_since is None:
            missing_since = day
        if not is_missing and missing_since is not None:
            is_bridged = _is_bridged(judged.sound, missing_since - _DAY, day)
            what = "there is no anchor" + (", but the next one names the last before the gap" if is_bridged else "")
            yield finding(Code.ANCHOR_MISSING, _days(missing_since, day - _DAY), what, is_warning=is_bridged)
            missing_since = None
        day += _DAY


def _why_not_an_anchor(anchor: Anchor, content: AnchorContent, now: datetime) -> str | None:
    day = anchor.day
    if day is None or not anchor.digest.startswith(anchor.suffix):
        return "its name is not that of an anchor with this text"
    if _beginning(day) > now + _TOLERANCE:
        return "its day is in the future"
    if content.at.astimezone(UTC).date() != day:
        return "its text is from another day"
    if content.previous is not None and content.previous.day >= str(day):
        return f"it names the anchor of {content.previous.day} before it, which is not from an earlier day"
    return None


def _was_created_on_its_day(anchor: Anchor, moved_at: date | None) -> bool:
    """Return whether both times, which the storage service sets, are within the anchor's day, or that of the move."""
    day = anchor.day
    if day is None:
        return False
    if moved_at is not None and day < moved_at:
        return anchor.created.date() == anchor.changed.date() == moved_at
    begin = _beginning(day) - _TOLERANCE
    return begin <= anchor.created and max(anchor.created, anchor.changed) < begin + _DAY + 2 * _TOLERANCE


def _why_outdated(anchor: Anchor, content: AnchorContent, links: Mapping[int, Link]) -> str | None:
    """Return why an anchor is outdated: it leaves out an entry whose row was written well before it."""
    after = links.get(content.head.count + 1)
    if after is None or after.written is None or anchor.created - after.written <= _TOLERANCE:
        return None
    return f"it leaves out entry {after.number}, which was already in the chain"


def _judge_by_predecessors(
    judged: JudgedAnchors, anchor: Anchor, content: AnchorContent, known: set[str] | None
) -> None:
    """Add an anchor to the sound ones if it continues them; those that it skips become doubtful."""
    sound = judged.sound
    if content.previous is not None and _index(sound, content) is None:
        if known is not None and content.previous.digest not in known:
            gone = f"anchor {anchor.name} names it as the one before, but it is not there"
            judged.findings.append(finding(Code.ANCHOR_REMOVED, f"anchor of {content.previous.day}", gone))
    elif (why := _why_not_next(sound, content)) is not None:
        judged.add_foreign(anchor, why)
        return
    elif sound and not content.is_first_form:
        for skipped in sound[(_index(sound, content) or 0) + 1 :]:
            judged.add_foreign(skipped, f"anchor {anchor.name} skips it: one of the two is not the registrar's")
            judged.doubtful.append(skipped)
            sound.remove(skipped)
    if sound and (before := sound[-1].content) is not None and content.head.count < before.head.count:
        judged.add_foreign(anchor, f"it counts {content.head.count} entries, but the one before it {before.head.count}")
        return
    sound.append(anchor)


def _why_not_next(sound: Sequence[Anchor], content: AnchorContent) -> str | None:
    last = sound[-1].content if sound else None
    if content.is_first_form:
        is_late = last is not None and not last.is_first_form
        return "it names no anchor before it, but older ones do" if is_late else None
    return (
        "it claims to be the first, but there are older ones" if last is not None and content.previous is None else None
    )


def _index(sound: Sequence[Anchor], content: AnchorContent) -> int | None:
    """Return the position of the predecessor that an anchor names."""
    named = content.previous
    if named is None:
        return None
    return next(
        (at for at, each in enumerate(sound) if (str(each.day), each.digest) == (named.day, named.digest)), None
    )


def _late_findings(anchors: Sequence[Anchor]) -> Iterator[Finding[Code]]:
    """Report anchors that were not created on their day: those created on one day together, as a move leaves them."""
    order = sorted(anchors, key=lambda each: (each.created.date(), each.changed.date()))
    for (created, changed), together in groupby(order, key=lambda each: (each.created.date(), each.changed.date())):
        days = sorted(each.day for each in together if each.day is not None)
        written = f" and written again on {changed}" if changed != created else ""
        own = "its own day" if len(days) == 1 else "their own days"
        about = f"anchor of {days[0]}" if len(days) == 1 else f"{len(days)} anchors of {_days(days[0], days[-1])}"
        yield finding(Code.ANCHOR_FOREIGN, about, f"created on {created}{written}, not on {own}")


def _is_bridged(sound: Sequence[Anchor], before: date, after: date) -> bool:
    last = [each for each in sound if each.day == before]
    following = [each.content for each in sound if each.day == after]
    return bool(last and following and following[0] is not None and _index(last, following[0]) == len(last) - 1)


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _days(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first} to {last}"
