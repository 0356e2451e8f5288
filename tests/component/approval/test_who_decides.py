"""Who decides about a request: nobody whom it comes from or is for, by whatever address, and somebody who is there."""

import pytest

from shared.approval.refusals import NotAllowedToDecideError
from shared.core.callers import Holder
from shared.core.errors import UnavailableError
from shared.model.application import ApplicationRecord
from shared.model.operation import State
from tests.component.approving import RULES, asking, codes, operation, policy, say, tell, unknown, waiting, written
from tests.fakes.people import ADA, BOSS, EVE, GRACE
from tests.fakes.world import World


async def test_an_alias_of_the_requester_approves_nothing() -> None:
    world = await waiting()
    world.people.add(ADA, "ada@contoso.example", mail="ada.lovelace@contoso.example")
    await tell(world, "approved", decided_by="ada.lovelace@contoso.example", decided_by_object_id=None)
    await tell(world, "approved", decision_id="two", decided_by="a.lovelace@contoso.example", decided_by_object_id=None)
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL
    assert not written(world)


@pytest.mark.parametrize("alias", ["Ada@contoso.onmicrosoft.example", "ada+me@contoso.example"])
async def test_what_may_be_an_alias_approves_nothing_where_nobody_may_look(alias: str) -> None:
    world = await waiting(unknown(asking()), may_look=False)
    await tell(world, "approved", decided_by=alias, decided_by_object_id=None)
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL


@pytest.mark.parametrize("may_look", [True, False])
async def test_a_decision_that_names_nobody_counts_for_nothing(may_look: bool) -> None:
    world = await waiting(unknown(asking()), may_look=may_look)
    await tell(world, "approved", decided_by=None, decided_by_object_id=None)
    await tell(world, "approved", decision_id="two", decided_by="nobody@contoso.example", decided_by_object_id=None)
    await world.settle()
    is_nobody_known = operation(world).state is State.AWAITING_APPROVAL
    assert is_nobody_known is may_look


async def test_whoever_the_app_is_for_approves_nothing_about_it() -> None:
    world = await waiting(asking(owner="grace@contoso.example"))
    with pytest.raises(NotAllowedToDecideError):
        await say(world, "approve")
    await tell(world, "approved")
    await tell(world, "approved", decision_id="two", decided_by=None)
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL
    await tell(world, "approved", decision_id="three", decided_by="eve@contoso.example", decided_by_object_id=EVE)
    await world.settle()
    assert operation(world).state is State.COMPLETED


async def test_the_owner_of_an_app_approves_nothing_about_it_either() -> None:
    world = World(policy(administrators=("boss@contoso.example",)))
    await world.send(asking(requestId="FIRST"))
    await world.settle()
    await tell(world, "approved", request_id="FIRST", decision_id="first")
    await world.settle()
    changed = asking(requestedBy="boss@contoso.example", requestedByObjectId=BOSS)
    changed["application"] |= {"displayName": "changed"}
    await world.send(changed)
    await world.settle()
    await tell(world, "approved", decided_by="ada@contoso.example", decided_by_object_id=ADA)
    await world.settle()
    assert {each.state for each in world.operations.all()} == {State.COMPLETED, State.AWAITING_APPROVAL}


@pytest.mark.parametrize(("may_look", "code"), [(True, "own_app"), (False, "owner_unknown")])
async def test_an_owner_of_version_1_is_a_party_too(may_look: bool, code: str) -> None:
    world = await an_administrator_changes(owner="grace@contoso.example", may_look=may_look)
    assert waits(world)
    with pytest.raises(NotAllowedToDecideError) as refused:
        await say(world, "approve", who=GRACE, bound_to=the_binding(world))
    assert refused.value.code == code
    await tell(world, "approved", decided_by="grace@contoso.example", decided_by_object_id=GRACE)
    await tell(world, "approved", decision_id="two", decided_by="grace@contoso.onmicrosoft.example")
    await world.settle()
    assert waits(world)
    if may_look:
        await say(world, "approve", who=EVE, bound_to=the_binding(world))
    else:
        await tell(world, "approved", decision_id="three", decided_by="eve@contoso.example", decided_by_object_id=EVE)
    await world.settle()
    assert not waits(world)


