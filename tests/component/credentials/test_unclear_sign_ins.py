"""A sign-in that says nothing about its credential proves nothing: it waits, is named, and ends nothing old."""

from datetime import timedelta

import pytest

from shared.core.errors import SignInUnclearError
from shared.model.operation import State
from tests.component.rotating import APP, registered_with, rotation_of, signing_in_with
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example

SECRET = f"{APP}--client-secret"
REASON = "sign_in_unclear_AADSTS500014"


def unclear() -> SignInUnclearError:
    return SignInUnclearError("the sign-in was refused for a reason that says nothing: AADSTS500014", [500014])


def keys(world: World) -> list[str]:
    return list(world.directory.applications[APP].passwords)


async def test_a_registration_waits_under_the_number_and_goes_on_by_itself() -> None:
    world = World()
    world.directory.sign_in_refusal = unclear()
    await world.send(example())
    await world.go_on(timedelta(minutes=30))
    (waiting,) = world.operations.all()
    assert (waiting.state, waiting.reason) == (State.WAITING, REASON)
    assert waiting.credential("client-secret").proven_version is None
    world.directory.sign_in_refusal = None
    await world.settle()
    assert [each["data"]["status"] for each in world.queues.answers] == ["completed"]
    assert len(keys(world)) == 1
    assert breaches(world) == []


async def test_what_stays_unclear_fails_at_the_deadline_and_names_the_code() -> None:
    world = World()
    world.directory.sign_in_refusal = unclear()
    answer = await world.run(example())
    assert answer["data"]["status"] == "failed"
    (error,) = answer["data"]["errors"]
    assert (error["code"], "AADSTS500014" in error["message"]) == ("sign_in_unclear", True)
    (operation,) = world.operations.all()
    assert operation.reason == REASON
    assert breaches(world) == []


async def test_it_is_not_asked_every_minute() -> None:
    """Entra answers the same request too often with AADSTS50196."""
    world = World()
    world.directory.sign_in_refusal = unclear()
    await world.send(example())
    await world.go_on(timedelta(hours=6))
    assert world.faults.calls.count("entra token") < 36


async def test_an_unclear_sign_in_never_ends_the_old_credential() -> None:
    world = await registered_with(example())
    (old,) = keys(world)
    world.directory.sign_in_refusal = unclear()
    await world.send(rotation_of("client-secret"))
    await world.go_on(timedelta(hours=30))
    assert world.queues.events[-1]["type"] == "registrar.credential.rotation_failed.v1"
    await world.go_on(timedelta(days=20))
    assert keys(world)[0] == old
    assert world.vault.secrets[SECRET][-1].entry.tags["keyId"] == old
    assert signing_in_with(world, SECRET) == [True]
    world.directory.sign_in_refusal = None
    await world.run(rotation_of("client-secret", "ROT2"))
    assert signing_in_with(world, SECRET) == [True, True]
    assert breaches(world) == []


@pytest.mark.parametrize("within", ["PT0S", "PT10M"])
async def test_an_unclear_sign_in_is_not_the_end_of_a_leaked_credential(within: str) -> None:
    """Its removal waits for no proof at the deadline, but that it is refused is said only of a refusal of itself."""
    world = await registered_with(example())
    (old,) = keys(world)
    world.directory.sign_in_refusal = unclear()
    await world.send(rotation_of("client-secret", revokePrevious={"within": within}))
    await world.go_on(timedelta(minutes=40))
    assert old not in keys(world)
    assert len(keys(world)) == 1  # a new one was issued all the same
    (rotation,) = [each for each in world.operations.all() if each.request.action == "rotate"]
    assert rotation.reason == REASON
    assert rotation.credential("client-secret").old_refused_at is None
    world.directory.sign_in_refusal = None
    await world.settle()
    answer = world.queues.answers[-1]
    assert answer["type"] == "registrar.credential.rotated.v1"
    assert answer["data"]["rotation"]["replacedRefusedSince"] is not None
    assert breaches(world) == []
