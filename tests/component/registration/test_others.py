"""What somebody else made stays theirs: a request may name it and a later one drop it, whatever happens in between."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import UnavailableError
from shared.model.application import ApplicationRecord
from shared.model.directory import Consent, RequiredPermission
from tests.component.registration.test_narrowing import APP, GRAPH, TWINS, USER_READ, USERS, asking, consents, policy
from tests.fakes.apis import MICROSOFT_GRAPH
from tests.fakes.faults import Faults, WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.world import World

URIS = {
    "web": ("web_redirect_uris", "https://app.contoso.example/web"),
    "spa": ("spa_redirect_uris", "https://app.contoso.example/spa"),
    "publicClient": ("public_client_redirect_uris", "http://localhost:8400/theirs"),
}
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Thing:
    """Something that somebody makes by hand, and a request then names."""

    make: Callable[[World], None]
    naming: dict[str, Any]
    is_there: Callable[[World], bool]
    told: dict[str, Any]


def _named(platform: str) -> dict[str, Any]:
    return {"redirectUris": [URIS[platform][1]]}


def _uri(platform: str, collection: str, uri: str) -> Thing:
    told = {"kind": "redirectUri", "name": uri, "api": None}

    def make(world: World) -> None:
        there = getattr(world.directory.applications[APP].state, collection)
        world.directory.change(APP, **{collection: there | {uri}})

    return Thing(
        make,
        asking("R2", TWINS, **{platform: {"redirectUris": [uri]}}),
        lambda world: uri in getattr(world.directory.applications[APP].state, collection),
        told,
    )


def _consent(consent: Consent, kind: str, name: str) -> Thing:
    def make(world: World) -> None:
        (principal,) = world.directory.principals.values()
        world.directory.consent_in_portal(principal, consent)

    return Thing(
        make,
        asking("R2", TWINS, GRAPH),
        lambda world: consent in consents(world),
        {"kind": kind, "name": name, "api": "Microsoft Graph"},
    )


def _required() -> Thing:
    (read,) = (each for each in MICROSOFT_GRAPH.permissions if each.name == "User.Read" and each.type == "Scope")
    required = RequiredPermission(resource_app_id=MICROSOFT_GRAPH.app_id, id=read.id, type="Scope")

    def make(world: World) -> None:
        there = world.directory.applications[APP].state.required_permissions
        world.directory.change(APP, required_permissions=there | {required})

    return Thing(
        make,
        asking("R2", TWINS, GRAPH),
        lambda world: required in world.directory.applications[APP].state.required_permissions,
        {"kind": "requiredPermission", "name": "User.Read", "api": "Microsoft Graph", "type": "Scope"},
    )


THINGS = {
    **{f"a redirect URI of {platform}": _uri(platform, *where) for platform, where in URIS.items()},
    "a permission asked for": _required(),
    "a delegated consent": _consent(USER_READ, "delegatedPermission", "User.Read"),
    "an application's consent": _consent(USERS, "applicationPermission", "User.Read.All"),
}


async def with_theirs(thing: Thing, faults: Faults | None = None) -> World:
    """A registered app, to which somebody else has added this an hour ago."""
    world = World(policy(), faults=faults)
    await world.run(asking("R1", TWINS))
    thing.make(world)
    world.clock.advance(_HOUR)
    return world


def told(world: World, request_id: str) -> list[dict[str, Any]]:
    # One answer may be delivered twice; two different ones never are.
    data, *again = (each["data"] for each in world.queues.answers if each["data"]["requestId"] == request_id)
    assert all(each == data for each in again)
    assert data["status"] == "completed"
    return data.get("madeByOthers", [])


@pytest.mark.parametrize("name", THINGS)
async def test_it_stays_theirs_when_a_later_request_drops_it_and_the_answer_says_so(name: str) -> None:
    thing = THINGS[name]
    world = await with_theirs(thing)
    await world.run(thing.naming)
    world.clock.advance(_HOUR)
    await world.run(asking("R3", TWINS))
    assert thing.is_there(world)
    assert told(world, "R3") == [thing.told]
    await world.run(asking("R4", TWINS, displayName="Another"))
    assert thing.is_there(world)
    assert breaches(world) == []


@pytest.mark.parametrize("name", THINGS)
async def test_without_the_record_of_the_app_it_stays_all_the_same(name: str) -> None:
    """Who made it is forgotten with the record: then nothing is taken back, and nothing is named."""
    thing = THINGS[name]
    world = await with_theirs(thing)
    await world.run(thing.naming)
    world.clock.advance(_HOUR)
    record, etag = world.applications.rows[APP]
    world.applications.rows[APP] = (_forgotten(record), etag)
    await world.run(asking("R3", TWINS))
    assert thing.is_there(world)
    assert told(world, "R3") == []


def _forgotten(record: str) -> str:
    """A row that was lost, but for whom the app belongs to: that is another test's."""
    known = ApplicationRecord.model_validate_json(record)
    return ApplicationRecord(unique_name=APP, owner=known.owner, owner_id=known.owner_id).model_dump_json()


