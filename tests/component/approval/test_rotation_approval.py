"""Where every request for an app needs approval, a new credential and a revocation are among them."""

from datetime import timedelta
from typing import Any

import pytest

from shared.api.requests import described
from shared.contract.request import RotationRequest
from shared.core.errors import ThrottledError
from shared.model.operation import Operation, State
from shared.policy.policy_file import ApprovalRules
from tests.component.approving import ADA, GRACE, awaiting_events, codes, policy, tell
from tests.component.rotating import APP, registered_with, rotation_of
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example

CREDENTIAL = "client-secret"
RULES = ApprovalRules(unique_names=(".*-dev",))


def rotation(**changes: Any) -> dict[str, Any]:
    known = {"requestedByObjectId": ADA, "source": "servicenow", "ticket": "RITM0010042"}
    return rotation_of(CREDENTIAL, "RITM0010042", **(known | changes))


async def covered(days: int = 365) -> World:
    """A world in which the example was registered, and only then its name came to need approval."""
    (credential,) = example()["credentials"]
    request = example(credentials=[credential | {"lifetimeDays": days}])
    world = await registered_with(request, policy(ApprovalRules()))
    world.deploy(policy(RULES))
    return world


async def asked(**changes: Any) -> World:
    world = await covered()
    await world.send(rotation(**changes))
    await world.settle()
    return world


def found(world: World) -> Operation:
    (asked_for,) = (
        each for each in world.operations.all() if isinstance(each.request, RotationRequest) and not each.is_our_own
    )
    return asked_for


def keys(world: World) -> list[str]:
    return list(world.directory.applications[APP].passwords)


@pytest.mark.parametrize("changes", [{}, {"revokePrevious": {"within": "PT10M"}}])
async def test_a_rotation_of_an_app_whose_every_request_is_approved_waits_and_is_done_then(
    changes: dict[str, Any],
) -> None:
    world = await asked(**changes)
    (old,) = keys(world)
    assert found(world).state is State.AWAITING_APPROVAL
    (event,) = awaiting_events(world)
    assert codes(event) == ["name_needs_approval"]
    assert "a colleague has left" in event["data"]["errors"][0]["message"]
    assert ("is revoked" in event["data"]["errors"][0]["message"]) is bool(changes)
    assert described(found(world))["approval"]["binding"] == event["data"]["approval"]["binding"]
    await tell(world, "approved")
    await world.settle()
    assert found(world).state is State.COMPLETED
    assert (old in keys(world)) is not bool(changes)
    assert world.directory.passwords_ever_issued == 2
    assert breaches(world) == []


@pytest.mark.parametrize("changes", [{}, {"revokePrevious": {"within": "PT0S"}}])
async def test_a_rotation_that_somebody_refused_changes_nothing(changes: dict[str, Any]) -> None:
    world = await asked(**changes)
    before = keys(world)
    await tell(world, "refused")
    await world.settle()
    assert codes(world.queues.answers[-1]) == ["approval_refused"]
    assert (keys(world), world.directory.passwords_ever_issued) == (before, 1)


async def test_a_rotation_that_was_approved_under_another_policy_waits_again() -> None:
    world = await asked()
    world.faults.next("graph application", "before", ThrottledError("wait", timedelta(minutes=20)))
    await tell(world, "approved")
    await world.go_on(timedelta(minutes=2))
    world.deploy(policy(RULES, administrators=("grace@contoso.example",)))
    await world.settle()
    assert found(world).state is State.AWAITING_APPROVAL
    assert len(awaiting_events(world)) == 2
    assert world.directory.passwords_ever_issued == 1


async def test_the_time_to_revoke_counts_from_the_decision_and_nothing_goes_before_it() -> None:
    world = await asked(revokePrevious={"within": "PT10M"})
    (old,) = keys(world)
    await world.go_on(timedelta(days=2))
    assert keys(world) == [old]
    assert found(world).revoke_by is None
    world.directory.secret_delay = timedelta(minutes=60)
    decided = world.clock.now()
    await tell(world, "approved")
    await world.go_on(timedelta(minutes=8))
    assert old in keys(world)
    assert found(world).revoke_by == decided + timedelta(minutes=10)
    await world.go_on(timedelta(minutes=4))
    assert old not in keys(world)


async def test_what_is_approved_is_the_end_of_the_credential_that_was_asked_about() -> None:
    """Meanwhile the registrar replaces it for its age: the leaked one is not to live through that overlap."""
    world = await covered(days=60)
    (old,) = keys(world)
    world.clock.advance(timedelta(days=39))
    await world.send(rotation(revokePrevious={"within": "PT10M"}))
    await world.settle()
    world.clock.advance(timedelta(days=2))
    await world.go_on(timedelta(hours=2))
    assert len(keys(world)) == 2, "the registrar's own rotations wait for nobody"
    assert len(awaiting_events(world)) == 1
    await tell(world, "approved")
    await world.settle()
    assert found(world).state is State.COMPLETED
    assert old not in keys(world)
    assert world.directory.passwords_ever_issued == 2


async def test_a_rotation_that_has_begun_is_ended_whatever_policy_says_by_then() -> None:
    world = await covered()
    world.deploy(policy(ApprovalRules()))
    world.directory.secret_delay = timedelta(minutes=30)
    await world.send(rotation())
    world.deploy(policy(RULES))
    await world.settle()
    assert found(world).state is State.COMPLETED
    assert awaiting_events(world) == []
    assert breaches(world) == []


async def test_nobody_approves_their_own_rotation() -> None:
    world = await asked()
    await tell(world, "approved", decided_by_object_id=ADA)
    await world.settle()
    assert found(world).state is State.AWAITING_APPROVAL
    await tell(world, "approved", decision_id="approval-2", decided_by_object_id=GRACE)
    await world.settle()
    assert found(world).state is State.COMPLETED
