"""A decision counts once, if it comes from whoever may decide and in time; and whatever dies, it is not lost."""

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from shared.approval.refusals import NotAllowedToDecideError, NotWaitingError
from shared.contract.request import RegistrationRequest
from shared.intake.signature import NotProvenError
from shared.model.operation import State
from tests.component.approving import (
    ADA,
    GRACE,
    asking,
    awaiting_events,
    binding,
    codes,
    operation,
    policy,
    say,
    tell,
    unknown,
    waiting,
    written,
)
from tests.component.intake.test_webhooks import GOOD, deliver, webhooks
from tests.fakes.faults import WorkerDied
from tests.fakes.world import World
from tests.unit.intake.test_decision import servicenow as servicenow_decision
from tests.unit.intake.test_mapping import servicenow


async def test_nobody_approves_their_own_request() -> None:
    world = await waiting()
    with pytest.raises(NotAllowedToDecideError):
        await say(world, "approve", who=ADA.upper())
    await tell(world, "approved", decided_by_object_id=ADA)
    await tell(world, "approved", decided_by=None, decided_by_object_id=None)
    await tell(world, "approved", decided_by="Ada@contoso.example")
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL
    assert not written(world)


async def test_without_the_requesters_object_id_only_the_ticket_decides() -> None:
    world = await waiting(unknown(asking()), may_look=False)
    (event,) = awaiting_events(world)
    approval = event["data"]["approval"]
    assert (approval["byTicket"], approval["role"], approval["href"]) == (True, None, None)
    with pytest.raises(NotAllowedToDecideError):
        await say(world, "approve")
    await tell(world, "approved", decided_by="ada@contoso.example", decided_by_object_id=None)
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL
    await tell(world, "approved", decision_id="approval-2", decided_by_object_id=None)
    await world.settle()
    assert operation(world).state is State.COMPLETED


async def test_a_ticket_of_a_source_that_does_not_decide_decides_nothing() -> None:
    world = await waiting()
    # Its ticket has shown what waits, and was to decide then: nothing else is wrong with the decision.
    world.reconfigure(deciding_sources=frozenset({"jira"}))
    await tell(world, "approved")
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL


async def test_another_ticket_decides_nothing() -> None:
    world = await waiting()
    await tell(world, "approved", ticket="RITM0099999")
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL


@pytest.mark.parametrize("way", ["token", "ticket"])
async def test_a_refusal_is_answered_with_its_reason_and_nothing_is_made(way: str) -> None:
    world, reason = await waiting(), "not before\n the\u200b audit\x05"
    if way == "token":
        await say(world, "refuse", reason=reason)
    else:
        await tell(world, "refused", reason=reason)
    await world.settle()
    (answer,) = world.queues.answers
    assert (answer["data"]["status"], codes(answer)) == ("rejected", ["approval_refused"])
    assert r"not before the\u200b audit\x05" in answer["data"]["errors"][0]["message"]
    assert not written(world)


async def test_the_first_decision_counts_and_told_twice_it_is_one() -> None:
    world = await waiting()
    seen = binding(world)
    await say(world, "approve")
    await say(world, "approve")
    with pytest.raises(NotWaitingError):
        await say(world, "refuse")
    await tell(world, "refused")
    await world.settle()
    assert operation(world).state is State.COMPLETED
    assert await say(world, "approve", bound_to=seen) == operation(world)
    assert len(world.queues.answers) == 1


async def test_a_decision_at_the_last_moment_counts_and_the_time_it_took_is_not_the_requests() -> None:
    world = await waiting()
    await world.go_on(timedelta(days=13, hours=23))
    await say(world, "approve")
    world.directory.secret_delay = timedelta(hours=12)
    await world.settle()
    assert operation(world).state is State.COMPLETED


async def test_a_decision_that_comes_before_its_request_waits_for_it_and_then_counts_for_nothing() -> None:
    """Nobody had been shown yet what it would be about: it is used up, and the ticket says so."""
    world = World(policy())
    about = RegistrationRequest.model_validate(asking()).body_hash()
    await tell(world, "approved", content=about)
    await world.go_on(timedelta(minutes=30))
    await world.send(asking())
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL
    assert "decide again" in world.servicenow.notes["RITM0010042"][-1].text
    await tell(world, "approved", decision_id="approval-2")
    await world.settle()
    assert operation(world).state is State.COMPLETED


