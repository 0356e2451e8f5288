"""An entry has one form and one id, whoever writes it and whenever."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.audit_entry import Fact, Kind, canonical, entry_id, make_entry, read_entry

AT = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)

facts: st.SearchStrategy[Fact] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
groups = st.dictionaries(st.text(), facts, max_size=3)


@given(groups, groups, groups)
def test_what_is_written_is_read_back_and_is_ascii(
    who: dict[str, Fact], what: dict[str, Fact], ids: dict[str, Fact]
) -> None:
    entry = make_entry(Kind.ACCEPTED, ["a"], AT, who=who, what=what, ids=ids)
    assert read_entry(entry.to_json()).to_json() == entry.to_json()
    assert entry.to_json().isascii()


@given(groups)
def test_the_order_of_facts_does_not_matter(group: dict[str, Fact]) -> None:
    assert canonical(dict(reversed(group.items()))) == canonical(group)


def test_the_id_follows_from_the_event_and_not_from_its_time() -> None:
    late = AT + timedelta(days=1)
    first, again = (make_entry(Kind.SETTLED, ["a", "1"], at, who={}, what={}, ids={}) for at in (AT, late))
    assert first.id == again.id == entry_id(Kind.SETTLED, "a", "1")
    others = {entry_id(Kind.SETTLED, "a", "2"), entry_id(Kind.REPLAYED, "a", "1"), entry_id(Kind.SETTLED, "a1")}
    assert first.id not in others
    assert len(others) == 3


def test_a_moment_is_in_utc_to_the_microsecond() -> None:
    there = AT.astimezone(timezone(timedelta(hours=5)))
    entry = make_entry(Kind.ACCEPTED, ["a"], there, who={}, what={"absent": None}, ids={})
    told = json.loads(entry.to_json())
    assert told["at"] == "2026-11-23T12:00:00.250000Z"
    assert told["what"] == {}
    assert set(told) == {"schemaVersion", "id", "kind", "at", "who", "what", "ids"}


PROPER = make_entry(Kind.ACCEPTED, ["a"], AT, who={}, what={}, ids={}).to_json()


@pytest.mark.parametrize("text", ["", "7", "[]", "{}", '{"id":1}', "[" * 100_000, f"{PROPER} "], ids=range(7))
def test_what_is_no_entry_is_told_apart(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_entry(text)
