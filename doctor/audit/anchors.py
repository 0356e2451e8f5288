"""Which blobs among the anchors are the registrar's? By when they were created, what they say, and which they name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from doctor.audit.evidence import Anchor, AuditEvidence, Link, Said
from doctor.audit.finding import Code, Finding, Patience

_DAY = timedelta(days=1)
_TOLERANCE = timedelta(minutes=15)
"""By how much the worker's clock and the storage service's may differ, and how long writing an anchor may take."""


@dataclass
class Judged:
    """What came of it. `doubtful` ones are no sound witnesses, but what they say of the chain is looked at, too."""

    sound: list[Anchor] = field(default_factory=list[Anchor])
    doubtful: list[Anchor] = field(default_factory=list[Anchor])
    findings: list[Finding] = field(default_factory=list[Finding])

    @property
    def days(self) -> set[date]:
        """The days that have an anchor."""
        return {each.day for each in (*self.sound, *self.doubtful) if each.day is not None}

    def foreign(self, anchor: Anchor, what: str) -> None:
        """Note that an anchor is not the registrar's, or that it looks so."""
        self.findings.append(Finding(Code.ANCHOR_FOREIGN, f"anchor {anchor.name}", what))


def judge(evidence: AuditEvidence, moved_at: date | None) -> Judged:
    """Tell sound anchors from others. `moved_at` is the day the account was moved on, when blobs were created again."""
    judged, late = Judged(), list[Anchor]()
    links = {link.number: link for link in evidence.links} if evidence.links.is_whole else {}
    known = {anchor.digest for anchor in evidence.anchors if anchor.said is not None}
    # Of one second, the name without a suffix was there first: it is why the other has one.
    for anchor in sorted(evidence.anchors, key=lambda each: (each.day or date.min, each.created, each.suffix)):
        said = anchor.said
        if said is None:
            judged.foreign(anchor, anchor.fault)
        elif (why := _why_none(anchor, said, evidence.now)) is not None:
            judged.foreign(anchor, why)
        elif not _came_about_on_its_day(anchor, moved_at):
            late.append(anchor)
        elif (why := _why_behind(anchor, said, links)) is not None:
            judged.foreign(anchor, why)
        elif _continues(judged, anchor, said, known if evidence.anchors.is_whole else None):
            judged.sound.append(anchor)
    judged.findings += _late(late)
    judged.doubtful += late
    return judged


def missing(judged: Judged, evidence: AuditEvidence, patience: Patience) -> Iterator[Finding]:
    """Find days without an anchor, from the first of which one was due on.

    A day on which the registrar did not run, and whose next anchor names the last before it, is a warning only.
    """
    if patience.anchoring is None or not evidence.anchors.is_whole:
        return
    there = judged.days
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
            is_bridged = _is_bridged(judged.sound, missing_since - _DAY, day)
            what = "there is no anchor" + (", but the next one names the last before the gap" if is_bridged else "")
            yield Finding(Code.ANCHOR_MISSING, _days(missing_since, day - _DAY), what, is_warning=is_bridged)
            missing_since = None
        day += _DAY


def _why_none(anchor: Anchor, said: Said, now: datetime) -> str | None:
    day = anchor.day
    if day is None or not anchor.digest.startswith(anchor.suffix):
        return "its name is not that of an anchor with this text"
    if _beginning(day) > now + _TOLERANCE:
        return "its day is in the future"
    if said.at.astimezone(UTC).date() != day:
        return "its text is from another day"
    if said.previous is not None and said.previous.day >= str(day):
        return f"it names the anchor of {said.previous.day} before it, which is not from an earlier day"
    return None


def _came_about_on_its_day(anchor: Anchor, moved_at: date | None) -> bool:
    """Return whether both times, which the storage service sets, are of the anchor's day; or of that of the move."""
    day = anchor.day
    if day is None:
        return False
    if moved_at is not None and day < moved_at:
        return anchor.created.date() == anchor.changed.date() == moved_at
    begin = _beginning(day) - _TOLERANCE
    return begin <= anchor.created and max(anchor.created, anchor.changed) < begin + _DAY + 2 * _TOLERANCE


def _why_behind(anchor: Anchor, said: Said, links: Mapping[int, Link]) -> str | None:
    """Say how the chain had gone on, by its rows' own times, well before an anchor was created that ignores it."""
    after = links.get(said.head.count + 1)
    if after is None or after.written is None or anchor.created - after.written <= _TOLERANCE:
        return None
    return f"it leaves out entry {after.number}, which was already in the chain"


def _continues(judged: Judged, anchor: Anchor, said: Said, known: set[str] | None) -> bool:
    """Return whether an anchor continues those before it; those that it passes over become doubtful."""
    sound = judged.sound
    if said.previous is not None and _index(sound, said) is None:
        if known is not None and said.previous.digest not in known:
            gone = f"anchor {anchor.name} names it as the one before, but it is not there"
            judged.findings.append(Finding(Code.ANCHOR_REMOVED, f"anchor of {said.previous.day}", gone))
    elif (why := _why_not_next(sound, said)) is not None:
        judged.foreign(anchor, why)
        return False
    elif sound and not said.is_first_form:
        for passed in sound[(_index(sound, said) or 0) + 1 :]:
            judged.foreign(passed, f"anchor {anchor.name} skips it: one of the two is not the registrar's")
            judged.doubtful.append(passed)
            sound.remove(passed)
    if sound and (before := sound[-1].said) is not None and said.head.count < before.head.count:
        judged.foreign(anchor, f"it counts {said.head.count} entries, but the one before it {before.head.count}")
        return False
    return True


def _why_not_next(sound: Sequence[Anchor], said: Said) -> str | None:
    last = sound[-1].said if sound else None
    if said.is_first_form:
        is_late = last is not None and not last.is_first_form
        return "it names no anchor before it, but older ones do" if is_late else None
    return "it claims to be the first, but there are older ones" if last is not None and said.previous is None else None


def _index(sound: Sequence[Anchor], said: Said) -> int | None:
    """Return which of these an anchor names as the one before it."""
    named = said.previous
    if named is None:
        return None
    return next(
        (at for at, each in enumerate(sound) if (str(each.day), each.digest) == (named.day, named.digest)), None
    )


def _late(anchors: Sequence[Anchor]) -> Iterator[Finding]:
    """Find anchors that were not created on their day: those of one day together, as a move leaves them."""
    order = sorted(anchors, key=lambda each: (each.created.date(), each.changed.date()))
    for (created, changed), together in groupby(order, key=lambda each: (each.created.date(), each.changed.date())):
        days = sorted(each.day for each in together if each.day is not None)
        written = f" and written again on {changed}" if changed != created else ""
        own = "its own day" if len(days) == 1 else "their own days"
        about = f"anchor of {days[0]}" if len(days) == 1 else f"{len(days)} anchors of {_days(days[0], days[-1])}"
        yield Finding(Code.ANCHOR_FOREIGN, about, f"created on {created}{written}, not on {own}")


def _is_bridged(sound: Sequence[Anchor], before: date, after: date) -> bool:
    last = [each for each in sound if each.day == before]
    following = [each.said for each in sound if each.day == after]
    return bool(last and following and following[0] is not None and _index(last, following[0]) == len(last) - 1)


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _days(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first} to {last}"
