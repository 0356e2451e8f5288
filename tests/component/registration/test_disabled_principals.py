"""Service principals that somebody has disabled: of an API and of an app."""

from datetime import timedelta

from tests.component.registration.beforehand import (
    APP,
    asking,
    errors,
    nothing_exists,
    rotated,
    seasoned,
    secret,
    world_for_everybody,
)
from tests.fakes.apis import DIGITAL_TWINS
from tests.fakes.invariants import breaches
from tests.fakes.world import example


async def test_an_api_that_is_disabled_is_refused_at_once() -> None:
    world = world_for_everybody()
    world.directory.disable_api(DIGITAL_TWINS.app_id)
    await world.send(asking())
    (answer,) = world.queues.answers
    assert errors(answer) == [("application.apiPermissions[0].api", "api_disabled")]
    assert nothing_exists(world)


async def test_an_api_that_was_disabled_within_minutes_and_enabled_again_is_asked_for_once_more() -> None:
    world = world_for_everybody()
    apis = world.directory.apis
    world.directory.disable_api(DIGITAL_TWINS.app_id)
    assert errors(await world.run(asking("first"))) == [("application.apiPermissions[0].api", "api_disabled")]
    world.directory.apis = apis
    answer = await world.run(asking("second"))
    assert answer["data"]["status"] == "completed"


async def test_an_app_that_has_an_api_keeps_working_when_it_is_disabled() -> None:
    world = world_for_everybody()
    await seasoned(world)
    world.directory.disable_api(DIGITAL_TWINS.app_id)
    answer = await world.run(asking("second", displayName="Renamed"))
    assert answer["data"]["status"] == "completed"
    (note,) = answer["data"]["notes"]
    assert (note["field"], note["code"]) == ("application.apiPermissions[0].api", "api_disabled")
    await rotated(world)
    assert world.queues.events[-1]["type"] == "registrar.credential.rotated.v1"


async def test_an_app_that_is_disabled_is_never_completed_and_says_why_at_once() -> None:
    world = world_for_everybody()
    await seasoned(world)
    world.directory.disable(APP)
    asked = asking("second", displayName="Renamed", credentials=[*example()["credentials"], secret("second")])
    await world.send(asked)
    (waiting,) = [each for each in world.operations.all() if each.request.request_id == "second"]
    assert (waiting.state, waiting.reason) == ("waiting", "principal_disabled")
    assert list(world.vault.secrets) == ["adt-client-dev--client-secret"]
    assert len(world.directory.applications[APP].passwords) == 1
    await world.go_on(timedelta(hours=2))
    world.directory.disabled.clear()
    await world.settle()
    answer = world.queues.answers[-1]
    assert (answer["data"]["requestId"], answer["data"]["status"]) == ("second", "completed")
    assert breaches(world) == []


async def test_an_app_without_credentials_that_is_disabled_is_not_completed_either() -> None:
    world = world_for_everybody()
    await world.run(asking("first", credentials=[]))
    world.clock.advance(timedelta(hours=1))
    world.directory.disable(APP)
    await world.send(asking("second", credentials=[], displayName="Renamed"))
    (waiting,) = [each for each in world.operations.all() if each.request.request_id == "second"]
    assert (waiting.state, waiting.reason) == ("waiting", "principal_disabled")


async def test_a_disabled_app_loses_its_rights_all_the_same() -> None:
    world = world_for_everybody()
    await seasoned(world)
    world.directory.disable(APP)
    await world.send(asking("second", apiPermissions=[]))
    assert list(world.directory.consented.values()) == [set()]
    assert world.directory.applications[APP].state.required_permissions == frozenset()


async def test_the_rotation_of_a_disabled_app_says_why_it_waits() -> None:
    world = world_for_everybody()
    await seasoned(world)
    world.directory.disable(APP)
    await rotated(world)
    (rotation,) = [each for each in world.operations.all() if each.request.action == "rotate"]
    assert (rotation.state, rotation.reason) == ("waiting", "principal_disabled")
    world.directory.disabled.clear()
    await world.settle()
    assert world.queues.events[-1]["type"] == "registrar.credential.rotated.v1"