async def test_a_decision_whose_request_never_comes_does_not_wait_for_ever() -> None:
    world = World(policy())
    await tell(world, "approved")
    await world.go_on(timedelta(hours=26))
    assert world.queues.decisions == []


async def test_a_decision_survives_a_death_before_and_after_every_call() -> None:
    for way in ("token", "ticket"):
        for when in ("before", "after"):
            for call in range(40):
                world = await waiting()
                begun = len(world.faults.calls)
                world.faults.at(begun + call, when, WorkerDied())
                await decide_whatever_happens(world, way)
                await world.settle()
                assert operation(world).state is State.COMPLETED, (way, when, call)
                assert len(world.directory.applications) == 1
                assert {each["data"]["status"] for each in world.queues.answers} == {"completed"}


async def test_a_decision_that_was_recorded_and_not_passed_on_is_passed_on_when_it_is_told_again() -> None:
    world = await waiting()
    seen = binding(world)
    world.faults.next("queue work", "before", WorkerDied())
    with suppress(WorkerDied):
        await say(world, "approve", bound_to=seen)
    for key in world.operations.unsettled:  # somebody who looked at it a moment ago has it looked at in two weeks
        world.operations.unsettled[key] = world.clock.now() + timedelta(days=14)
    await say(world, "approve", bound_to=seen)
    await world.settle()
    assert operation(world).state is State.COMPLETED


async def decide_whatever_happens(world: World, way: str) -> None:
    """Decide, and decide again when nobody answers, as a person or a webhook's sender does."""
    seen = binding(world)
    for _ in range(2):
        try:
            await (tell(world, "approved") if way == "ticket" else say(world, "approve", bound_to=seen))
        except WorkerDied:
            continue
        return


async def test_a_ticket_is_asked_for_by_its_webhook_and_decides_by_it() -> None:
    world = World(policy())
    hooks = webhooks(world)
    form = servicenow(unique_name="adt-client-prod", delegated_permissions="Read.Write")
    await hooks.receive("servicenow", GOOD, form)
    await deliver(world)
    assert operation(world).state is State.AWAITING_APPROVAL
    now = world.clock.now()
    await hooks.receive("servicenow", GOOD, decided(form, decision_number=1, decided_at=f"{now:%Y-%m-%d %H:%M:%S}"))
    await world.settle()
    assert (operation(world).state, operation(world).ticket) == (State.COMPLETED, "9f1c7e2b1b2a4410a1b2c3d4e5f60718")
    approval = operation(world).approval
    assert approval is not None
    assert approval.decision is not None
    assert (approval.decision.way, approval.decision.decided_by_object_id) == ("ticket", GRACE)


@pytest.mark.parametrize("headers", [{}, {"x-registrar-token": "guess"}, {"x-registrar-token": "another"}])
async def test_a_forged_decision_decides_nothing(headers: dict[str, str]) -> None:
    world = await waiting()
    with pytest.raises(NotProvenError):
        await webhooks(world).receive("servicenow", headers, decided())
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL


async def test_another_source_decides_nothing_about_a_request_of_the_same_id() -> None:
    world = await waiting()
    told = {"event": "decided", "issue": {"key": "RITM0010042"}, "decision": "approved", "decisionNumber": 1}
    await webhooks(world).receive("jira", {"x-registrar-token": "another"}, json.dumps(told).encode())
    await world.go_on(timedelta(hours=1))
    assert operation(world).state is State.AWAITING_APPROVAL


def decided(form: bytes = b"{}", **changes: Any) -> bytes:
    """What ServiceNow's flow posts when somebody decided."""
    told = servicenow_decision(sys_id="9f1c7e2b1b2a4410a1b2c3d4e5f60718", **changes)
    return json.dumps(json.loads(form) | told).encode()