def _make_all(world: World) -> None:
    for thing in THINGS.values():
        thing.make(world)


EVERYTHING = Thing(
    make=_make_all,
    naming=asking("R2", TWINS, GRAPH, web=_named("web"), spa=_named("spa"), publicClient=_named("publicClient")),
    is_there=lambda world: all(thing.is_there(world) for thing in THINGS.values()),
    told={},
)
"""All of them at once."""
WORDS = sorted((thing.told["kind"], thing.told["name"]) for thing in THINGS.values())
FAULTS = [WorkerDied(), UnavailableError("no answer")]
_READS = (
    *("table read", "table claims", "table request counts", "table due", "table all", "table noted", "table chain"),
    *("table is", "table append", "table forget", "queue peek", "lease", "entra", "vault versions", "vault value"),
    *("graph application", "graph policies", "graph api", "graph people", "graph service_principal", "graph consents"),
)
"""What changes nothing of the app or the request, by the beginning of a call's name."""


def writes(world: World, first: int) -> list[int]:
    """The places of the calls from `first` on that write: who dies at a read has done what was written before it."""
    calls = enumerate(world.faults.calls)
    return [index for index, call in calls if index >= first and not call.startswith(_READS)]


def words(world: World) -> list[tuple[str, str]]:
    return sorted((each["kind"], each["name"]) for each in told(world, "R3"))


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_at_any_write_of_the_request_that_names_it_leaves_it_theirs(fault: BaseException) -> None:
    reference = await with_theirs(EVERYTHING)
    first = len(reference.faults.calls)
    await reference.run(EVERYTHING.naming)
    for index in writes(reference, first):
        world = await with_theirs(EVERYTHING)
        world.faults.at(index, "after", fault)
        await world.run(EVERYTHING.naming)
        world.clock.advance(_HOUR)
        await world.run(asking("R3", TWINS))
        assert EVERYTHING.is_there(world), f"after call {index}"
        assert words(world) == WORDS, f"after call {index}, {world.faults.calls[index]}"


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_at_any_write_of_the_request_that_drops_it_loses_neither_it_nor_the_word(
    fault: BaseException,
) -> None:
    reference = await with_theirs(EVERYTHING)
    await reference.run(EVERYTHING.naming)
    reference.clock.advance(_HOUR)
    first = len(reference.faults.calls)
    await reference.run(asking("R3", TWINS))
    for index in writes(reference, first):
        world = await with_theirs(EVERYTHING)
        await world.run(EVERYTHING.naming)
        world.clock.advance(_HOUR)
        world.faults.at(index, "after", fault)
        await world.run(asking("R3", TWINS))
        assert EVERYTHING.is_there(world), f"after call {index}"
        assert words(world) == WORDS, f"after call {index}, {world.faults.calls[index]}"


class _LagEnds(Faults):
    """What was written shows between two reads of one attempt."""

    world: World | None = None

    async def call[R](self, name: str, effect: Callable[[], R]) -> R:
        answer = await super().call(name, effect)
        if self.world is not None and name == "graph application":
            self.world.directory.lag = timedelta(0)
        return answer


@pytest.mark.parametrize("name", THINGS)
async def test_it_is_known_for_theirs_when_the_request_that_names_it_writes_nothing(name: str) -> None:
    """Right after a write of ours a read may be older than that: what the next one shows is looked at, too."""
    thing, faults = THINGS[name], _LagEnds()
    world = await with_theirs(thing, faults)
    world.directory.lag = timedelta(seconds=50)
    await world.send(asking("R0", TWINS, displayName="Another"))
    faults.world = world
    again = thing.naming | {"application": thing.naming["application"] | {"displayName": "Another"}}
    await world.run(again)
    world.clock.advance(_HOUR)
    await world.run(asking("R3", TWINS))
    assert thing.is_there(world)
    assert told(world, "R3") == [thing.told]


async def test_a_tag_that_somebody_adds_stays() -> None:
    """No request names a tag: whatever stands beside ours is others'."""
    world = World(policy())
    await world.run(asking("R1", TWINS))
    tags = world.directory.applications[APP].state.tags
    world.directory.change(APP, tags=tags | {"HideApp"})
    world.clock.advance(_HOUR)
    await world.run(asking("R2", TWINS, GRAPH))
    world.clock.advance(_HOUR)
    await world.run(asking("R3"))
    assert world.directory.applications[APP].state.tags == tags | {"HideApp"}
