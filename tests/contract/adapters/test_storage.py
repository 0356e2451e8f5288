"""Records, notes and leases behind their ports: first come first served, and no write over somebody else's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from shared.contract.answer import Answer, AnswerData, Status
from shared.core.errors import BusyError
from shared.model.application import ApplicationRecord
from shared.model.channel import Channel
from shared.model.claim import Claim, EarlierForm
from shared.model.directory import ApplicationState
from shared.model.operation import State
from shared.model.person import Person
from shared.model.ticket_update import TicketUpdate, UpdateState
from shared.ports import Cleanup, DueEntry, DuePlace, Versioned, day_of
from tests.contract.adapters.stores import Store

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


async def test_a_claim_is_the_first_ones(store: Store) -> None:
    request_id = uuid4().hex
    first = Claim(Channel.QUEUE, "queue", request_id, "first", "hash")
    assert await store.operations.claims("queue", request_id) == ()
    assert await store.operations.claim(first) == first
    assert await store.operations.claim(replace(first, operation_id="second", body_hash="other")) == first
    assert await store.operations.claims("queue", request_id) == (first,)
    assert await store.operations.claims("webhook", request_id) == ()


async def test_each_channel_has_a_claim_of_its_own_and_version_1_one_without(store: Store) -> None:
    request_id = uuid4().hex
    made = [Claim(each, "portal", request_id, f"by {each}", "hash") for each in (None, *Channel)]
    for claim in made:
        assert await store.operations.claim(claim) == claim
    assert set(await store.operations.claims("portal", request_id)) == set(made)


async def test_a_claim_moves_once_and_keeps_what_it_was(store: Store) -> None:
    first = Claim(Channel.WEBHOOK, "portal", uuid4().hex, "first", "hash")
    await store.operations.claim(first)
    second = replace(first, operation_id="second", body_hash="other", earlier=(EarlierForm("first", "hash"),))
    await store.operations.move_claim(first, second)
    with pytest.raises(BusyError):
        await store.operations.move_claim(first, replace(second, operation_id="third"))
    assert await store.operations.claims("portal", first.request_id) == (second,)
    with pytest.raises(BusyError):
        await store.operations.move_claim(replace(first, request_id=uuid4().hex), second)


async def test_a_record_is_created_once_and_read_as_it_was(store: Store) -> None:
    operation = store.operation()
    assert await store.operations.read(operation.id) is None
    etag = await store.operations.create(operation, store.now())
    other = operation.model_copy(update={"body_hash": "other"})
    assert await store.operations.create(other, store.now()) is None
    assert etag is not None
    assert await store.operations.read(operation.id) == Versioned(operation, etag)


async def test_a_record_larger_than_a_property_is_kept_whole(store: Store) -> None:
    uris = frozenset(f"https://app.contoso.example/{n:03d}/{'ü😀x' * 60}" for n in range(256))
    state = ApplicationState(display_name="Big", sign_in_audience="AzureADMyOrg", web_redirect_uris=uris)
    name = f"big-{uuid4().hex}"
    empty = await store.applications.read(name)
    etag = await store.applications.save(empty.value.model_copy(update={"applied": state}), empty.etag)
    assert (await store.applications.read(name)).value.applied == state
    smaller = state.model_copy(update={"web_redirect_uris": frozenset({"https://a.example"})})
    await store.applications.save(empty.value.model_copy(update={"applied": smaller}), etag)
    assert (await store.applications.read(name)).value.applied == smaller


async def test_a_record_is_saved_over_what_was_read_only(store: Store) -> None:
    operation = store.operation()
    await store.operations.create(operation, store.now())
    stored = await store.operations.read(operation.id)
    assert stored is not None
    waiting = operation.model_copy(update={"state": State.WAITING})
    etag = await store.operations.save(waiting, stored.etag)
    with pytest.raises(BusyError):
        await store.operations.save(operation, stored.etag)
    again = await store.operations.read(operation.id)
    assert again is not None
    assert (again.value.state, again.etag) == (State.WAITING, etag)


async def due(store: Store) -> set[tuple[str, int]]:
    return {found async for found in store.operations.due(store.now())}


async def test_unsettled_operations_are_listed_when_they_are_due(store: Store) -> None:
    operation = store.operation()
    entry = (operation.id, 1)
    await store.operations.create(operation, store.now() + MINUTE)
    assert entry not in await due(store)
    store.advance(2 * MINUTE)
    assert entry in await due(store)
    await store.operations.relist(operation.id, 1, store.now() + MINUTE)
    assert entry not in await due(store)
    store.advance(2 * MINUTE)
    assert entry in await due(store)
    await store.operations.unlist(operation.id, 1)
    assert entry not in await due(store)
    await store.operations.unlist(operation.id, 1)


async def test_each_generation_of_an_operation_is_listed_by_itself(store: Store) -> None:
    operation = store.operation()
    for generation in (1, 2):
        await store.operations.relist(operation.id, generation, store.now())
    store.advance(MINUTE)
    await store.operations.unlist(operation.id, 1)
    assert {entry for entry in await due(store) if entry[0] == operation.id} == {(operation.id, 2)}


async def test_an_unknown_app_has_an_empty_record_that_one_may_fill(store: Store, name: str) -> None:
    empty = await store.applications.read(name)
    assert empty.value == ApplicationRecord(unique_name=name)
    owned = empty.value.model_copy(update={"owner": "ada@contoso.example"})
    etag = await store.applications.save(owned, empty.etag)
    with pytest.raises(BusyError):
        await store.applications.save(empty.value, empty.etag)
    stored = await store.applications.read(name)
    assert (stored.value, stored.etag) == (owned, etag)
    await store.applications.save(owned, etag)
    with pytest.raises(BusyError):
        await store.applications.save(owned, etag)


async def test_apps_whose_owner_is_known_by_an_address_alone_are_named(store: Store, name: str) -> None:
    async def waiting() -> list[str]:
        return [each async for each in store.applications.owned_by_address() if each == name]

    empty = await store.applications.read(name)
    etag = await store.applications.save(empty.value.model_copy(update={"last_sequence": 1}), empty.etag)
    assert await waiting() == []
    owned = empty.value.model_copy(update={"owner": "ada@contoso.example"})
    etag = await store.applications.save(owned, etag)
    assert await waiting() == [name]
    await store.applications.save(owned.model_copy(update={"owner_id": str(uuid4())}), etag)
    assert await waiting() == []


async def test_a_note_outlives_everything_but_its_removal(store: Store, name: str) -> None:
    note = Cleanup(name, uuid4().hex, ("a--b", "a--c"), store.now().replace(microsecond=0))
    await store.cleanups.put(note)
    await store.cleanups.put(note)
    assert [each async for each in store.cleanups.all() if each.unique_name == name] == [note]
    for _ in range(2):
        await store.cleanups.remove(name, note.operation_id)
    assert [each async for each in store.cleanups.all() if each.unique_name == name] == []


async def listed(store: Store, until: datetime, after: DuePlace | None = None) -> list[DueEntry]:
    return [entry async for _, entry in store.due.until(day_of(until), after)]


async def test_what_is_due_is_listed_day_by_day(store: Store, name: str) -> None:
    long_ago = datetime(2001, 1, 1, 12, tzinfo=UTC)
    entries = [DueEntry(name, f"c{n}", long_ago + n * DAY, long_ago + (n + 30) * DAY) for n in range(4)]
    for entry in reversed(entries):
        await store.due.put(entry)
    assert await listed(store, long_ago - DAY) == []
    assert await listed(store, long_ago) == entries[:1]
    assert await listed(store, long_ago + 2 * DAY) == entries[:3]
    places = [place async for place, _ in store.due.until(day_of(long_ago + 2 * DAY))]
    assert await listed(store, long_ago + 2 * DAY, after=places[0]) == entries[1:3]
    assert await listed(store, long_ago + 2 * DAY, after=places[2]) == []
    for entry in entries:
        await store.due.remove(name, entry.credential, day_of(entry.at))
        await store.due.remove(name, entry.credential, day_of(entry.at))
    assert await listed(store, long_ago + 9 * DAY) == []


async def test_what_was_sent_is_known_until_it_is_listed_anew(store: Store, name: str) -> None:
    at = datetime(2001, 1, 1, 12, tzinfo=UTC)
    entry, sent = DueEntry(name, "client-secret", at, None), at + MINUTE
    await store.due.mark_sent(entry, sent)
    assert await listed(store, at) == []
    await store.due.put(entry)
    await store.due.mark_sent(entry, sent)
    assert await listed(store, at) == [replace(entry, sent_at=sent)]
    await store.due.put(entry)
    assert await listed(store, at) == [entry]
    await store.due.remove(name, "client-secret", day_of(at))


async def test_the_directorys_link_is_kept_and_is_nothing_that_is_due(store: Store, name: str) -> None:
    for link in ("https://graph.microsoft.com/v1.0/applications/delta?$deltatoken=" + "x" * 40_000, f"short-{name}"):
        await store.due.keep_directory_link(link)
        assert await store.due.directory_link() == link
    assert await listed(store, datetime(2000, 1, 1, tzinfo=UTC)) == []
    assert [entry async for _, entry in store.due.until("99991231") if entry.unique_name == "directory"] == []


async def test_the_longer_pause_is_kept(store: Store) -> None:
    long, short = (store.now().replace(microsecond=0) + minutes * MINUTE for minutes in (60, 30))
    await store.backoff.extend(long, "throttled")
    await store.backoff.extend(short, "throttled")
    assert await store.backoff.until() == long
    await store.backoff.extend(long + MINUTE, "throttled")
    assert await store.backoff.until() == long + MINUTE


async def test_a_lease_is_held_by_one(store: Store, name: str) -> None:
    async with store.leases.hold(name) as lease:
        await lease.keep()
        with pytest.raises(BusyError):
            async with store.leases.hold(name):
                pytest.fail("held twice")
    async with store.leases.hold(name):
        pass


async def test_a_lease_is_given_back_when_its_work_fails(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="work"):
        async with store.leases.hold(name):
            raise ValueError("work")
    async with store.leases.hold(name) as lease:
        await lease.keep()


async def test_a_lease_that_is_kept_does_not_run_out(store: Store, name: str) -> None:
    async with store.leases.hold(name) as lease:
        for _ in range(3):
            store.advance(timedelta(seconds=40))
            await lease.keep()
        with pytest.raises(BusyError):
            async with store.leases.hold(name):
                pytest.fail("held twice")


async def test_a_lease_that_ran_out_and_was_taken_is_lost(store: Store, name: str) -> None:
    async with store.leases.hold(name) as lost:
        store.advance(timedelta(seconds=61))
        async with store.leases.hold(name) as taken:
            with pytest.raises(BusyError):
                await lost.keep()
            await taken.keep()
    async with store.leases.hold(name):
        pass


async def test_giving_back_a_lost_lease_leaves_the_takers(store: Store, name: str) -> None:
    loser = store.leases.hold(name)
    await loser.__aenter__()
    store.advance(timedelta(seconds=61))
    async with store.leases.hold(name):
        await loser.__aexit__(None, None, None)
        with pytest.raises(BusyError):
            async with store.leases.hold(name):
                pytest.fail("held twice")


def update(store: Store) -> TicketUpdate:
    data = AnswerData(request_id="RITM1", status=Status.COMPLETED, display_name="ü" * 120)
    event = Answer(
        id=uuid4().hex, type="registrar.registration.completed.v1", time=store.now().replace(microsecond=0), data=data
    )
    return TicketUpdate(
        id=event.id,
        source="servicenow",
        ticket="9f1c7e2b1b2a4410a1b2c3d4e5f60718",
        operation_id=uuid4().hex,
        generation=1,
        what="completed",
        is_its_own=True,
        event=event,
        first_at=store.now(),
        due=store.now(),
    )


async def waiting(store: Store) -> set[str]:
    return {found async for found in store.ticket_updates.due(store.now())}


async def test_a_ticket_update_is_written_once_and_saved_over_what_was_read_only(store: Store) -> None:
    made = update(store)
    assert await store.ticket_updates.read(made.id) is None
    await store.ticket_updates.create(made, store.now() + MINUTE)
    await store.ticket_updates.create(made.model_copy(update={"ticket": "other"}), store.now() + MINUTE)
    stored = await store.ticket_updates.read(made.id)
    assert stored is not None
    assert stored.value == made
    done = made.model_copy(update={"state": UpdateState.DONE, "reason": "x"})
    etag = await store.ticket_updates.save(done, stored.etag)
    with pytest.raises(BusyError):
        await store.ticket_updates.save(made, stored.etag)
    assert await store.ticket_updates.read(made.id) == Versioned(done, etag)


async def test_ticket_updates_that_wait_are_listed_when_they_are_due(store: Store) -> None:
    made = update(store)
    await store.ticket_updates.create(made, store.now() + MINUTE)
    assert made.id not in await waiting(store)
    store.advance(2 * MINUTE)
    assert made.id in await waiting(store)
    await store.ticket_updates.relist(made.id, store.now() + MINUTE)
    assert made.id not in await waiting(store)
    store.advance(2 * MINUTE)
    for _ in range(2):
        await store.ticket_updates.unlist(made.id)
        assert made.id not in await waiting(store)


async def test_a_ticket_that_asked_is_known_by_its_source_and_address(store: Store) -> None:
    source, ticket = uuid4().hex, uuid4().hex
    assert not await store.ticket_updates.has_asked(source, ticket)
    for _ in range(2):
        await store.ticket_updates.keep_asked(source, ticket)
    assert await store.ticket_updates.has_asked(source, ticket)
    assert not await store.ticket_updates.has_asked(ticket, source)


async def test_a_day_is_counted_under_its_etag(store: Store) -> None:
    person = uuid4().hex
    await store.request_counts.save(person, "20261130", ("a",), "")
    with pytest.raises(BusyError):
        await store.request_counts.save(person, "20261130", ("b",), "")
    first = (await store.request_counts.of(person))["20261130"]
    assert first.value == ("a",)
    await store.request_counts.save(person, "20261130", ("a", "b"), first.etag)
    with pytest.raises(BusyError):
        await store.request_counts.save(person, "20261130", ("a", "c"), first.etag)
    await store.request_counts.save(person, "20261201", ("d",), "")
    await store.request_counts.forget(person, "20261130")
    await store.request_counts.forget(person, "20261130")
    assert {day: each.value for day, each in (await store.request_counts.of(person)).items()} == {"20261201": ("d",)}
    assert await store.request_counts.of(uuid4().hex) == {}


async def test_the_apps_of_an_owner_are_those_that_were_made(store: Store) -> None:
    name, mail, ada = f"app-{uuid4().hex[:8]}", f"ada.{uuid4().hex}@contoso.example", str(uuid4())
    records = {
        "by-address": {"owner": mail.upper(), "client_id": "c"},
        "by-id": {"owner": "a.former@contoso.example", "owner_id": ada, "client_id": "c"},
        "not-made": {"owner": mail, "owner_id": ada},
        "of-another": {"owner": "grace@contoso.example", "owner_id": str(uuid4()), "client_id": "c"},
        "of-another-by-id": {"owner": mail, "owner_id": str(uuid4()), "client_id": "c"},
    }
    for each, fields in records.items():
        await store.applications.save(ApplicationRecord.model_validate({"unique_name": f"{name}-{each}", **fields}), "")
    owned = await store.applications.owned_by(Person(mail, ada))
    assert {each.unique_name for each in owned} == {f"{name}-by-address", f"{name}-by-id"}
