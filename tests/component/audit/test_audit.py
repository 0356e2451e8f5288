"""Every event is in the audit record once, whatever dies on the way; and whoever writes it, there is one chain."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.audit import writing
from shared.audit.writing import extend_chain
from shared.core.errors import BusyError, RefusedError, UnavailableError
from shared.model.audit_chain import Link
from shared.ports import Cleanup
from tests.component import approving
from tests.component.operations.test_replay import failed_world
from tests.component.rotating import APP
from tests.component.rotating_secrets import CREDENTIAL, SECRET, days, keys, registered, rotation
from tests.fakes.auditing import unrecorded
from tests.fakes.faults import Faults, Moment, WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example
from tests.witness.at_rest import AT_REST


def told(world: World, kind: str | None = None) -> list[dict[str, Any]]:
    """The entries in the chain, and then those on their way there as they were noted."""
    entries = map(json.loads, world.audit.texts())
    return [entry for entry in entries if kind in (None, entry["kind"])]


def chain(world: World) -> list[dict[str, Any]]:
    return [json.loads(world.audit.links[number].text) for number in sorted(world.audit.links)]


async def test_a_registration_leaves_who_asked_and_what_was_done_with_which_ids() -> None:
    world = World()
    request = example(ticket="4f0e1c2d", owner="grace@contoso.example")
    answer = await world.run(request)
    first, second = told(world)
    assert (first["kind"], second["kind"]) == ("accepted", "settled")
    (operation,) = world.operations.all()
    asked = {
        "operationId": operation.id,
        "channel": "queue",
        "source": "queue",
        "requestId": request["requestId"],
        "action": "register",
        "uniqueName": "adt-client-dev",
        "requestHash": operation.body_hash,
    }
    people = {"requestedBy": request["requestedBy"], "owner": "grace@contoso.example"}
    assert (first["who"], first["what"], first["ids"]) == (people, asked, {})
    assert second["who"] == people
    assert second["what"] == asked | {"generation": 1, "status": "completed"}
    data, (credential,) = answer["data"], answer["data"]["credentials"]
    assert second["ids"] == {
        "answerId": answer["id"],
        "clientId": data["clientId"],
        "objectId": data["objectId"],
        "servicePrincipalId": data["servicePrincipalId"],
        "credentials": [
            {
                "name": "client-secret",
                "type": "secret",
                "keyId": credential["keyId"],
                "vaultSecretName": "adt-client-dev--client-secret",
                "vaultVersion": credential["keyVaultSecretVersion"],
            }
        ],
        "consented": [
            {
                "resourceAppId": data["apiPermissions"][0]["resourceAppId"],
                "id": permission["id"],
                "name": permission["name"],
                "type": permission["type"],
            }
            for permission in data["apiPermissions"][0]["permissions"]
        ],
    }


async def test_a_rejection_says_why_and_a_repeated_request_adds_nothing() -> None:
    world = World()
    await world.run(example())
    await world.run(example(requestId="MALLORY", requestedBy="mallory@contoso.example"))
    before = told(world)
    assert [entry["what"].get("status") for entry in before if entry["kind"] == "settled"] == ["completed", "rejected"]
    rejected = before[-1]["what"]
    assert (rejected["reason"], rejected["errors"]) == ("not_owner", ["not_owner"])
    await world.run(example())
    assert told(world) == before
    assert breaches(world) == []


async def test_a_failure_its_replay_and_what_came_of_it_are_three_entries() -> None:
    world = await failed_world()
    (operation,) = world.operations.all()
    await world.registrar.replays.replay(operation.id)
    await world.settle()
    entries = {(each["kind"], each["what"].get("generation"), each["what"].get("status")): each for each in told(world)}
    assert entries.keys() == {
        ("accepted", None, None),
        ("settled", 1, "failed"),
        ("replayed", 2, None),
        ("settled", 2, "completed"),
    }
    assert len(told(world)) == len(entries)
    failed = entries["settled", 1, "failed"]
    assert failed["ids"]["credentials"] == [
        {"name": "client-secret", "keyId": made.key_id, "vaultVersion": made.version}
        for made in operation.credentials.values()
    ]
    assert breaches(world) == []


@pytest.mark.parametrize("outcome", ["approve", "refuse"])
async def test_who_decided_about_what_is_recorded_before_what_comes_of_it(outcome: str) -> None:
    world = World(approving.policy())
    await world.send(approving.asking())
    await world.settle()
    seen = approving.binding(world)
    await approving.say(world, outcome, reason="as agreed")
    await world.settle()
    # A refusal is settled at the moment it is noted: then the chain's order is that of the entries' ids.
    assert sorted(entry["kind"] for entry in chain(world)) == ["accepted", "decided", "settled"]
    (decided,), (settled,) = told(world, "decided"), told(world, "settled")
    assert decided["at"] <= settled["at"]
    assert decided["who"]["decidedByObjectId"] == approving.GRACE
    assert decided["who"]["requestedByObjectId"] == approving.ADA
    assert (decided["what"]["outcome"], decided["what"]["binding"]) == (f"{outcome.removesuffix('e')}ed", seen)
    assert decided["what"]["needed"] == ["name_needs_approval"]


async def test_a_rotation_and_the_end_of_its_overlap_are_recorded() -> None:
    world = await registered()
    (old,) = keys(world)
    answer = await world.run(rotation())
    rotated = told(world, "settled")[-1]
    assert rotated["what"]["action"] == "rotate"
    assert rotated["ids"]["replacedKeyId"] == old
    assert rotated["ids"]["answerId"] == answer["id"]
    assert told(world, "credential_removed") == []
    await days(world, 9)
    (removed,) = told(world, "credential_removed")
    assert removed["what"] == {"uniqueName": APP, "reason": "overlap_ended", "source": "registrar"}
    version = world.vault.secrets[SECRET][0].entry.version
    app = world.directory.applications[APP]
    assert removed["ids"] == {
        "objectId": app.object_id,
        "keyId": old,
        "vaultSecretName": SECRET,
        "vaultVersion": version,
    }
    assert breaches(world) == []


async def test_a_revocation_names_whose_request_it_was() -> None:
    world = await registered()
    (old,) = keys(world)
    await world.run(rotation(revokePrevious={"within": "PT45M"}))
    (removed,) = told(world, "credential_removed")
    assert (removed["what"]["reason"], removed["what"]["requestId"]) == ("revoked", "ROT1")
    assert removed["who"]["requestedBy"] == "ada@contoso.example"
    assert (removed["ids"]["keyId"], removed["ids"]["vaultSecretName"]) == (old, SECRET)


async def test_a_secret_whose_value_was_lost_is_recorded_when_it_goes() -> None:
    world = await registered()
    (operation,) = world.operations.all()
    app = world.directory.applications[APP]
    lost = await world.directory.add_password(
        app.object_id, f"reg:{operation.id} lost", world.clock.now() + timedelta(9)
    )
    world.cleanups.rows[(APP, operation.id)] = Cleanup(APP, operation.id, (SECRET,), world.clock.now())
    world.clock.advance(timedelta(minutes=10))
    await world.clean_up()
    (removed,) = told(world, "credential_removed")
    assert (removed["what"]["reason"], removed["ids"]["keyId"]) == ("value_lost", lost.key_id)


async def test_a_request_costs_two_writes_to_the_outbox() -> None:
    world = World()
    await world.send(example())
    calls = [call for call in world.faults.calls if call.startswith(("table note", "table chain", "table append"))]
    assert calls == ["table note", "table note"]


# --- crashes


async def _register(world: World) -> None:
    await world.send(example())
    await world.settle()
    await _extended(world)


async def _revoke(world: World) -> None:
    await world.send(rotation(revokePrevious={"within": "PT45M"}))
    await world.settle()
    await _extended(world)


async def _retire(world: World) -> None:
    await days(world, 9)
    await _extended(world)


async def _rotated() -> World:
    world = await registered()
    await world.run(rotation())
    return world


async def _new() -> World:
    return World()


async def _extended(world: World) -> None:
    """The timer comes by until nothing waits any more."""
    for _ in range(4):
        await world.go_on(timedelta(minutes=1))


COURSES: dict[str, tuple[Callable[[], Awaitable[World]], Callable[[World], Awaitable[None]]]] = {
    "register": (_new, _register),
    "revoke": (registered, _revoke),
    "retire": (_rotated, _retire),
}


@pytest.mark.parametrize("course", COURSES)
@pytest.mark.parametrize(
    ("moment", "error"),
    [("before", WorkerDied()), ("after", WorkerDied()), ("after", UnavailableError("connection lost"))],
)
async def test_a_crash_at_any_call_leaves_each_event_in_the_chain_once(
    course: str, moment: Moment, error: BaseException
) -> None:
    begin, run = COURSES[course]
    sound = await begin()
    first = len(sound.faults.calls)
    await run(sound)
    calls, expected = sound.faults.calls[first:], events(sound)
    assert {"table note", "table append", "table forget note"} <= set(calls)
    for index, call in enumerate(calls, first):
        world = await begin()
        world.faults.at(index, moment, error)
        await run(world)
        what = f"{moment} call {index}, {call}"
        assert world.audit.outbox == {}, what
        assert events(world) == expected, what
        assert unrecorded(world) == [], what
        gone = {entry["ids"]["keyId"] for entry in chain(world) if entry["kind"] == "credential_removed"}
        assert gone.isdisjoint(keys(world)), what


def events(world: World) -> Counter[tuple[str, str]]:
    """What is in the chain, but for the secrets that only a crash made, and that were removed for it."""
    for entry in (entries := chain(world)):
        entry["what"].pop("operationId", None)  # a claim that came to nothing has used up an id
    found = ((entry["kind"], json.dumps([entry["who"], entry["what"]])) for entry in entries)
    return Counter(event for event in found if "value_lost" not in event[1] and "never_promoted" not in event[1])


# --- the writer


class _Meanwhile(Faults):
    """Something else happens before the first call of this name takes effect."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.happens: Callable[[], Awaitable[object]] | None = None

    async def call[R](self, name: str, effect: Callable[[], R]) -> R:
        if name == self._name and self.happens is not None:
            happens, self.happens = self.happens, None
            await happens()
        return await super().call(name, effect)


