"""What a change takes back is gone before it is answered `completed`, and what narrows comes before what widens."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import RefusedError, UnavailableError
from shared.model.application import ApplicationRecord
from shared.model.directory import Consent
from shared.policy.policy_file import Policy
from tests.fakes.apis import DIGITAL_TWINS, MICROSOFT_GRAPH
from tests.fakes.faults import Faults, Moment, WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example
from tests.policies import opened_policy

APP = "adt-client-dev"
TWINS = {"api": "Azure Digital Twins", "delegated": ["Read.Write"]}
GRAPH = {"api": "Microsoft Graph", "delegated": ["User.Read"], "application": ["User.Read.All"]}
READ_WRITE = Consent(resource_id=DIGITAL_TWINS.service_principal_id, type="Scope", name="Read.Write")
USER_READ = Consent(resource_id=MICROSOFT_GRAPH.service_principal_id, type="Scope", name="User.Read")
USERS = Consent(
    resource_id=MICROSOFT_GRAPH.service_principal_id, type="Role", name="df021288-bdef-4463-88db-98f22de89214"
)
NEW_URI = "http://localhost:8400"
_HOUR = timedelta(hours=1)


def policy() -> Policy:
    """The repository's policy, with an application permission that is given automatically, and a host."""
    known = opened_policy()
    apis = tuple(
        each.model_copy(update={"application": ("User.Read.All",)}) if each.name == "Microsoft Graph" else each
        for each in known.apis
    )
    return known.model_copy(update={"apis": apis})


def asking(request_id: str, *permissions: dict[str, Any], **application: Any) -> dict[str, Any]:
    request = example(requestId=request_id)
    request["application"] |= {"apiPermissions": list(permissions)} | application
    return request


def consents(world: World) -> set[Consent]:
    """What is consented to the one app in truth."""
    return set[Consent]().union(*world.directory.consented.values())


def status(world: World, request_id: str) -> str:
    (answer,) = (each["data"] for each in world.queues.answers if each["data"]["requestId"] == request_id)
    return answer["status"]


async def registered(faults: Faults | None = None, *permissions: dict[str, Any]) -> World:
    world = World(policy(), faults=faults)
    await world.run(asking("R1", *(permissions or (TWINS, GRAPH))))
    assert consents(world) >= {READ_WRITE} or permissions
    world.clock.advance(_HOUR)
    return world


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", ["graph write_consents", "graph upsert_application"])
@pytest.mark.parametrize(
    "change",
    [
        asking("R2", TWINS),
        asking("R2"),
        asking("R2", TWINS, GRAPH, adminConsent=False),
        asking("R2", TWINS, publicClient={"redirectUris": [NEW_URI], "allowPublicClientFlows": False}),
    ],
)
async def test_one_failed_removal_leaves_nothing_behind(change: dict[str, Any], call: str, moment: Moment) -> None:
    world = await registered()
    world.faults.next(call, moment, UnavailableError("503"))
    answer = await world.run(change)
    assert answer["data"]["status"] == "completed"
    assert consents(world) == (
        {READ_WRITE}
        if change["application"].get("adminConsent", True) and TWINS in change["application"]["apiPermissions"]
        else set()
    )
    state = world.directory.applications[APP].state
    assert state.public_client_redirect_uris == set(change["application"]["publicClient"]["redirectUris"])
    assert breaches(world) == []


