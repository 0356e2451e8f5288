"""Verification tells the registrar's anchors from others, whatever somebody plants, takes away or writes again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.audit.codes import Code
from doctor.audit.evidence import Anchor, AuditEvidence
from doctor.audit.judgement import findings
from doctor.evidence import Seen
from shared.model.audit_anchor import Anchor as Written
from shared.model.audit_anchor import Named, digest, own_name, read_anchor
from shared.model.audit_chain import Head
from tests.unit.doctor.audit.record import DAYS, NOW, anchored, blob, codes, head_of, moment, record

ONE_DAY = timedelta(days=1)


def among(whole: AuditEvidence, *more: Anchor) -> AuditEvidence:
    """The record with these blobs besides."""
    return replace(whole, anchors=Seen((*whole.anchors, *more)))


def ends(whole: AuditEvidence) -> list[Head]:
    return [Head(each.content.head.count, each.content.head.hash) for each in whole.anchors if each.content is not None]


def as_written(anchor: Anchor) -> Written:
    """An anchor of the record as the registrar wrote it."""
    content = anchor.content
    assert content is not None
    previous = Named(content.previous.day, content.previous.digest) if content.previous else None
    return Written(Head(content.head.count, content.head.hash), content.at, previous, content.is_first_form)


def test_a_day_that_has_not_come_has_no_anchor() -> None:
    whole = record()
    last = as_written(whole.anchors.items[-1])
    for ahead in (1, 30):
        made = replace(last, at=moment(DAYS[-1] + ahead * ONE_DAY), previous=last.named)
        # Even if the service said that it was created then: its clock is the one that `now` is taken from.
        (finding,) = findings(among(whole, blob(made)))
        assert (finding.kind, finding.what) == (Code.ANCHOR_FOREIGN, "its day is in the future")


@pytest.mark.parametrize("days", [-1, 2, 3])
def test_an_anchor_came_about_on_its_day(days: int) -> None:
    whole = record()
    first, *others = whole.anchors
    moved = replace(first, created=first.created + days * ONE_DAY, changed=first.changed + days * ONE_DAY)
    (finding,) = [
        each for each in findings(replace(whole, anchors=Seen((moved, *others)))) if "created on" in each.what
    ]
    assert (finding.kind, finding.about) == (Code.ANCHOR_FOREIGN, f"anchor of {first.day}")


def test_an_anchor_that_was_written_again_later_is_found() -> None:
    whole = record()
    first, *others = whole.anchors
    again = replace(first, changed=first.changed + 2 * ONE_DAY)
    found = findings(replace(whole, anchors=Seen((again, *others))))
    assert [(each.kind, "written again" in each.what) for each in found] == [(Code.ANCHOR_FOREIGN, True)]


def test_a_count_never_falls() -> None:
    whole = record()
    more, fewer = ends(whole)[1:][::-1]
    falling = anchored((DAYS[0], head_of(())), (DAYS[1], more), (DAYS[2], fewer))  # pyright: ignore[reportArgumentType]
    assert Code.ANCHOR_FOREIGN in codes(replace(whole, anchors=Seen(falling)))


def test_one_of_two_that_contradict_each_other_is_not_the_registrars() -> None:
    whole = record()
    first, second = map(as_written, whole.anchors.items[:2])
    planted = replace(second, at=second.at + timedelta(minutes=1))
    beside = replace(second, at=second.at + timedelta(minutes=2), previous=first.named)
    third = replace(as_written(whole.anchors.items[2]), previous=beside.named)
    blobs = (whole.anchors.items[0], blob(planted), blob(beside, own_name(beside)), blob(third))
    (finding,) = findings(replace(whole, anchors=Seen(blobs)))
    assert (finding.kind, finding.about) == (Code.ANCHOR_FOREIGN, f"anchor {planted.day}.json")


def test_an_anchor_names_one_of_an_earlier_day() -> None:
    whole = record()
    last = as_written(whole.anchors.items[-1])
    again = replace(last, at=last.at + timedelta(hours=1), previous=last.named)
    (finding,) = findings(among(whole, blob(again, own_name(again))))
    assert (finding.kind, finding.about) == (Code.ANCHOR_FOREIGN, f"anchor {own_name(again)}")


def test_a_name_with_a_hash_is_that_of_its_text() -> None:
    whole = record()
    last = as_written(whole.anchors.items[-1])
    assert codes(among(whole, blob(last, f"{last.day}-{'0' * 12}.json"))) == {Code.ANCHOR_FOREIGN}


def test_an_anchor_of_an_end_that_the_chain_had_left_behind_is_found() -> None:
    whole = record()
    old = [replace(link, written=moment(DAYS[0]) - timedelta(hours=1)) for link in whole.links]
    late = replace(whole, links=Seen(tuple(old)))
    behind = {each.about for each in findings(late) if "leaves out" in each.what}
    assert behind == {f"anchor {DAYS[0]}.json", f"anchor {DAYS[1]}.json"}


def test_the_old_form_does_not_come_back() -> None:
    whole = record()
    old = replace(as_written(whole.anchors.items[2]), previous=None, is_first_form=True)
    assert Code.ANCHOR_FOREIGN in codes(replace(whole, anchors=Seen((*whole.anchors.items[:2], blob(old)))))


def test_anchors_of_the_old_form_are_whole_and_their_gaps_are_breaches() -> None:
    whole = record()
    old = [blob(replace(as_written(each), previous=None, is_first_form=True)) for each in whole.anchors]
    assert findings(replace(whole, anchors=Seen(tuple(old)))) == []
    (gap,) = findings(replace(whole, anchors=Seen((old[0], old[2]))))
    assert (gap.kind, gap.is_warning) == (Code.ANCHOR_MISSING, False)


def test_a_gap_that_the_next_anchor_bridges_is_a_warning() -> None:
    whole = record()
    bridged = anchored((DAYS[0], ends(whole)[0]), (DAYS[2], ends(whole)[2]))  # pyright: ignore[reportArgumentType]
    (gap,) = findings(replace(whole, anchors=Seen(bridged)))
    assert (gap.kind, gap.about, gap.is_warning) == (Code.ANCHOR_MISSING, f"{DAYS[1]}", True)


def test_what_could_not_be_read_of_the_container_is_not_taken_for_removed() -> None:
    whole = record()
    partly = replace(whole, anchors=Seen(whole.anchors.items[1:], gap="container could not be read"))
    assert findings(partly) == []


@pytest.mark.parametrize(
    "text", ["", "[]", '{"at":"x","count":1,"head":"a"}', '{"count":-1}', "{" * 4000], ids=range(5)
)
def test_what_is_no_anchor_is_told_apart(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_anchor(text.encode())


@given(st.integers(0, 10**9), st.text("0123456789abcdef", min_size=64, max_size=64), st.booleans(), st.booleans())
def test_an_anchor_is_read_as_it_was_written(count: int, head: str, is_first_form: bool, names: bool) -> None:
    previous = Named("2026-11-22", "a" * 64) if names and not is_first_form else None
    anchor = Written(Head(count, head), moment(date(2026, 11, 23)), previous, is_first_form)
    assert read_anchor(anchor.to_json().encode()) == anchor
    assert anchor.named == Named("2026-11-23", digest(anchor.to_json()))


# --- whatever one does


type Tampering = Callable[[AuditEvidence, st.DataObject], AuditEvidence]


def take_one_away(whole: AuditEvidence, data: st.DataObject) -> AuditEvidence:
    gone = data.draw(st.sampled_from(whole.anchors.items))
    return replace(whole, anchors=Seen(tuple(each for each in whole.anchors if each != gone)))


def say_something_else(whole: AuditEvidence, data: st.DataObject) -> AuditEvidence:
    """Another text under the same name, with the times of the true one."""
    which = data.draw(st.sampled_from(whole.anchors.items))
    count = data.draw(st.integers(0, 20))
    made = replace(as_written(which), head=Head(count, data.draw(st.sampled_from(["0" * 64, "a" * 64]))))
    other = blob(made)
    return replace(whole, anchors=Seen(tuple(other if each == which else each for each in whole.anchors)))


def plant_one(whole: AuditEvidence, data: st.DataObject) -> AuditEvidence:
    """An anchor of any day, created today, that says anything, or something true."""
    day = DAYS[0] + data.draw(st.integers(-400, 400)) * ONE_DAY
    previous = data.draw(st.sampled_from([None, as_written(whole.anchors.items[-1]).named]))
    made = Written(data.draw(st.sampled_from(ends(whole))), moment(day), previous, data.draw(st.booleans()))
    name = data.draw(st.sampled_from([f"{made.day}.json", own_name(made)]))
    if name in {each.name for each in whole.anchors}:
        return whole
    return among(whole, blob(made, name, NOW - timedelta(minutes=1)))


@pytest.mark.parametrize("tamper", [take_one_away, say_something_else, plant_one], ids=lambda tamper: tamper.__name__)
@given(st.integers(1, 4), st.data())
def test_whatever_is_done_to_anchors_is_noticed(tamper: Tampering, operations: int, data: st.DataObject) -> None:
    whole = record(operations)
    tampered = tamper(whole, data)
    if tampered != whole:
        assert [each for each in findings(tampered) if not each.is_warning]
