"""Audiences with personal accounts: what Entra demands of their apps is done, and what it refuses is said at once."""

from datetime import timedelta

import pytest

from shared.core.naming import APPLICATION_TAG
from shared.model.directory import ApplicationState
from tests.component.registration.beforehand import (
    APP,
    CALLBACK,
    PERSONAL,
    asking,
    errors,
    nothing_exists,
    others,
    rotated,
    seasoned,
    secret,
    world_for_everybody,
)
from tests.fakes.invariants import breaches
from tests.fakes.world import example


async def test_an_app_for_personal_accounts_works_end_to_end() -> None:
    """It could not: Graph refuses such an app without `requestedAccessTokenVersion` 2."""
    world = world_for_everybody()
    answer = await world.run(asking(signInAudience=PERSONAL))
    assert answer["data"]["status"] == "completed"
    app = world.directory.applications[APP]
    assert app.state.requested_access_token_version == 2
    (version,) = world.vault.secrets["adt-client-dev--client-secret"]
    assert world.directory.signs_in(app, version.value)
    await rotated(world)
    assert world.queues.events[-1]["type"] == "registrar.credential.rotated.v1"
    assert breaches(world) == []


async def test_an_app_is_opened_to_personal_accounts_and_closed_again() -> None:
    world = world_for_everybody()
    await seasoned(world)
    answer = await world.run(asking("second", signInAudience=PERSONAL))
    assert answer["data"]["status"] == "completed"
    assert world.directory.applications[APP].state.requested_access_token_version == 2
    world.clock.advance(timedelta(hours=1))
    answer = await world.run(asking("third"))
    assert answer["data"]["status"] == "completed"
    assert world.directory.applications[APP].state.sign_in_audience == "AzureADMyOrg"


@pytest.mark.parametrize("version", [1, 2])
async def test_the_version_of_tokens_that_others_set_stays_theirs(version: int) -> None:
    """Nothing is wanted of it, so a request that changes nothing writes nothing, and one that does leaves it."""
    world = world_for_everybody()
    await seasoned(world, requested_access_token_version=version)
    writes = len(world.directory.writes)
    answer = await world.run(asking("second"))
    assert answer["data"]["status"] == "completed"
    assert len(world.directory.writes) == writes
    world.clock.advance(timedelta(hours=1))
    answer = await world.run(asking("third", displayName="Renamed"))
    assert answer["data"]["status"] == "completed"
    state = world.directory.applications[APP].state
    assert (state.display_name, state.requested_access_token_version) == ("Renamed", version)
    record = (await world.applications.read(APP)).value
    assert record.applied is not None
    assert record.applied.requested_access_token_version is None


async def test_a_third_secret_of_an_app_for_personal_accounts_is_refused() -> None:
    world = world_for_everybody()
    three = [secret("one"), secret("two"), secret("three")]
    answer = await world.run(asking(signInAudience=PERSONAL, credentials=three))
    assert errors(answer) == [("credentials[2]", "too_many_secrets")]
    assert nothing_exists(world)
    answer = await world.run(asking("second", signInAudience=PERSONAL, credentials=three[:2]))
    assert answer["data"]["status"] == "completed"
    assert [(each["field"], each["code"]) for each in answer["data"]["notes"]] == [("credentials", "no_room_to_rotate")]


async def test_a_rotation_that_has_no_room_says_so_before_it_makes_anything() -> None:
    """Entra would refuse the third secret, and it could not be said to whom that is new."""
    world = world_for_everybody()
    await world.run(asking("first", signInAudience=PERSONAL))
    world.directory.edit_in_portal(APP, "by-hand")
    world.clock.advance(timedelta(hours=1))
    rotation = example(requestId="second", action="rotate", credential="client-secret", reason="because")
    rotation["application"] = {"uniqueName": APP}
    del rotation["credentials"]
    assert errors(await world.run(rotation)) == [("credential", "too_many_secrets")]
    assert list(world.vault.secrets) == ["adt-client-dev--client-secret"]
    (by_hand,) = [key for _, key in world.directory.foreign.passwords]
    world.directory.foreign.passwords.clear()
    world.directory.remove_by_hand(APP, by_hand)
    world.clock.advance(timedelta(hours=1))
    answer = await world.run(rotation | {"requestId": "third"})
    assert answer["data"]["status"] == "completed"


async def test_secrets_that_others_made_count() -> None:
    world = world_for_everybody()
    await world.run(asking("first", signInAudience=PERSONAL))
    world.directory.edit_in_portal(APP, "by-hand")
    world.clock.advance(timedelta(hours=1))
    two = [*example()["credentials"], secret("second")]
    answer = await world.run(asking("second", signInAudience=PERSONAL, credentials=two))
    assert errors(answer) == [("credentials[1]", "too_many_secrets")]
    assert list(world.vault.secrets) == ["adt-client-dev--client-secret"]


async def test_an_app_with_too_much_for_personal_accounts_is_not_opened_to_them() -> None:
    world = world_for_everybody()
    await seasoned(world, web_redirect_uris=frozenset({f"{CALLBACK}?by=hand"}))
    answer = await world.run(asking("second", signInAudience=PERSONAL, displayName="y" * 91))
    assert errors(answer) == [
        ("application.displayName", "name_too_long"),
        ("application.signInAudience", "redirect_uri_not_allowed"),
    ]
    assert world.directory.applications[APP].state.sign_in_audience == "AzureADMyOrg"


async def test_a_31st_permission_of_one_api_is_refused_where_personal_accounts_sign_in() -> None:
    world = world_for_everybody()
    await world.run(asking("first", signInAudience=PERSONAL))
    state = world.directory.applications[APP].state
    world.directory.change(APP, required_permissions=state.required_permissions | others(30))
    world.clock.advance(timedelta(hours=1))
    both = [*example()["application"]["apiPermissions"], {"api": "Microsoft Graph", "delegated": ["User.Read"]}]
    answer = await world.run(asking("second", signInAudience=PERSONAL, apiPermissions=both))
    assert errors(answer) == [("application.apiPermissions[1].api", "too_many_permissions")]


def test_a_stored_state_of_version_1_has_no_version_of_tokens() -> None:
    stored = f'{{"display_name":"Exam","sign_in_audience":"AzureADMyOrg","tags":["{APPLICATION_TAG}"]}}'
    assert ApplicationState.model_validate_json(stored).requested_access_token_version is None
