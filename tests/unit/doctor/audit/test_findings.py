"""Each tampering is found, by its name; and whatever one changes, cuts or takes out, something is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.audit.codes import Code
from doctor.audit.evidence import AuditEvidence, Claim, Head, Link, Note
from doctor.audit.judgement import findings
from doctor.evidence import Seen
from shared.core.naming import OWN_SOURCE
from shared.model.audit_chain import hash_of
from shared.model.audit_entry import Kind, make_entry
from tests.unit.doctor.audit.record import DAYS, NOW, anchored, chained, codes, ended_at, entries, record


def test_a_whole_record_has_no_findings() -> None:
    for operations in range(5):
        assert findings(record(operations)) == []


def test_an_altered_entry_is_found() -> None:
    whole = record()
    altered = tuple(replace(each, text=each.text.replace("ada", "eve")) for each in whole.links)
    assert codes(replace(whole, links=Seen(altered))) == {Code.ENTRY_ALTERED}


def test_an_altered_entry_with_a_hash_that_fits_again_is_found() -> None:
    whole, number = record(), 3
    text = whole.links.items[number - 1].text.replace("ada", "eve")
    link = whole.links.items[number - 1]
    forged = replace(link, text=text, hash=hash_of(link.previous_hash, text))
    assert Code.ENTRY_ALTERED in codes(replace(whole, links=Seen(_with(whole, forged))))


def test_a_removed_middle_is_found() -> None:
    whole = record()
    left = tuple(each for each in whole.links if each.number not in (2, 3))
    found = findings(replace(whole, links=Seen(left), index=Seen(tuple((x.entry_id, x.number) for x in left))))
    assert (found[0].kind, found[0].about) == (Code.ENTRY_MISSING, "entries 2 to 3")


def test_a_removed_last_entry_is_found_by_the_head() -> None:
    whole = record()
    assert Code.END_MISSING in codes(replace(whole, links=Seen(whole.links.items[:-1])))


def test_a_removed_last_entry_is_found_though_the_head_was_written_anew() -> None:
    whole = record()
    cut = ended_at(whole, whole.links.items[:-1])
    assert codes(cut) == {Code.END_MISSING, Code.NOT_RECORDED}
    before_its_anchor = replace(cut, anchors=Seen(cut.anchors.items[:-1]), now=NOW - timedelta(hours=11))
    assert codes(before_its_anchor) == {Code.NOT_RECORDED}


def test_a_chain_that_was_written_anew_is_found_by_its_anchors() -> None:
    made = [
        replace(entry, who={"requestedBy": "eve"}) if number == 0 else entry for number, entry in enumerate(entries(3))
    ]
    assert codes(ended_at(record(), chained(made))) == {Code.CHAIN_REWRITTEN}


def test_everything_gone_is_found() -> None:
    whole = record()
    empty = replace(ended_at(whole, ()), head=Seen())
    assert codes(empty) == {Code.END_MISSING, Code.NOT_RECORDED}


def test_a_removed_request_is_found() -> None:
    whole = record()
    without_record = replace(whole, requests=Seen(whole.requests.items[1:]))
    assert codes(without_record) == {Code.REQUEST_MISSING}
    gone = replace(without_record, claims=Seen(whole.claims.items[1:]))
    assert codes(gone) == {Code.REQUEST_MISSING}
    without_entries = ended_at(gone, chained(entries(3)[2:]))
    assert codes(without_entries) == {Code.END_MISSING, Code.CHAIN_REWRITTEN}


def test_a_claim_without_a_record_is_found_once_its_message_cannot_come_any_more() -> None:
    whole = record()
    for age, expected in ((timedelta(hours=24), set[Code]()), (timedelta(hours=26), {Code.REQUEST_MISSING})):
        claim = Claim("queue", "R9", "9" * 32, NOW - age)
        assert codes(replace(whole, claims=Seen((*whole.claims, claim)))) == expected
        own = replace(claim, source=OWN_SOURCE)  # a rotation whose reason passed away before it was recorded
        assert codes(replace(whole, claims=Seen((*whole.claims, own)))) == set()


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        (OWN_SOURCE, Kind.ACCEPTED, set[Code]()),
        (OWN_SOURCE, Kind.SETTLED, {Code.REQUEST_MISSING}),
        ("queue", Kind.ACCEPTED, {Code.REQUEST_MISSING}),
    ],
)
def test_a_rotation_that_was_no_longer_due_before_its_record_was_written_is_not_missed(
    source: str, kind: Kind, expected: set[Code]
) -> None:
    """Its hint came again after the lifetime in the policy had changed: nobody would look at that rotation any more."""
    whole = record()
    what = {
        "operationId": "9" * 32,
        "requestHash": "hash 9",
        "requestId": "rotate-9",
        "source": source,
        "generation": 1,
    }
    at = NOW - timedelta(days=2)
    told = [make_entry(each, ["9" * 32], at, who={}, what=what, ids={}) for each in {Kind.ACCEPTED, kind}]
    notes = tuple(Note(entry.id, entry.to_json()) for entry in told)
    assert codes(replace(whole, notes=Seen(notes))) - {Code.NOT_CHAINED} == expected


def test_a_request_is_just_being_accepted_for_an_hour() -> None:
    whole = record()
    cut = ended_at(whole, whole.links.items[:-1])
    young = replace(cut, requests=Seen(cut.requests.items[:-1]), anchors=Seen(cut.anchors.items[:1]))
    accepted_at = entries(3)[-2].at
    for age, expected in ((timedelta(minutes=59), set[Code]()), (timedelta(minutes=60), {Code.REQUEST_MISSING})):
        assert codes(replace(young, now=accepted_at + age)) - {Code.ANCHOR_MISSING} == expected


@pytest.mark.parametrize(
    "changed",
    [{"body_hash": "x"}, {"request_hash": "x"}, {"body_hash": "x", "request_hash": "x"}, {"content_hash": "x"}],
)
def test_an_altered_request_is_found(changed: dict[str, str]) -> None:
    whole = record()
    first, *others = whole.requests
    assert codes(replace(whole, requests=Seen((replace(first, **changed), *others)))) == {Code.REQUEST_ALTERED}


def test_a_request_whose_claim_is_gone_is_found() -> None:
    whole = record()
    assert codes(replace(whole, claims=Seen(whole.claims.items[1:]))) == {Code.CLAIM_MISSING}


def test_a_generation_that_ended_without_an_entry_is_found() -> None:
    whole = record()
    first, *others = whole.requests
    assert codes(replace(whole, requests=Seen((replace(first, ended=(1, 2)), *others)))) == {Code.NOT_RECORDED}


def test_an_entry_on_its_way_counts_and_must_not_wait_for_long() -> None:
    whole = record()
    cut = ended_at(whole, whole.links.items[:-1])
    last = entries(3)[-1]
    waiting = replace(cut, notes=Seen((Note(last.id, last.to_json()),)), anchors=Seen(cut.anchors.items[:1]))
    assert codes(replace(waiting, now=last.at + timedelta(minutes=14))) - {Code.ANCHOR_MISSING} == set()
    assert Code.NOT_CHAINED in codes(replace(waiting, now=last.at + timedelta(minutes=15)))


def test_what_is_no_entry_on_the_way_is_found() -> None:
    for text in ("no entry", "[" * 100_000, entries(1)[0].to_json()):
        assert codes(replace(record(), notes=Seen((Note("row", text),)))) == {Code.NOTE_UNREADABLE}


def test_days_without_an_anchor_are_found_once_their_time_has_come() -> None:
    whole = record()
    first, second, third = whole.anchors
    removed = {
        (each.kind, each.about, each.is_warning) for each in findings(replace(whole, anchors=Seen((first, third))))
    }
    assert removed == {
        (Code.ANCHOR_REMOVED, "anchor of 2026-11-24", False),
        (Code.ANCHOR_MISSING, "2026-11-24", False),
    }
    none = findings(replace(whole, anchors=Seen()))
    assert [(each.kind, each.about) for each in none] == [(Code.ANCHOR_MISSING, "2026-11-24 to 2026-11-25")]
    at_two = NOW.replace(hour=2)
    assert codes(replace(whole, anchors=Seen((first, second)), now=at_two - timedelta(seconds=1))) == set()
    assert codes(replace(whole, anchors=Seen((first, second)), now=at_two)) == {Code.ANCHOR_MISSING}


def test_an_anchor_of_nothing_with_a_hash_is_no_anchor_of_ours() -> None:
    whole = record()
    forged, ends = Head(0, "1" * 64), [each.content.head for each in whole.anchors.items[1:] if each.content]
    anchors = anchored(*zip(DAYS, (forged, *ends), strict=True))
    assert codes(replace(whole, anchors=Seen(anchors))) == {Code.CHAIN_REWRITTEN}


def test_what_could_not_be_read_proves_nothing() -> None:
    whole = record()
    unread = replace(whole, links=Seen(whole.links.items[:2], gap="table audit could not be read"))
    assert findings(unread) == []
    assert unread.gaps == ["table audit could not be read"]
    assert findings(replace(whole, requests=Seen(gap="no"), claims=Seen(gap="no"))) == []


# --- whatever one does


type Tampering = Callable[[AuditEvidence, st.DataObject], AuditEvidence]


def alter_a_text(whole: AuditEvidence, data: st.DataObject) -> AuditEvidence:
    link = data.draw(st.sampled_from(whole.links.items))
    at = data.draw(st.integers(0, len(link.text) - 1))
    char = data.draw(st.characters(codec="ascii").filter(lambda char: char != link.text[at]))
    return replace(whole, links=Seen(_with(whole, replace(link, text=link.text[:at] + char + link.text[at + 1 :]))))


def alter_a_column(whole: AuditEvidence, data: st.DataObject) -> AuditEvidence:
    link = data.draw(st.sampled_from(whole.links.items))
    column = data.draw(st.sampled_from(("entry_id", "previous_hash", "hash")))
    value = data.draw(st.text(alphabet="0123456789abcdef", min_size=64, max_size=64))
    return replace(whole, links=Seen(_with(whole, replace(link, **{column: value}))))


def remove_some(whole: AuditEvidence, data: st.DataObject) -> AuditEvidence:
    gone = data.draw(st.sets(st.sampled_from([link.number for link in whole.links]), min_size=1))
    left = tuple(link for link in whole.links if link.number not in gone)
    fits = data.draw(st.booleans())
    index = tuple((link.entry_id, link.number) for link in left) if fits else whole.index.items
    return replace(whole, links=Seen(left), index=Seen(index))


def cut_and_repair(whole: AuditEvidence, data: st.DataObject) -> AuditEvidence:
    return ended_at(whole, whole.links.items[: data.draw(st.integers(0, len(whole.links.items) - 1))])


def rewrite_and_repair(whole: AuditEvidence, data: st.DataObject) -> AuditEvidence:
    made = entries(len(whole.requests.items))
    at = data.draw(st.integers(0, len(made) - 1))
    made[at] = replace(made[at], who={"requestedBy": data.draw(st.text().filter(lambda name: name != "ada"))}, ids={})
    return ended_at(whole, chained(made))


def swap_two_and_repair(whole: AuditEvidence, data: st.DataObject) -> AuditEvidence:
    made = entries(len(whole.requests.items))
    at = data.draw(st.integers(0, len(made) - 2))
    made[at], made[at + 1] = made[at + 1], made[at]
    return ended_at(whole, chained(made))


def alter_the_head(whole: AuditEvidence, data: st.DataObject) -> AuditEvidence:
    (head,) = whole.head
    other = Head(data.draw(st.integers(0, 20)), data.draw(st.sampled_from((head.hash, "0" * 64))))
    return replace(whole, head=Seen((other,) if other != head else ()))


def remove_a_request(whole: AuditEvidence, data: st.DataObject) -> AuditEvidence:
    gone = data.draw(st.sampled_from(whole.requests.items))
    left = tuple(each for each in whole.requests if each != gone)
    claims = tuple(each for each in whole.claims if each.operation_id != gone.operation_id)
    return replace(whole, requests=Seen(left), claims=Seen(claims) if data.draw(st.booleans()) else whole.claims)


TAMPERINGS = (
    alter_a_text,
    alter_a_column,
    remove_some,
    cut_and_repair,
    rewrite_and_repair,
    swap_two_and_repair,
    alter_the_head,
    remove_a_request,
)


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
@given(st.integers(1, 5), st.data())
def test_whatever_is_tampered_with_is_noticed(tamper: Tampering, operations: int, data: st.DataObject) -> None:
    whole = record(operations)
    tampered = tamper(whole, data)
    if tampered != whole:
        assert findings(tampered) != []


def _with(whole: AuditEvidence, changed: Link) -> tuple[Link, ...]:
    return tuple(changed if link.number == changed.number else link for link in whole.links)
