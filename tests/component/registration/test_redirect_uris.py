"""Redirect URIs that Entra would refuse next to those of others are refused at their field; what an app has stays."""

from datetime import timedelta

from tests.component.registration.beforehand import (
    APP,
    CALLBACK,
    asking,
    errors,
    rotated,
    seasoned,
    uris,
    world_for_everybody,
)
from tests.fakes.invariants import breaches


async def test_a_uri_that_somebody_else_put_under_another_platform_is_refused_and_theirs_stays() -> None:
    world = world_for_everybody()
    await seasoned(world, spa_redirect_uris=frozenset({CALLBACK}))
    writes = len(world.directory.writes)
    answer = await world.run(asking("second", web={"redirectUris": [CALLBACK]}))
    assert errors(answer) == [("application.web.redirectUris[0]", "redirect_uri_on_two_platforms")]
    assert "somebody else has put it under spa" in answer["data"]["errors"][0]["message"]
    assert world.directory.applications[APP].state.spa_redirect_uris == {CALLBACK}
    assert len(world.directory.writes) == writes


async def test_a_uri_moves_from_one_platform_to_another() -> None:
    world = world_for_everybody()
    await world.run(asking("first", web={"redirectUris": [CALLBACK]}))
    world.clock.advance(timedelta(hours=1))
    answer = await world.run(asking("second", spa={"redirectUris": [CALLBACK]}))
    assert answer["data"]["status"] == "completed"
    state = world.directory.applications[APP].state
    assert (state.web_redirect_uris, state.spa_redirect_uris) == (frozenset(), {CALLBACK})


async def test_more_than_256_uris_with_those_of_others_are_refused() -> None:
    world = world_for_everybody()
    await seasoned(world, web_redirect_uris=frozenset(uris(250)))
    answer = await world.run(asking("second", spa={"redirectUris": uris(10, "spa")}))
    assert errors(answer) == [("application.spa.redirectUris", "too_many_redirect_uris")]
    assert "261" in answer["data"]["errors"][0]["message"]  # 250, 10, and http://localhost
    assert world.directory.applications[APP].state.spa_redirect_uris == frozenset()
    answer = await world.run(asking("third", spa={"redirectUris": uris(5, "spa")}))
    assert answer["data"]["status"] == "completed"


async def test_what_an_app_has_is_no_problem_of_a_request_that_leaves_it() -> None:
    """However it came about: the directory once took it, and the app is asked for again and rotates."""
    world = world_for_everybody()
    asked = asking("first", web={"redirectUris": [CALLBACK]})
    await world.run(asked)
    world.clock.advance(timedelta(days=2))
    many = frozenset({*uris(300), CALLBACK})
    world.directory.change(APP, web_redirect_uris=many, spa_redirect_uris=frozenset({CALLBACK}))
    world.clock.advance(timedelta(hours=1))
    answer = await world.run(asked | {"requestId": "second"})
    assert answer["data"]["status"] == "completed"
    await rotated(world)
    assert world.directory.passwords_ever_issued == 2
    assert world.queues.events[-1]["type"] == "registrar.credential.rotated.v1"
    assert world.directory.applications[APP].state.web_redirect_uris == many
    assert breaches(world) == []


async def test_only_the_apps_own_people_hear_what_others_added() -> None:
    world = world_for_everybody()
    await seasoned(world, spa_redirect_uris=frozenset({CALLBACK}))
    stranger = asking("second", web={"redirectUris": [CALLBACK]}) | {"requestedBy": "mallory@contoso.example"}
    assert errors(await world.run(stranger)) == [("requestedBy", "not_owner")]