@pytest.mark.parametrize("moment", ["table noted", "table chain head", "table is linked", "table append"])
async def test_two_writers_at_once_make_one_chain(moment: str) -> None:
    faults = _Meanwhile(moment)
    world = World(faults=faults)
    await world.run(example())
    await world.send(example(requestId="SECOND"))
    assert world.audit.outbox

    async def other() -> None:
        await extend_chain(world.audit)
        await world.send(example(requestId="THIRD"))
        await extend_chain(world.audit)

    faults.happens = other
    await extend_chain(world.audit)
    await extend_chain(world.audit)
    assert world.audit.outbox == {}
    assert len(chain(world)) == len({entry["id"] for entry in chain(world)}) == 6
    assert unrecorded(world, AT_REST) == []


async def test_entries_go_into_the_chain_in_the_order_in_which_they_were_noted() -> None:
    world = World()
    for number in range(60):
        await world.send(example(requestId=f"R{number}"))
        world.clock.advance(timedelta(seconds=1))
    await extend_chain(world.audit)
    moments = [(entry["at"], entry["id"]) for entry in chain(world)]
    assert len(moments) == 120
    assert moments == sorted(moments)
    assert unrecorded(world) == []


async def test_one_run_takes_so_many_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST", 3)
    world = World()
    for number in range(4):
        await world.send(example(requestId=f"R{number}"))
    assert [await extend_chain(world.audit) for _ in range(4)] == [3, 3, 2, 0]
    assert unrecorded(world) == []


