"""What leads to control of the tenant: never given, or by name and with an approval that says what it leads to."""

import dataclasses
from datetime import timedelta

import pytest

from shared.model.directory import Api, ApiPermission, Consent
from shared.model.operation import State
from shared.policy.never import is_never_allowed
from shared.policy.policy_file import ApprovalRules, PermissionsToApprove
from tests.component.approving import GRAPH, asking, awaiting_events, codes, operation, policy, say, written
from tests.component.rotating import rotation_of
from tests.fakes.apis import MICROSOFT_GRAPH
from tests.fakes.world import World, example
from tests.unit.policy.permission_lists import Listed, listed

TIER0 = [each for each in listed() if each.tier0]
GRAPH_ID = MICROSOFT_GRAPH.app_id
ROLE = "RoleManagement.ReadWrite.Directory"


def careless(*names: str) -> ApprovalRules:
    """A third group that names what it should not."""
    return ApprovalRules(permissions=(PermissionsToApprove(api=GRAPH, application=names),))


def world_with(permission: Listed) -> World:
    """A world whose Microsoft Graph offers a permission, under a policy that names it."""
    world = World(policy(careless(permission.name)))
    world.directory.apis = [offering(permission.name, permission.role[0])]
    return world


def wanting(*roles: str, delegated: tuple[str, ...] = ("User.Read",)) -> dict[str, object]:
    """An application with such permissions, and nothing else that needs approval."""
    permissions = [{"api": GRAPH, "delegated": list(delegated), "application": list(roles)}]
    return {"application": example()["application"] | {"apiPermissions": permissions}}


def held(world: World) -> set[str]:
    """Names of the permissions that the app was granted or asks for."""
    names = {each.id: each.name for api in world.directory.apis for each in api.permissions}
    (app,) = world.directory.applications.values()
    asked = {names[each.id] for each in app.state.required_permissions}
    consents = next(iter(world.directory.consented.values()), set[Consent]())
    granted = {names.get(each.name, each.name) for each in consents}
    return asked | granted


@pytest.mark.parametrize("permission", TIER0, ids=lambda each: each.name)
async def test_no_approval_buys_tier_0_unseen(permission: Listed) -> None:
    world = world_with(permission)
    await world.send(asking(**wanting(permission.name)))
    await world.settle()
    if is_never_allowed(GRAPH_ID, permission.role[0], permission.name):
        (answer,) = world.queues.answers
        assert (answer["data"]["status"], codes(answer)) == ("rejected", ["permission_never_allowed"])
        assert not written(world)
        return
    assert operation(world).state is State.AWAITING_APPROVAL
    (event,) = awaiting_events(world)
    (error,) = event["data"]["errors"]
    assert error["code"] == "permission_leads_to_control"
    assert "whoever holds it" in error["message"]
    await say(world, "approve")
    await world.settle()
    assert operation(world).state is State.COMPLETED


async def test_an_app_that_holds_what_became_never_allowed_rotates_and_gives_it_up_with_its_next_change() -> None:
    world = await holding_what_becomes(ROLE)
    answer = await world.run(rotation_of("client-secret"))
    assert answer["data"]["status"] == "completed"
    kept = await world.run(example(requestId="r2", **wanting(ROLE)))
    assert (kept["data"]["status"], codes(kept)) == ("rejected", ["permission_never_allowed"])
    assert held(world) == {"User.Read", ROLE}
    dropped = await world.run(example(requestId="r3", **wanting()))
    assert dropped["data"]["status"] == "completed"
    assert held(world) == {"User.Read"}


async def test_what_others_granted_stays_theirs_and_the_answer_names_it() -> None:
    world = World(policy(careless("Harmless.Write")))
    world.directory.apis = [offering("Harmless.Write")]
    await world.run(example(requestId="r1", **wanting()))
    (principal,) = world.directory.principals.values()
    (harmless,) = (each for each in offering("Harmless.Write").permissions if each.name == "Harmless.Write")
    by_hand = Consent(resource_id=MICROSOFT_GRAPH.service_principal_id, type="Role", name=harmless.id)
    world.directory.consent_in_portal(principal, by_hand)
    await world.go_on(timedelta(hours=1))
    await world.send(asking(**wanting("Harmless.Write")))
    await world.settle()
    (event,) = awaiting_events(world)
    await say(world, "approve", bound_to=event["data"]["approval"]["binding"])
    await world.settle()
    await world.go_on(timedelta(hours=1))
    world.directory.apis = [offering(ROLE)]
    dropped = await world.run(example(requestId="r3", **wanting()))
    assert dropped["data"]["status"] == "completed"
    assert [(each["kind"], each["name"]) for each in dropped["data"]["madeByOthers"]] == [
        ("applicationPermission", ROLE)
    ]
    assert by_hand in world.directory.consented[principal]


async def test_what_leads_to_control_comes_first_of_what_an_approver_reads() -> None:
    permissions = [{"api": GRAPH, "delegated": ["Mail.Send", "User.Read"], "application": ["User.ReadWrite.All"]}]
    rules = PermissionsToApprove(api=GRAPH, delegated=("Mail.Send",), application=("User.ReadWrite.All",))
    world = World(policy(ApprovalRules(unique_names=(".*",), permissions=(rules,))))
    world.directory.apis = [offering("User.ReadWrite.All", "741f803b-c850-494e-b5df-cde7c675a1ca")]
    await world.send(asking(application=example()["application"] | {"apiPermissions": permissions}))
    await world.settle()
    (event,) = awaiting_events(world)
    found = [each["code"] for each in event["data"]["errors"]]
    assert found == ["permission_leads_to_control", "name_needs_approval", "permission_needs_approval"]


async def test_an_approval_given_before_it_was_told_what_it_leads_to_is_not_for_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = world_with(next(each for each in TIER0 if each.name == "User.ReadWrite.All"))
    with monkeypatch.context() as earlier:
        earlier.setattr("shared.policy.approval.leads_to", _leads_nowhere)
        await world.send(asking(**wanting("User.ReadWrite.All")))
        await world.settle()
        await say(world, "approve")
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL
    (_, told) = awaiting_events(world)
    assert [each["code"] for each in told["data"]["errors"]] == ["permission_leads_to_control"]
    assert not written(world)


async def holding_what_becomes(name: str) -> World:
    """A world whose app was given a permission that was ordinary then, and is called something worse now."""
    world = World(policy(careless("Harmless.Write")))
    world.directory.apis = [offering("Harmless.Write")]
    await world.send(asking(**wanting("Harmless.Write")) | {"application": wanting("Harmless.Write")["application"]})
    await world.settle()
    await say(world, "approve")
    await world.settle()
    assert held(world) == {"User.Read", "Harmless.Write"}
    await world.go_on(timedelta(hours=1))
    world.directory.apis = [offering(name)]
    world.deploy(policy(careless(name)))
    return world


def offering(name: str, permission_id: str = "00000000-0000-4000-8000-00000000cafe") -> Api:
    """Microsoft Graph with one more application permission."""
    permission = ApiPermission(permission_id, name, "Role", enabled=True)
    others = tuple(each for each in MICROSOFT_GRAPH.permissions if each.name != name)
    return dataclasses.replace(MICROSOFT_GRAPH, permissions=(*others, permission))


def _leads_nowhere(_resource_app_id: str, _permission_id: str, _name: str) -> str | None:
    return None
