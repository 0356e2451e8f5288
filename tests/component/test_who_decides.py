"""Who decides about a request: nobody whom it comes from or is for, by whatever address, and somebody who is there."""

import pytest

from shared.approval.deciding import NotTheirs
from shared.errors import Unavailable
from shared.operation import State
from tests.component.approving import asking, operation, policy, say, tell, written
from tests.component.test_approval import unknown, waiting
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
    with pytest.raises(NotTheirs):
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


async def test_somebody_whose_account_is_disabled_approves_nothing() -> None:
    world = await waiting()
    world.people.sees_accounts = True
    world.people.disable(GRACE)
    with pytest.raises(NotTheirs, match="disabled"):
        await say(world, "approve")
    await tell(world, "approved")
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL


async def test_a_made_up_object_id_lets_nobody_approve_their_own_request() -> None:
    world = await waiting(asking(source="queue", requestedByObjectId=EVE))
    with pytest.raises(NotTheirs):
        await say(world, "approve", who=ADA, source="queue")
    assert operation(world).state is State.AWAITING_APPROVAL
    await say(world, "approve", who=GRACE, source="queue")
    await world.settle()
    assert world.queues.answers[-1]["data"]["requestedByObjectId"] == ADA


async def test_a_decision_waits_for_a_directory_that_is_away() -> None:
    world = await waiting()
    world.faults.next("graph people", "before", Unavailable("away"))
    await tell(world, "approved")
    await world.settle()
    assert operation(world).state is State.COMPLETED
    decision = operation(world).approval
    assert decision is not None
    assert decision.decision is not None
    assert decision.decision.decided_by_object_id == GRACE
