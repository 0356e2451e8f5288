"""The audit record behind its ports: the first note wins, and the chain grows at its end, as a whole or not at all."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from shared.core.errors import BusyError
from shared.model.audit_chain import links_after
from shared.model.audit_entry import Entry, Kind, make_entry
from tests.contract.adapters.stores import Store


def entry(store: Store, size: int = 10) -> Entry:
    """An entry that nobody else has."""
    return make_entry(Kind.ACCEPTED, [uuid4().hex], store.now(), who={}, what={"text": "x" * size}, ids={})


async def noted(store: Store) -> dict[str, str]:
    return {row: text async for row, text in store.audit.noted()}


async def test_the_first_note_of_an_entry_stays(store: Store) -> None:
    first = entry(store)
    await store.audit.note(first)
    await store.audit.note(replace(first, at=first.at + timedelta(minutes=1)))
    assert (await noted(store))[first.id] == first.to_json()
    for _ in range(2):
        await store.audit.forget(first.id)
    assert first.id not in await noted(store)


async def test_an_entry_larger_than_a_property_is_kept_whole(store: Store) -> None:
    large = entry(store, 100_000)
    await store.audit.note(large)
    assert (await noted(store))[large.id] == large.to_json()
    await store.audit.forget(large.id)


async def test_the_chain_grows_at_its_end(store: Store) -> None:
    for count in (1, 40):
        before = await store.audit.head()
        links = links_after(before.value, [entry(store, 5_000) for _ in range(count)])
        assert not await store.audit.is_linked(links[-1].entry_id)
        await store.audit.append(links, before.etag)
        after = await store.audit.head()
        assert after.value == links[-1].head
        assert after.value.count == before.value.count + count
        assert all([await store.audit.is_linked(link.entry_id) for link in links])


async def test_who_has_read_an_older_end_appends_nothing(store: Store) -> None:
    before = await store.audit.head()
    first, second = links_after(before.value, [entry(store)]), links_after(before.value, [entry(store), entry(store)])
    await store.audit.append(first, before.etag)
    with pytest.raises(BusyError):
        await store.audit.append(second, before.etag)
    assert (await store.audit.head()).value == first[-1].head
    assert not await store.audit.is_linked(second[0].entry_id)


async def test_an_entry_is_in_the_chain_once(store: Store) -> None:
    before, once = await store.audit.head(), entry(store)
    await store.audit.append(links_after(before.value, [once]), before.etag)
    after = await store.audit.head()
    with pytest.raises(BusyError):
        await store.audit.append(links_after(after.value, [entry(store), once]), after.etag)
    assert await store.audit.head() == after


async def test_what_stands_at_a_place_is_not_replaced(store: Store) -> None:
    before = await store.audit.head()
    await store.audit.append(links_after(before.value, [entry(store)]), before.etag)
    after = await store.audit.head()
    with pytest.raises(BusyError):
        await store.audit.append(links_after(before.value, [entry(store)]), after.etag)
    assert await store.audit.head() == after


async def test_a_day_is_anchored_once(store: Store) -> None:
    name = f"{store.now():%Y-%m-%d}-{uuid4().hex[:12]}.json"
    assert await store.anchors.keep(name, "first")
    assert not await store.anchors.keep(name, "second")
    assert await store.anchors.read(name) == b"first"


async def test_anchors_are_listed_with_the_time_at_which_they_came_about(store: Store) -> None:
    names, begun = [f"{uuid4().hex}.json" for _ in range(3)], store.now()
    for name in names:
        await store.anchors.keep(name, "text")
    store.advance(timedelta(days=2))
    later = f"{uuid4().hex}.json"
    await store.anchors.keep(later, "a text")
    kept = [each async for each in store.anchors.listed()]
    found = {each.name: each for each in kept}
    assert [each.name for each in kept] == sorted(found)
    assert set(names) | {later} <= set(found)
    assert (found[names[0]].size, found[later].size) == (4, 6)
    assert all(abs(found[name].created - begun) < timedelta(minutes=1) for name in names)
    assert found[later].created - begun > timedelta(days=1)


async def test_an_anchor_that_is_not_there_is_read_as_none(store: Store) -> None:
    assert await store.anchors.read(f"{uuid4().hex}.json") is None


async def test_a_place_of_the_chain_says_when_it_was_taken(store: Store) -> None:
    before, begun = await store.audit.head(), store.now()
    (link,) = links_after(before.value, [entry(store)])
    assert await store.audit.place(link.number) is None
    await store.audit.append([link], before.etag)
    place = await store.audit.place(link.number)
    assert place is not None
    assert place.hash == link.hash
    assert abs(place.written - begun) < timedelta(minutes=1)