@pytest.mark.parametrize("text", ["", "no entry", "{}", "[" * 100_000], ids=range(4))
async def test_a_row_that_is_no_entry_keeps_none_of_the_others(text: str) -> None:
    world = World()
    world.audit.outbox["0"] = text
    await world.send(example())
    world.audit.outbox["1"] = told_text(world)
    assert await extend_chain(world.audit) == 2
    assert set(world.audit.outbox) == {"0", "1"}
    assert {str(finding.kind) for finding in unrecorded(world)} == {"note_unreadable"}


def told_text(world: World) -> str:
    """The text of an entry, which belongs under another row key."""
    return next(text for text in world.audit.texts() if '"accepted"' in text)


async def test_an_entry_that_the_store_refuses_keeps_none_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    for number in range(5):
        await world.send(example(requestId=f"R{number}"))
    append = world.audit.append

    async def refuse(links: Sequence[Link], etag: str) -> None:
        if any('"R3"' in link.text and '"accepted"' in link.text for link in links):
            raise RefusedError("too large", "RequestBodyTooLarge")
        await append(links, etag)

    monkeypatch.setattr(world.audit, "append", refuse)
    assert await extend_chain(world.audit) == 9
    assert len(world.audit.outbox) == 1
    assert unrecorded(world) == []


async def test_a_chain_that_does_not_end_where_its_head_says_is_left_alone() -> None:
    world = World()
    await world.run(example())
    await extend_chain(world.audit)
    world.audit.end = None
    await world.send(example(requestId="SECOND"))
    before = dict(world.audit.links)
    with pytest.raises(BusyError):
        await extend_chain(world.audit)
    assert world.audit.links == before
    assert len(world.audit.outbox) == 2
    assert {str(finding.kind) for finding in unrecorded(world)} == {"head_differs"}


async def test_no_entry_holds_a_value() -> None:
    world = await registered()
    await world.run(rotation(revokePrevious={"within": "PT45M"}))
    values = {version.value for versions in world.vault.secrets.values() for version in versions}
    texts = "\n".join(world.audit.texts())
    assert CREDENTIAL in texts
    assert not any(str(value) in texts for value in values)
