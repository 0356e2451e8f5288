"""A request that needs approval changes nothing before somebody else approved this very thing."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from shared.api.requests import Named, show
from shared.approval.refusals import NotWaitingError
from shared.contract.answer import Status
from shared.model.directory import ApiPermission
from shared.model.operation import State
from shared.policy.policy_file import ApprovalRules, PermissionsToApprove
from tests.component.approving import (
    RULES,
    application,
    asking,
    awaiting_events,
    binding,
    codes,
    operation,
    permissions,
    policy,
    say,
    tell,
    unknown,
    waiting,
    written,
)
from tests.fakes.apis import MICROSOFT_GRAPH
from tests.fakes.faults import WorkerDied
from tests.fakes.world import World, example


def secret(days: int) -> dict[str, Any]:
    return {"credentials": [{"name": "s", "type": "secret", "lifetimeDays": days}]}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "name_needs_approval"),
        (
            {"application": example()["application"] | {"signInAudience": "AzureADMultipleOrgs"}},
            "audience_needs_approval",
        ),
        (
            {
                "application": example()["application"],
                "credentials": [{"name": "s", "type": "secret", "lifetimeDays": 200}],
            },
            "lifetime_needs_approval",
        ),
        (permissions(delegated=("Mail.Send",)), "permission_needs_approval"),
        (permissions(roles=("User.Read.All",)), "permission_needs_approval"),
    ],
)
async def test_what_policy_wants_approved_waits_and_is_given_once_it_is(changes: dict[str, Any], code: str) -> None:
    world = await waiting(asking(**changes))
    (event,) = awaiting_events(world)
    assert {each["code"] for each in event["data"]["errors"]} == {code}
    await say(world, "approve")
    await world.settle()
    (answer,) = world.queues.answers
    assert (answer["data"]["status"], operation(world).state) == ("completed", State.COMPLETED)
    assert len(world.directory.applications) == 1


@pytest.mark.parametrize(
    "changes",
    [
        permissions(delegated=("User.Read",)),
        application(),
        application() | secret(180),
    ],
)
async def test_what_is_automatic_does_not_wait(changes: dict[str, Any]) -> None:
    world = World(policy())
    assert (await world.run(asking(**changes)))["data"]["status"] == Status.COMPLETED
    assert awaiting_events(world) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (permissions(roles=("Application.ReadWrite.All",)), "permission_never_allowed"),
        (permissions(roles=("Mail.Send",)), "permission_not_allowed"),
        (
            {"application": example()["application"] | {"signInAudience": "PersonalMicrosoftAccount"}},
            "audience_not_allowed",
        ),
        (secret(366), "lifetime_not_allowed"),
    ],
)
async def test_what_is_never_given_is_rejected_however_wide_the_third_group_is(
    changes: dict[str, Any], code: str
) -> None:
    all_delegated = PermissionsToApprove(api="*", delegated=("*",), application=("User.*", "Application.*"))
    world = World(policy(RULES.model_copy(update={"permissions": (all_delegated,)})))
    answer = await world.run(asking(**changes))
    assert (answer["data"]["status"], codes(answer)) == ("rejected", [code])
    assert not written(world)


async def test_the_event_says_who_may_decide_and_about_what() -> None:
    world = await waiting()
    (event,) = awaiting_events(world)
    data, approval = event["data"], event["data"]["approval"]
    assert (data["requestId"], data["source"], approval["ticket"]) == ("RITM0010042", "servicenow", "RITM0010042")
    assert (approval["byTicket"], approval["role"]) == (True, "Registrar.Approver")
    assert approval["href"] == "/api/requests/RITM0010042/approval?source=servicenow"
    assert (approval["requestedBy"], approval["binding"]) == ("ada@contoso.example", binding(world))
    told = await show(world.operations, Named("servicenow", "RITM0010042"))
    assert told is not None
    assert (told["state"], told["approval"]["binding"]) == ("awaiting_approval", binding(world))


async def test_where_nobody_could_decide_the_request_is_rejected_at_once() -> None:
    world = World(policy())
    world.people.allowed = False
    answer = await world.run(unknown(asking(source="queue")))
    assert (answer["data"]["status"], codes(answer)) == ("rejected", ["name_needs_approval", "approval_impossible"])
    assert awaiting_events(world) == []


async def test_nobody_decides_in_time_and_the_request_is_answered() -> None:
    world = await waiting()
    await world.go_on(timedelta(days=13, hours=23))
    assert operation(world).state is State.AWAITING_APPROVAL
    await world.go_on(timedelta(hours=2))
    (answer,) = world.queues.answers
    assert (answer["data"]["status"], codes(answer)) == ("rejected", ["approval_expired"])
    with pytest.raises(NotWaitingError):
        await say(world, "approve")
    assert not written(world)


async def test_an_event_that_was_lost_with_its_worker_is_sent_again_and_is_the_same() -> None:
    for call in range(60):
        for when in ("before", "after"):
            world = World(policy())
            world.faults.at(call, when, WorkerDied())
            await world.send(asking())
            await world.settle()
            assert operation(world).state is State.AWAITING_APPROVAL, call
            assert len({each["id"] for each in awaiting_events(world)}) == 1, call
            if world.deaths == 0:
                assert call > 10
                return
            await say(world, "approve")
            await world.settle()
            assert operation(world).state is State.COMPLETED, call
    raise AssertionError("the request makes more calls than this test looks at")


async def test_what_was_approved_under_another_policy_waits_again_and_an_old_decision_does_not_count() -> None:
    world = await waiting()
    old = binding(world)
    await tell(world, "approved")
    world.deploy(policy(RULES.model_copy(update={"lifetime_days": 90})))
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL
    assert not written(world)
    assert binding(world) != old
    assert len({each["id"] for each in awaiting_events(world)}) == 2
    await tell(world, "approved")
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL
    with pytest.raises(NotWaitingError):
        await say(world, "approve", bound_to=old)
    await tell(world, "approved", decision_id="approval-2")
    await world.settle()
    assert operation(world).state is State.COMPLETED


async def test_what_became_automatic_or_forbidden_meanwhile_is() -> None:
    automatic, forbidden = await waiting(), await waiting(asking(**permissions(delegated=("Mail.Send",))))
    for world in (automatic, forbidden):
        await say(world, "approve")
        world.deploy(policy(ApprovalRules()))
        await world.settle()
    assert operation(automatic).state is State.COMPLETED
    assert codes(forbidden.queues.answers[-1]) == ["permission_not_allowed"]
    assert not written(forbidden)


async def test_an_approval_is_for_the_ids_that_were_resolved() -> None:
    world = await waiting(asking(**permissions(delegated=("Mail.Send",))))
    await say(world, "approve")
    renewed = ApiPermission("00000000-0000-4000-8000-00000000beef", "Mail.Send", "Scope", enabled=True)
    world.directory.apis = [dataclasses.replace(MICROSOFT_GRAPH, permissions=(renewed,))]
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL
    assert not written(world)
