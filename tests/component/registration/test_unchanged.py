"""What an app has had stays its own: a rule that came later judges what a request changes."""

from datetime import timedelta
from typing import Any

import pytest

from shared.policy.policy_file import CredentialRules, Flows, Policy, RedirectUriRules
from tests.component.rotating import APP, rotation_of
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example
from tests.policies import opened_policy

CREDENTIAL = "client-secret"
OLD, NEW = "https://old.contoso.example/cb", "https://new.contoso.example/cb"
BEFORE = opened_policy().model_copy(update={"credentials": CredentialRules(max_lifetime_days=365)})
TODAY = opened_policy().model_copy(update={"redirect_uris": RedirectUriRules(), "flows": Flows()})


def asking(request_id: str, *uris: str, implicit: bool = True, days: int = 365, **changes: Any) -> dict[str, Any]:
    """A request with these web redirect URIs."""
    grants = {"enableIdTokenIssuance": implicit, "enableAccessTokenIssuance": implicit}
    web = {"redirectUris": list(uris), "implicitGrantSettings": grants}
    made = example(requestId=request_id)
    made["application"] |= {"web": web} | changes
    made["credentials"][0]["lifetimeDays"] = days
    return made


async def registered(policy: Policy = TODAY) -> World:
    """An app from before, an hour later under today's policy."""
    world = World(BEFORE)
    await world.run(asking("R1", OLD))
    await world.go_on(timedelta(hours=1))
    world.deploy(policy)
    return world


async def refused(world: World, request: dict[str, Any]) -> list[tuple[str, str]]:
    """Where and why a request is rejected; nothing if it is not."""
    answer = await world.run(request)
    errors = answer["data"].get("errors", [])
    assert answer["data"]["status"] == ("rejected" if errors else "completed")
    return [(each["field"], each["code"]) for each in errors]


async def test_a_change_of_something_else_leaves_an_app_what_it_has_had() -> None:
    world = await registered()
    assert await refused(world, asking("R2", OLD, displayName="Renamed")) == []
    state = world.directory.applications[APP].state
    assert (state.display_name, state.web_redirect_uris) == ("Renamed", {OLD})
    assert (state.enable_id_token_issuance, state.enable_access_token_issuance) == (True, True)
    assert breaches(world) == []


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (asking("R2", OLD, NEW), [("application.web.redirectUris[1]", "redirect_uri_not_allowed")]),
        (asking("R2", spa={"redirectUris": [OLD]}), [("application.spa.redirectUris[0]", "redirect_uri_not_allowed")]),
        (asking("R2", OLD, days=364), [("credentials[0].lifetimeDays", "lifetime_not_allowed")]),
    ],
)
async def test_what_a_request_changes_is_judged_by_todays_policy(
    request_: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    world = await registered()
    assert await refused(world, request_) == expected
    assert world.directory.applications[APP].state.web_redirect_uris == {OLD}


async def test_what_was_given_up_is_asked_for_anew() -> None:
    world = await registered()
    assert await refused(world, asking("R2", implicit=False, days=180)) == []
    await world.go_on(timedelta(hours=1))
    assert [code for _, code in await refused(world, asking("R3", OLD, days=180))] == [
        "redirect_uri_not_allowed",
        "flow_not_allowed",
        "flow_not_allowed",
    ]


async def test_another_app_has_had_nothing() -> None:
    world = await registered()
    request = asking("R2", OLD, uniqueName="another-app")
    assert [code for _, code in await refused(world, request)] == [
        "redirect_uri_not_allowed",
        "flow_not_allowed",
        "flow_not_allowed",
        "lifetime_not_allowed",
    ]


async def test_an_app_whose_record_was_lost_or_is_of_before_keeps_what_the_directory_and_the_vault_show() -> None:
    world = await registered()
    world.applications.rows.clear()
    administrators = TODAY.model_copy(update={"administrators": ("ada@contoso.example",)})
    world.deploy(administrators)
    assert await refused(world, asking("R2", OLD, displayName="Renamed")) == []


async def test_a_credential_of_a_year_is_rotated_and_its_request_stays_as_it_was() -> None:
    world = await registered()
    answer = await world.run(rotation_of(CREDENTIAL))
    assert answer["data"]["status"] == "completed"
    newest = world.vault.secrets[f"{APP}--{CREDENTIAL}"][-1].entry
    assert newest.expires is not None
    assert newest.created is not None
    assert (newest.tags["lifetimeDays"], (newest.expires - newest.created).days) == ("180", 180)
    assert await refused(world, asking("R2", OLD, displayName="Renamed")) == []
    assert breaches(world) == []


async def test_what_a_request_that_asks_for_a_year_as_ever_is_issued_lives_by_todays_policy() -> None:
    world = await registered()
    (key,) = world.directory.applications[APP].passwords
    world.directory.remove_by_hand(APP, key)
    await world.go_on(timedelta(hours=1))
    assert await refused(world, asking("R2", OLD)) == []
    newest = world.vault.secrets[f"{APP}--{CREDENTIAL}"][-1].entry
    assert newest.tags["lifetimeDays"] == "180"
    assert breaches(world) == []