class _Down(Faults):
    """Every call of these names fails without effect, while `down` is set; `watch` looks after each call."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = names
        self.down = False
        self.lie_about = ""
        """The next call of this name is answered well and has no effect."""
        self.watch: Callable[[str], object] = lambda _: None

    async def call[R](self, name: str, effect: Callable[[], R]) -> R:
        if self.down and name in self.names:
            raise UnavailableError("503")
        if name == self.lie_about:
            self.lie_about = ""
            answer: Any = await super().call(name, lambda: None)
        else:
            answer = await super().call(name, effect)
        self.watch(name)
        return answer


async def test_what_narrows_comes_before_what_widens() -> None:
    """While the grants answer 5xx, the app keeps its permission and gets no redirect URI for it."""
    faults = _Down("graph write_consents")
    world = await registered(faults)
    faults.down = True
    await world.send(asking("R2", TWINS, publicClient={"redirectUris": [NEW_URI], "allowPublicClientFlows": True}))
    await world.go_on(_HOUR)
    assert world.directory.applications[APP].state.public_client_redirect_uris == {"http://localhost"}
    faults.down = False
    await world.settle()
    assert world.queues.answers[-1]["data"]["status"] == "completed"
    assert world.directory.applications[APP].state.public_client_redirect_uris == {NEW_URI}
    assert consents(world) == {READ_WRITE}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("lag", [timedelta(0), timedelta(seconds=40)])
async def test_at_no_moment_has_the_app_both(moment: Moment, lag: timedelta) -> None:
    """Old permission and new redirect URI, or old redirect URI and new permission: whatever fails at any call."""
    old, new = asking("R1", GRAPH), asking("R2", TWINS)
    new["application"]["publicClient"]["redirectUris"] = [NEW_URI]
    for error in (UnavailableError("503"), WorkerDied()):
        index, last = 0, 1
        while index < last:
            faults = _Down()
            world = World(policy(), faults=faults)
            await world.run(old)
            world.clock.advance(_HOUR)
            world.directory.lag = lag
            first = len(world.faults.calls)
            world.faults.at(first + index, moment, error)
            had_both = list[str]()
            faults.watch = lambda name, world=world, seen=had_both: seen.append(name) if _both(world) else None
            await world.run(new)
            last = len(world.faults.calls) - first if index == 0 else last
            assert world.queues.answers[-1]["data"]["status"] == "completed", index
            assert had_both == [], index
            assert consents(world) == {READ_WRITE}, index
            assert breaches(world) == [], index
            index += 4 if lag else 1


def _both(world: World) -> bool:
    uris, given = world.directory.applications[APP].state.public_client_redirect_uris, consents(world)
    return (NEW_URI in uris and not given.isdisjoint({USER_READ, USERS})) or (
        "http://localhost" in uris and READ_WRITE in given
    )


@pytest.mark.parametrize("moment", ["before", "after", None])
@pytest.mark.parametrize("lag", [timedelta(0), timedelta(seconds=40)])
@pytest.mark.parametrize("call", ["graph write_consents", "graph upsert_application"])
async def test_nothing_is_answered_completed_before_what_it_drops_is_gone(
    call: str, moment: Moment | None, lag: timedelta
) -> None:
    """Neither when the removal fails, with or without effect, nor when it is answered well and has none."""
    faults = _Down()
    world = await registered(faults)
    world.directory.lag = lag
    state_at_answer = list[bool]()

    def look(name: str) -> None:
        if name == "queue answer" and status(world, "R2") == "completed":
            state = world.directory.applications[APP].state
            state_at_answer.append(consents(world) == {READ_WRITE} and not state.public_client_redirect_uris)

    faults.watch = look
    if moment is None:
        faults.lie_about = call
    else:
        faults.next(call, moment, UnavailableError("503"))
    await world.run(asking("R2", TWINS, publicClient={"redirectUris": [], "allowPublicClientFlows": False}))
    assert state_at_answer == [True]


@pytest.mark.parametrize("call", ["graph write_consents", "graph upsert_application"])
async def test_what_a_failed_request_took_back_is_removed_by_the_timer(call: str) -> None:
    """The request ends without an end: what it began to take back is seen gone all the same."""
    world = await registered()
    world.faults.next(call, "before", UnavailableError("503"))
    await world.send(asking("R2", TWINS, publicClient={"redirectUris": [], "allowPublicClientFlows": False}))
    world.faults.next("graph application", "before", RefusedError("400"))
    await world.go_on(timedelta(minutes=1))
    assert status(world, "R2") == "failed"
    assert list(world.cleanups.rows) == [(APP, "narrowing")]
    await world.settle()
    assert consents(world) == {READ_WRITE} if call == "graph write_consents" else USERS not in consents(world)
    if call == "graph upsert_application":
        assert world.directory.applications[APP].state.public_client_redirect_uris == set()
    assert world.cleanups.rows == {}


async def test_what_is_there_again_after_it_was_seen_gone_is_somebody_elses(caplog: pytest.LogCaptureFixture) -> None:
    world = await registered()
    await world.send(asking("R2", TWINS))
    assert consents(world) == {READ_WRITE}
    (principal,) = world.directory.principals.values()
    world.directory.consent_in_portal(principal, USERS)
    world.directory.change(APP, web_redirect_uris=frozenset({"https://portal.example/x"}))
    await world.settle()
    assert consents(world) == {READ_WRITE, USERS}
    assert "removal.undone_by_others" in caplog.text
    await world.run(asking("R3", TWINS, displayName="Another"))
    assert consents(world) == {READ_WRITE, USERS}


async def test_a_read_from_before_the_grant_does_not_show_it_gone() -> None:
    """The grant is young, the removal without effect, and the read older than both."""
    world = World(policy())
    await world.run(asking("R1", TWINS))
    world.directory.lag = timedelta(seconds=50)
    await world.send(asking("R2", TWINS, GRAPH))
    await world.go_on(timedelta(minutes=2))
    world.faults.next("graph write_consents", "before", UnavailableError("503"))
    await world.run(asking("R3", TWINS))
    assert status(world, "R3") == "completed"
    assert consents(world) == {READ_WRITE}


async def test_what_others_had_consented_before_stays_and_is_named() -> None:
    world = await registered(None, TWINS)
    (principal,) = world.directory.principals.values()
    world.directory.consent_in_portal(principal, USER_READ)
    world.clock.advance(_HOUR)
    await world.run(asking("R2", TWINS, GRAPH))
    assert consents(world) == {READ_WRITE, USER_READ, USERS}
    world.clock.advance(_HOUR)
    answer = await world.run(asking("R3", TWINS))
    assert answer["data"]["status"] == "completed"
    assert consents(world) == {READ_WRITE, USER_READ}
    assert answer["data"]["madeByOthers"] == [
        {"kind": "delegatedPermission", "name": "User.Read", "api": "Microsoft Graph"}
    ]


async def test_a_redirect_uri_that_others_had_added_before_stays_and_is_named() -> None:
    world = await registered(None, TWINS)
    theirs = "https://app.contoso.example/theirs"
    world.directory.change(APP, web_redirect_uris=frozenset({theirs}))
    world.clock.advance(_HOUR)
    await world.run(asking("R2", TWINS, web={"redirectUris": [theirs, "https://app.contoso.example/ours"]}))
    world.clock.advance(_HOUR)
    answer = await world.run(asking("R3", TWINS))
    assert world.directory.applications[APP].state.web_redirect_uris == {theirs}
    assert answer["data"]["madeByOthers"] == [{"kind": "redirectUri", "name": theirs, "api": None}]


async def test_what_a_record_of_version_1_calls_granted_is_ours() -> None:
    world = await registered()
    record, etag = world.applications.rows[APP]
    new = {"found", "going", "added_at", "given_at"}
    world.applications.rows[APP] = (ApplicationRecord.model_validate_json(record).model_dump_json(exclude=new), etag)
    await world.run(asking("R2", TWINS))
    assert consents(world) == {READ_WRITE}


async def test_a_change_in_between_does_not_lose_what_is_going() -> None:
    """The newer change begins to take back; an older one is superseded, another rejected, a third fails meanwhile."""
    world = await registered()
    world.faults.next("graph application", "before", UnavailableError("the older change has to wait"))
    await world.send(asking("OLDER", TWINS, displayName="Older"))
    world.faults.next("graph write_consents", "before", UnavailableError("503"))
    await world.send(asking("NEWER", TWINS))
    world.faults.next("graph upsert_application", "before", RefusedError("400"))
    await world.send(asking("WRONG", {"api": "Microsoft Graph", "application": ["Application.ReadWrite.All"]}))
    await world.send(asking("FAILED", TWINS, displayName="Failed"))
    await world.settle()
    assert consents(world) == {READ_WRITE}
    assert world.cleanups.rows == {}
    assert breaches(world) == []


async def test_what_is_wanted_again_is_going_no_more() -> None:
    world = await registered()
    world.faults.next("graph write_consents", "before", UnavailableError("503"))
    await world.send(asking("R2", TWINS))
    await world.send(asking("R3", TWINS, GRAPH, displayName="All of it"))
    await world.settle()
    assert consents(world) == {READ_WRITE, USER_READ, USERS}
    assert world.cleanups.rows == {}


async def test_the_first_registration_and_a_change_that_only_widens_cost_no_call_more() -> None:
    world = World(policy())
    await world.send(asking("R1", TWINS))
    first = list(world.faults.calls)
    world.clock.advance(_HOUR)
    await world.send(asking("R2", TWINS, GRAPH))
    widening = world.faults.calls[len(first) :]
    assert "table put cleanup" not in widening
    assert first.count("table save app") == 8
    assert widening.count("table save app") == 4
    assert widening.count("graph consents") == 2
    assert widening.count("graph application") == 2
