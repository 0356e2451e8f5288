"""What Entra would refuse is a problem at its field at once, and nothing exists afterwards."""

from typing import Any

import pytest

from tests.component.registration.beforehand import (
    APP,
    CALLBACK,
    PERSONAL,
    asking,
    errors,
    nothing_exists,
    others,
    seasoned,
    uris,
    world_for_everybody,
)

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
