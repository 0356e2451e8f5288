"""Where the tokens of an app go that holds what only approval gives is changed with approval only."""

from datetime import timedelta
from typing import Any

import pytest

from shared.api.approvals import ApprovalBody
from shared.api.requests import Named
from shared.core.callers import APPROVER, Caller, Holder
from shared.model.directory import Consent
from shared.model.operation import State
from tests.component.approving import GRACE, GRAPH, asking, awaiting_events, policy
from tests.fakes.apis import MICROSOFT_GRAPH
from tests.fakes.world import World, example

APP = "adt-client-dev"
TWINS = {"api": "Azure Digital Twins", "delegated": ["Read.Write"]}
NEW_URI = {
    "publicClient": {"redirectUris": ["http://localhost", "http://localhost:8400"], "allowPublicClientFlows": True}
}
_PLAIN = {"publicClient": {"redirectUris": ["http://localhost"], "allowPublicClientFlows": False}}


def of_graph(name: str, kind: str = "Role") -> Consent:
    (found,) = [each for each in MICROSOFT_GRAPH.permissions if each.name == name and each.type == kind]
    return Consent(
        resource_id=MICROSOFT_GRAPH.service_principal_id,
        type=found.type,
        name=found.name if kind == "Scope" else found.id,
    )


def change(request_id: str, **application: Any) -> dict[str, Any]:
    asked = example()["application"] | _PLAIN | {"uniqueName": APP} | application
    return asking(requestId=request_id, application=asked)


async def holding(*consents: Consent) -> World:
    """An app to which an administrator consented these by hand."""
    known = policy()
    hosts = known.redirect_uris.model_copy(update={"https_hosts": ("app.contoso.example",)})
    flows = known.flows.model_copy(update={"implicit_access_tokens": True, "public_client_flows": True})
    world = World(known.model_copy(update={"redirect_uris": hosts, "flows": flows}))
    await world.run(change("R1"))
    (principal,) = world.directory.principals.values()
    for each in consents:
        world.directory.consent_in_portal(principal, each)
    world.clock.advance(timedelta(hours=1))
    return world


def state_of(world: World, request_id: str) -> State:
    (found,) = [each for each in world.operations.all() if each.request.request_id == request_id]
    return found.state


@pytest.mark.parametrize(
    "held", [of_graph("User.Read.All"), of_graph("Mail.Send", "Scope"), of_graph("Application.ReadWrite.All")]
)
@pytest.mark.parametrize(
    "changes",
    [
        NEW_URI,
        {"web": {"redirectUris": ["https://app.contoso.example/a"]}},
        {"spa": {"redirectUris": ["https://app.contoso.example/a"]}},
        {"publicClient": {"redirectUris": ["http://localhost"], "allowPublicClientFlows": True}},
        {"web": {"redirectUris": [], "implicitGrantSettings": {"enableAccessTokenIssuance": True}}},
    ],
)
async def test_a_new_way_for_tokens_waits_for_approval(held: Consent, changes: dict[str, Any]) -> None:
    world = await holding(held)
    before = world.directory.applications[APP].state
    await world.send(change("R2", **changes))
    await world.settle()
    assert state_of(world, "R2") is State.AWAITING_APPROVAL
    assert world.directory.applications[APP].state == before
    (event,) = awaiting_events(world)
    assert {each["code"] for each in event["data"]["errors"]} == {"privileged_app_needs_approval"}


@pytest.mark.parametrize("held", [(), (of_graph("User.Read", "Scope"),), (of_graph("Mail.Send"),)])
async def test_an_app_that_holds_nothing_of_the_kind_is_changed_at_once(held: tuple[Consent, ...]) -> None:
    """What policy gives automatically, and what it gives nobody, is no reason."""
    world = await holding(*held)
    await world.run(change("R2", **NEW_URI))
    assert state_of(world, "R2") is State.COMPLETED


@pytest.mark.parametrize(
    "changes",
    [
        {"displayName": "Another"},
        {"publicClient": {"redirectUris": [], "allowPublicClientFlows": False}},
        {"apiPermissions": []},
    ],
)
async def test_what_sends_no_token_anywhere_new_is_no_reason(changes: dict[str, Any]) -> None:
    world = await holding(of_graph("User.Read.All"))
    reads = world.faults.calls.count("graph api_of")
    await world.run(change("R2", **changes))
    assert state_of(world, "R2") is State.COMPLETED
    assert world.faults.calls.count("graph api_of") == reads


@pytest.mark.parametrize(("kind", "expected"), [("certificate", State.AWAITING_APPROVAL), ("secret", State.COMPLETED)])
async def test_a_new_certificate_of_a_privileged_app_waits_for_approval(kind: str, expected: State) -> None:
    world = await holding(of_graph("User.Read.All"))
    added = {"name": "another", "type": kind, "lifetimeDays": 90}
    asked = change("R2")
    await world.send({**asked, "credentials": [*asked["credentials"], added]})
    await world.settle()
    assert state_of(world, "R2") is expected
    keys = world.directory.applications[APP].keys
    assert not keys
    if expected is State.AWAITING_APPROVAL:
        (event,) = awaiting_events(world)
        assert [each["code"] for each in event["data"]["errors"]] == ["privileged_app_needs_approval"]
        await decide(world, event["data"]["approval"]["binding"])
        assert state_of(world, "R2") is State.COMPLETED
        assert len(world.directory.applications[APP].keys) == 1
        assert len(awaiting_events(world)) == 1


async def test_an_approval_is_for_what_the_app_held_then() -> None:
    world = await holding(of_graph("User.Read.All"))
    await world.send(change("R2", **NEW_URI))
    await world.settle()
    (first,) = awaiting_events(world)
    (principal,) = world.directory.principals.values()
    world.directory.consent_in_portal(principal, of_graph("Mail.Send", "Scope"))
    await decide(world, first["data"]["approval"]["binding"])
    assert state_of(world, "R2") is State.AWAITING_APPROVAL
    again = awaiting_events(world)[-1]
    await decide(world, again["data"]["approval"]["binding"])
    assert state_of(world, "R2") is State.COMPLETED
    assert "http://localhost:8400" in world.directory.applications[APP].state.public_client_redirect_uris


async def test_lag_asks_nobody_twice() -> None:
    """The second attempt reads an application from before its own first write, and a permission that came since."""
    world = await holding()
    world.directory.lag = timedelta(seconds=40)
    permissions = [TWINS, {"api": GRAPH, "application": ["User.Read.All"]}]
    await world.send(change("R2", apiPermissions=permissions, **NEW_URI))
    await world.settle()
    (event,) = awaiting_events(world)
    await decide(world, event["data"]["approval"]["binding"])
    assert state_of(world, "R2") is State.COMPLETED
    assert len(awaiting_events(world)) == 1


async def decide(world: World, bound_to: str) -> None:
    """Grace approves R2."""
    body = ApprovalBody.model_validate({"decision": "approve", "binding": bound_to})
    caller = Caller(object_id=GRACE, client_id="c", roles=frozenset({APPROVER}), holder=Holder.PERSON)
    await world.registrar.callers_decisions.decide(Named("servicenow", "R2"), caller, body)
    await world.settle()