async def test_an_owner_of_version_1_who_has_left_stands_in_nobodys_way() -> None:
    world = await an_administrator_changes(owner="left@contoso.example", may_look=True)
    assert waits(world)
    await say(world, "approve", who=GRACE, bound_to=the_binding(world))
    await world.settle()
    assert not waits(world)


async def test_where_an_owner_of_version_1_leaves_nobody_who_could_decide_the_change_is_rejected_at_once() -> None:
    world = await an_administrator_changes(owner="grace@contoso.example", may_look=False, source="jira")
    assert codes(world.queues.answers[-1]) == ["name_needs_approval", "approval_impossible"]
    assert waits(await an_administrator_changes(owner="grace@contoso.example", may_look=True, source="jira"))
    assert waits(await an_administrator_changes(owner="boss@contoso.example", may_look=False, source="jira"))


async def an_administrator_changes(owner: str, *, may_look: bool, source: str = "servicenow") -> World:
    """A world in which an administrator asks for a change of an app that version 1 knew as `owner`'s."""
    world = World(policy(administrators=("boss@contoso.example",)))
    world.people.allowed = may_look
    await world.send(asking(requestId="FIRST"))
    await world.settle()
    await tell(world, "approved", request_id="FIRST", decision_id="first")
    await world.settle()
    text, etag = world.applications.rows["adt-client-prod"]
    record = ApplicationRecord.model_validate_json(text).model_copy(update={"owner": owner, "owner_id": None})
    world.applications.rows["adt-client-prod"] = (record.model_dump_json(), etag)
    changed = asking(requestedBy="boss@contoso.example", requestedByObjectId=BOSS, source=source)
    changed["application"] |= {"displayName": "changed"}
    await world.send(changed)
    await world.settle()
    return world


def waits(world: World) -> bool:
    """Whether the change still waits for a decision."""
    changes = [each for each in world.operations.all() if each.request.request_id != "FIRST"]
    return [each.state for each in changes] == [State.AWAITING_APPROVAL]


def the_binding(world: World) -> str:
    """What a decision about the change has to name."""
    (approval,) = (each.approval for each in world.operations.all() if each.request.request_id != "FIRST")
    assert approval is not None
    return approval.binding


async def test_an_app_that_policy_lets_decide_is_nobody_among_people() -> None:
    world = await waiting(rules=RULES.model_copy(update={"by_apps": True}))
    await say(world, "approve", who="0b1c0000-0000-4000-8000-00000000000a", holder=Holder.APP)
    await world.settle()
    assert operation(world).state is State.COMPLETED


async def test_somebody_whose_account_is_disabled_approves_nothing() -> None:
    world = await waiting()
    world.people.sees_accounts = True
    world.people.disable(GRACE)
    with pytest.raises(NotAllowedToDecideError, match="disabled"):
        await say(world, "approve")
    await tell(world, "approved")
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL


async def test_a_made_up_object_id_lets_nobody_approve_their_own_request() -> None:
    world = await waiting(asking(source="queue", requestedByObjectId=EVE))
    with pytest.raises(NotAllowedToDecideError):
        await say(world, "approve", who=ADA, source="queue")
    assert operation(world).state is State.AWAITING_APPROVAL
    await say(world, "approve", who=GRACE, source="queue")
    await world.settle()
    assert world.queues.answers[-1]["data"]["requestedByObjectId"] == ADA


async def test_a_decision_waits_for_a_directory_that_is_away() -> None:
    world = await waiting()
    world.faults.next("graph people", "before", UnavailableError("away"))
    await tell(world, "approved")
    await world.settle()
    assert operation(world).state is State.COMPLETED
    decision = operation(world).approval
    assert decision is not None
    assert decision.decision is not None
    assert decision.decision.decided_by_object_id == GRACE
