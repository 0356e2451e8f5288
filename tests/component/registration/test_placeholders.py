"""A redirect URI with the application's own id is asked for with a placeholder, and filled in once the id is known."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import UnavailableError
from shared.model.operation import State
from shared.policy.policy_file import RedirectUriRules
from tests.component.approving import awaiting_events, policy
from tests.component.registration.test_privileged import APP, change, decide, holding, of_graph, state_of
from tests.fakes.faults import Moment, WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example

MSAL, BROKER = "msal{clientId}://auth", "brk-multihub://addin.contoso.example"
RULES = RedirectUriRules(https_hosts=("addin.contoso.example",), custom_schemes=("msal{clientId}", "brk-multihub"))


def world() -> World:
    return World(policy().model_copy(update={"redirect_uris": RULES}))


def asked(request_id: str = "R1", *uris: str, **application: Any) -> dict[str, Any]:
    platforms = {"publicClient": {"redirectUris": ["http://localhost", *uris]}, "spa": {"redirectUris": [BROKER]}}
    return example(requestId=request_id, application=example()["application"] | platforms | application)


def public_uris(found: World) -> frozenset[str]:
    return found.directory.applications[APP].state.public_client_redirect_uris


def filled(found: World) -> str:
    return f"msal{found.directory.applications[APP].client_id}://auth"


async def test_a_new_application_gets_the_uri_with_its_id() -> None:
    """Seen: MSAL's own default for desktop and mobile apps, and the redirect URI of Outlook add-ins, were refused."""
    there = world()
    data = (await there.run(asked("R1", MSAL)))["data"]
    assert data["status"] == "completed"
    assert public_uris(there) == {"http://localhost", filled(there)}
    assert there.directory.applications[APP].state.spa_redirect_uris == {BROKER}
    assert data["filledRedirectUris"] == [filled(there)]
    assert there.directory.made_applications[APP] == 1
    record = (await there.applications.read(APP)).value
    assert record.applied is not None
    assert record.applied.public_client_redirect_uris == public_uris(there)
    assert breaches(there) == []
    writes = len(there.directory.writes)
    again = await there.run(asked("R2", MSAL))
    assert (again["data"]["status"], len(there.directory.writes)) == ("completed", writes)


async def test_an_application_that_exists_gets_it_by_one_write() -> None:
    there = world()
    await there.run(asked())
    there.clock.advance(timedelta(hours=1))
    writes = len(there.directory.writes)
    assert (await there.run(asked("R2", MSAL)))["data"]["status"] == "completed"
    assert filled(there) in public_uris(there)
    assert len(there.directory.writes) == writes + 1
    assert breaches(there) == []


async def test_what_a_later_request_drops_goes_filled_in_as_it_is() -> None:
    there = world()
    await there.run(asked("R1", MSAL))
    there.clock.advance(timedelta(hours=1))
    data = (await there.run(asked("R2")))["data"]
    assert (data["status"], data.get("filledRedirectUris")) == ("completed", None)
    assert public_uris(there) == {"http://localhost"}
    assert breaches(there) == []


async def test_an_application_keeps_what_policy_has_stopped_allowing() -> None:
    there = world()
    await there.run(asked("R1", MSAL))
    there.clock.advance(timedelta(hours=1))
    strict = RULES.model_copy(update={"custom_schemes": ("brk-multihub",)})
    there.deploy(there.services.policy.model_copy(update={"redirect_uris": strict}))
    assert (await there.run(asked("R2", MSAL, displayName="Another")))["data"]["status"] == "completed"
    assert filled(there) in public_uris(there)
    fresh = asked("R3", MSAL, uniqueName="another-app", displayName="Third")
    (error,) = (await there.run(fresh))["data"]["errors"]
    assert (error["field"], error["code"]) == ("application.publicClient.redirectUris[1]", "redirect_uri_not_allowed")
    assert MSAL in error["message"]


@pytest.mark.parametrize("lag", [0, 40, 280])
async def test_the_second_write_waits_until_the_first_one_shows(lag: int) -> None:
    there = world()
    there.directory.lag = timedelta(seconds=lag)
    assert (await there.run(asked("R1", MSAL)))["data"]["status"] == "completed"
    assert public_uris(there) == {"http://localhost", filled(there)}
    assert there.directory.made_applications[APP] == 1
    assert breaches(there) == []


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_worker_that_dies_at_any_call_leaves_the_uri_filled_in(moment: Moment) -> None:
    first = world()
    await first.send(asked("R1", MSAL))
    calls = list(first.faults.calls)
    begin, end = calls.index("graph upsert_application"), len(calls) - calls[::-1].index("graph upsert_application")
    for index in range(begin - 2, end + 4):
        for fault in (WorkerDied(), UnavailableError("connection lost")):
            there = world()
            there.directory.lag = timedelta(seconds=20)
            there.faults.at(index, moment, fault)
            await there.run(asked("R1", MSAL))
            what = f"{type(fault).__name__} {moment} call {index}, {calls[index]}"
            assert [each.state for each in there.operations.all()] == [State.COMPLETED], what
            assert public_uris(there) == {"http://localhost", filled(there)}, what
            assert there.directory.made_applications[APP] == 1, what
            assert breaches(there) == [], what


async def test_an_application_that_was_made_anew_has_its_new_id() -> None:
    there = world()
    await there.run(asked("R1", MSAL) | {"credentials": []})
    old = filled(there)
    there.directory.delete(APP)
    there.directory.deleted_names.discard(APP)
    there.clock.advance(timedelta(days=1))
    await there.run(asked("R2", MSAL) | {"credentials": []})
    assert filled(there) != old
    assert public_uris(there) == {"http://localhost", filled(there)}


async def test_a_privileged_application_gets_it_with_approval_only() -> None:
    there = await holding(of_graph("User.Read.All"))
    there.deploy(there.services.policy.model_copy(update={"redirect_uris": RULES}))
    flows = {"allowPublicClientFlows": False}
    await there.send(change("R2", publicClient={"redirectUris": ["http://localhost", MSAL], **flows}))
    await there.settle()
    assert state_of(there, "R2") is State.AWAITING_APPROVAL
    assert public_uris(there) == {"http://localhost"}
    (event,) = awaiting_events(there)
    assert filled(there) in json.dumps(event)
    await decide(there, event["data"]["approval"]["binding"])
    assert state_of(there, "R2") is State.COMPLETED
    assert filled(there) in public_uris(there)


async def test_the_placeholder_is_part_of_what_is_approved() -> None:
    """Its form decides, not what it becomes: an application that is made on the way changes no binding."""
    there = world()
    there.directory.lag = timedelta(seconds=40)
    request = change("R2", uniqueName="adt-client-prod", publicClient={"redirectUris": ["http://localhost", MSAL]})
    await there.send(request)
    await there.settle()
    (event,) = awaiting_events(there)
    await decide(there, event["data"]["approval"]["binding"])
    assert state_of(there, "R2") is State.COMPLETED
    assert len(awaiting_events(there)) == 1


@pytest.mark.parametrize("uri", ["msal{tenantId}://auth", "msal{clientId://auth", "http://localhost/{x}"])
async def test_other_braces_are_refused_at_their_field(uri: str) -> None:
    there = world()
    (error,) = (await there.run(asked("R1", uri)))["data"]["errors"]
    assert error["field"] == "application.publicClient.redirectUris[1]"
    assert "only the placeholder {clientId}" in error["message"]
    assert there.directory.applications == {}
