"""Decisions that do not count change nothing, and the audit record tells who tried them."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.api.requests import Named
from shared.approval.refusals import NotAllowedToDecideError, NotWaitingError
from shared.core.callers import READER, Caller, Holder
from shared.model.operation import State
from tests.component.approving import ADA, GRACE, RULES, asking, operation, policy, say, tell, waiting, written
from tests.fakes.faults import WorkerDied
from tests.fakes.world import World


async def refused(world: World) -> Sequence[dict[str, Any]]:
    """What the audit record tells of decisions that did not count."""
    await world.go_on(timedelta(minutes=3))
    assert world.audit.outbox == {}
    told = map(json.loads, world.audit.texts())
    return [each for each in told if each["kind"] == "decision_refused"]


async def told(world: World) -> set[tuple[str, str]]:
    """The same in short: who, and why not."""
    return {(each["who"].get("decidedByObjectId", ""), each["what"]["code"]) for each in await refused(world)}


@pytest.mark.parametrize("holder", [Holder.APP, Holder.OTHER])
async def test_only_people_decide(holder: Holder) -> None:
    world = await waiting()
    with pytest.raises(NotAllowedToDecideError) as caught:
        await say(world, "approve", holder=holder)
    assert "user_impersonation" in str(caught.value)
    assert await told(world) == {(GRACE, "no_persons_token")}
    assert operation(world).state is State.AWAITING_APPROVAL
    assert not written(world)


async def test_apps_decide_where_policy_says_so_and_nothing_else_does() -> None:
    world = await waiting(rules=RULES.model_copy(update={"by_apps": True}))
    with pytest.raises(NotAllowedToDecideError):
        await say(world, "approve", holder=Holder.OTHER)
    await say(world, "approve", holder=Holder.APP)
    await world.settle()
    assert operation(world).state is State.COMPLETED


async def test_who_tried_is_told_once_for_each_reason() -> None:
    world = await waiting()
    for _ in range(3):
        with pytest.raises(NotAllowedToDecideError):
            await say(world, "approve", who=ADA)
        with pytest.raises(NotWaitingError):
            await say(world, "approve", bound_to="0" * 64)
        with pytest.raises(NotAllowedToDecideError):
            await say(world, "approve", holder=Holder.APP)
        await world.registrar.callers_decisions.note_without_role(Named("servicenow", "RITM0010042"), caller())
        await tell(world, "approved", decided_by_object_id=ADA, decision_id="by-herself")
        await tell(world, "approved", ticket="RITM0099999")
        await world.settle()
    assert len(await refused(world)) == 6
    assert await told(world) == {
        (ADA, "own_request"),
        (GRACE, "stale_binding"),
        (GRACE, "no_persons_token"),
        (GRACE, "no_approver"),
        (GRACE, "other_ticket"),
    }
    assert operation(world).state is State.AWAITING_APPROVAL


async def test_a_decision_that_names_nobody_is_told_of_as_such() -> None:
    world = await waiting()
    for number in range(2):
        await tell(world, "approved", decided_by=None, decided_by_object_id=None, decision_id=f"nobodys-{number}")
    assert [(each["who"].get("decidedBy"), each["what"]["code"]) for each in await refused(world)] == [
        (None, "decider_unnamed")
    ]
    assert operation(world).state is State.AWAITING_APPROVAL


async def test_an_entry_says_by_which_way_and_through_which_client() -> None:
    world = await waiting()
    with pytest.raises(NotAllowedToDecideError):
        await say(world, "refuse", who=ADA)
    (entry,) = await refused(world)
    assert (entry["what"]["way"], entry["what"]["outcome"]) == ("token", "refused")
    assert entry["who"]["requestedBy"] == "ada@contoso.example"
    await world.registrar.callers_decisions.note_without_role(Named("servicenow", "RITM0010042"), caller())
    assert [each["who"].get("decidedByClientId") for each in await refused(world)] == [None, "a-client"]


async def test_a_decision_after_the_end_is_told_of() -> None:
    world = await waiting()
    await say(world, "approve")
    await world.settle()
    with pytest.raises(NotWaitingError):
        await say(world, "refuse", bound_to="0" * 64)
    assert await told(world) == {(GRACE, "not_waiting")}


async def test_nothing_is_told_of_requests_that_are_not_there() -> None:
    world = World(policy())
    await world.registrar.callers_decisions.note_without_role(Named("servicenow", "RITM0010042"), caller())
    assert await told(world) == set()


async def test_nobody_is_refused_before_it_is_recorded() -> None:
    world = await waiting(asking())
    world.faults.next("table note", "before", WorkerDied())
    with pytest.raises(WorkerDied):
        await say(world, "approve", who=ADA)
    assert await told(world) == set()


def caller() -> Caller:
    """Somebody who may read, and not decide."""
    return Caller(GRACE, "a-client", frozenset({READER}), Holder.PERSON)
