"""What Entra would refuse is a problem at its field at once, and nothing exists afterwards; what an app has stays."""

from datetime import timedelta
from typing import Any

import pytest

from shared.core.naming import APPLICATION_TAG
from shared.model.directory import ApplicationState, RequiredPermission
from shared.policy.policy_file import Audiences, Names, RedirectUriRules
from tests.fakes.directory import DIGITAL_TWINS, MICROSOFT_GRAPH
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example
from tests.policies import opened_policy

APP = "adt-client-dev"
PERSONAL = "AzureADandPersonalMicrosoftAccount"
CALLBACK = "https://app.contoso.example/signed-in"


def world_for_everybody() -> World:
    """A registrar whose policy opens all audiences, protects no name, and allows URNs as a scheme."""
    audiences = Audiences(allowed=("AzureADMyOrg", "AzureADMultipleOrgs", PERSONAL, "PersonalMicrosoftAccount"))
    rules = RedirectUriRules(https_hosts=("*.contoso.example",), custom_schemes=("urn",))
    opened = {"audiences": audiences, "redirect_uris": rules, "names": Names(protected_words=())}
    return World(policy=opened_policy().model_copy(update=opened))


def asking(request_id: str = "R1", *, credentials: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    request = example(requestId=request_id)
    request["application"] |= fields
    return request if credentials is None else request | {"credentials": credentials}


def errors(answer: dict[str, Any]) -> list[tuple[str, str]]:
    assert answer["data"]["status"] == "rejected", answer["data"]
    return [(each["field"], each["code"]) for each in answer["data"]["errors"]]


def nothing_exists(world: World) -> bool:
    directory = world.directory
    return (directory.applications, directory.principals, directory.consented, world.vault.secrets) == ({}, {}, {}, {})


def secret(name: str) -> dict[str, Any]:
    return {"name": name, "type": "secret", "lifetimeDays": 90}


def uris(count: int, host: str = "app") -> list[str]:
    return [f"https://{host}.contoso.example/{number}" for number in range(count)]


async def seasoned(world: World, **changes: Any) -> None:
    """Register the example, and let somebody change it in the portal some days later."""
    answer = await world.run(asking("first"))
    assert answer["data"]["status"] == "completed"
    world.clock.advance(timedelta(days=2))
    world.directory.change(APP, **changes)
    world.clock.advance(timedelta(hours=1))


async def rotated(world: World) -> None:
    """Let the time come when a credential of 180 days is replaced, and some hours more."""
    world.clock.advance(timedelta(days=150))
    await world.go_on(timedelta(hours=6))


# Redirect URIs


REFUSED: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "one URI under web and spa": (
        {"web": {"redirectUris": [CALLBACK]}, "spa": {"redirectUris": [CALLBACK]}},
        [("application.spa.redirectUris[0]", "redirect_uri_on_two_platforms")],
    ),
    "one URI under all three": (
        {platform: {"redirectUris": [CALLBACK]} for platform in ("web", "spa", "publicClient")},
        [
            ("application.spa.redirectUris[0]", "redirect_uri_on_two_platforms"),
            ("application.publicClient.redirectUris[0]", "redirect_uri_on_two_platforms"),
        ],
    ),
    "a URN under publicClient": (
        {"publicClient": {"redirectUris": ["http://localhost", "urn:ietf:wg:oauth:2.0:oob"]}},
        [("application.publicClient.redirectUris[1]", "redirect_uri_not_allowed")],
    ),
    "a query where personal accounts sign in": (
        {"signInAudience": PERSONAL, "web": {"redirectUris": [f"{CALLBACK}?from=entra"]}},
        [("application.web.redirectUris[0]", "redirect_uri_not_allowed")],
    ),
    "more than 100 for personal accounts": (
        {
            "signInAudience": PERSONAL,
            "web": {"redirectUris": uris(50)},
            "spa": {"redirectUris": uris(50, "spa")},
        },
        [("application.web.redirectUris", "too_many_redirect_uris")],
    ),
    "a display name of 91 characters for personal accounts": (
        {"signInAudience": "PersonalMicrosoftAccount", "displayName": "x" * 91},
        [("application.displayName", "name_too_long")],
    ),
    "a reserved word where other tenants sign in": (
        {"signInAudience": "AzureADMultipleOrgs", "displayName": "Reports for microsoft teams"},
        [("application.displayName", "name_reserved")],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_entra_refuses_is_refused_at_its_field_and_nothing_exists(case: str) -> None:
    world = world_for_everybody()
    fields, expected = REFUSED[case]
    await world.send(asking(**fields))
    (answer,) = world.queues.answers  # at once: nothing has to settle
    assert errors(answer) == expected
    assert nothing_exists(world)
    assert world.directory.writes == []


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


# Audiences with personal accounts


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


# Permissions


def others(count: int, app_id: str = MICROSOFT_GRAPH.app_id) -> frozenset[RequiredPermission]:
    return frozenset(
        RequiredPermission(resource_app_id=app_id, id=f"00000000-0000-4000-9000-{n:012}", type="Scope")
        for n in range(count)
    )


async def test_permissions_that_others_added_count() -> None:
    world = world_for_everybody()
    await seasoned(world, required_permissions=others(399))
    both = [
        {"api": "Azure Digital Twins", "delegated": ["Read.Write"]},
        {"api": "Microsoft Graph", "delegated": ["User.Read"]},
    ]
    answer = await world.run(asking("second", apiPermissions=both))
    assert errors(answer) == [("application.apiPermissions", "too_many_permissions")]
    assert world.directory.applications[APP].state.required_permissions == others(399)


async def test_a_31st_permission_of_one_api_is_refused_where_personal_accounts_sign_in() -> None:
    world = world_for_everybody()
    await world.run(asking("first", signInAudience=PERSONAL))
    state = world.directory.applications[APP].state
    world.directory.change(APP, required_permissions=state.required_permissions | others(30))
    world.clock.advance(timedelta(hours=1))
    both = [*example()["application"]["apiPermissions"], {"api": "Microsoft Graph", "delegated": ["User.Read"]}]
    answer = await world.run(asking("second", signInAudience=PERSONAL, apiPermissions=both))
    assert errors(answer) == [("application.apiPermissions[1].api", "too_many_permissions")]


# Service principals that somebody has disabled


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


# Rows of version 1


def test_a_stored_state_of_version_1_has_no_version_of_tokens() -> None:
    stored = f'{{"display_name":"Exam","sign_in_audience":"AzureADMyOrg","tags":["{APPLICATION_TAG}"]}}'
    assert ApplicationState.model_validate_json(stored).requested_access_token_version is None
