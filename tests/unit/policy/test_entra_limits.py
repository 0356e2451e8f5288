"""Entra's own limits: the last number that it takes, and the first that it does not; and whose doing a count is."""

from typing import Any

import pytest

from shared.contract.request import RegistrationRequest, parse_request
from shared.model.directory import ApplicationState, RequiredPermission
from shared.policy.entra_limits import MOST_ENTRIES, Change, has_room_for_a_secret, refusals, remarks
from tests.fakes.world import example

ORGANISATION, TENANTS, PERSONAL = "AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount"


def asking(**fields: Any) -> RegistrationRequest:
    request = example()
    request["application"] |= fields
    parsed = parse_request(request)
    assert isinstance(parsed, RegistrationRequest)
    return parsed


def state(audience: str = ORGANISATION, name: str = "ADT client (dev)", **fields: Any) -> ApplicationState:
    return ApplicationState(display_name=name, sign_in_audience=audience, **fields)


def uris(count: int) -> frozenset[str]:
    return frozenset(f"https://app.contoso.example/{number}" for number in range(count))


def permissions(*counts: int) -> frozenset[RequiredPermission]:
    """So many permissions of the first API, the second, and so on."""
    return frozenset(
        RequiredPermission(resource_app_id=f"api-{api}", id=f"{number}", type="Scope")
        for api, count in enumerate(counts)
        for number in range(count)
    )


def found(change: Change, request: RegistrationRequest | None = None) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in refusals(request or asking(), change)]


LIMITS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "redirect URIs": ({"web_redirect_uris": uris(256)}, {"web_redirect_uris": uris(257)}, "too_many_redirect_uris"),
    "redirect URIs, personal": (
        {"audience": PERSONAL, "web_redirect_uris": uris(100)},
        {"audience": PERSONAL, "web_redirect_uris": uris(101)},
        "too_many_redirect_uris",
    ),
    "permissions": (
        {"required_permissions": permissions(200, 200)},
        {"required_permissions": permissions(200, 201)},
        "too_many_permissions",
    ),
    "permissions, personal": (
        {"audience": PERSONAL, "required_permissions": permissions(30, 30, 30, 30, 30, 30, 20)},
        {"audience": PERSONAL, "required_permissions": permissions(30, 30, 30, 30, 30, 30, 21)},
        "too_many_permissions",
    ),
    "permissions of one API, personal": (
        {"audience": PERSONAL, "required_permissions": permissions(30)},
        {"audience": PERSONAL, "required_permissions": permissions(31)},
        "too_many_permissions",
    ),
    "APIs": (
        {"required_permissions": permissions(*[1] * 50)},
        {"required_permissions": permissions(*[1] * 51)},
        "too_many_apis",
    ),
    "entries": (
        {"tags": frozenset(map(str, range(MOST_ENTRIES)))},
        {"tags": frozenset(map(str, range(MOST_ENTRIES + 1)))},
        "application_too_large",
    ),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_the_last_that_entra_takes_and_the_first_that_it_does_not(limit: str) -> None:
    taken, refused, code = LIMITS[limit]
    assert found(Change(None, state(**taken))) == []
    assert [found_code for _, found_code in found(Change(None, state(**refused)))] == [code]


@pytest.mark.parametrize("limit", LIMITS)
def test_what_an_app_has_is_no_problem_and_one_more_is(limit: str) -> None:
    _, refused, code = LIMITS[limit]
    over = state(**refused)
    assert found(Change(over, over)) == []
    assert found(Change(over, over.model_copy(update={"tags": frozenset[str]()}))) == []
    one_more = RequiredPermission(resource_app_id="api-more" if limit == "APIs" else "api-0", id="more", type="Scope")
    more = {
        "redirect URIs": {"web_redirect_uris": over.web_redirect_uris | {"https://app.contoso.example/more"}},
        "entries": {"tags": over.tags | {"more"}},
    }.get(limit.partition(",")[0], {"required_permissions": over.required_permissions | {one_more}})
    assert code in {found_code for _, found_code in found(Change(over, over.model_copy(update=more)))}


@pytest.mark.parametrize(("audience", "most"), [(ORGANISATION, 120), (PERSONAL, 90), ("PersonalMicrosoftAccount", 90)])
def test_a_display_name_has_so_many_characters(audience: str, most: int) -> None:
    longest, request = "x" * most, asking(displayName="x" * most, signInAudience=audience)
    assert found(Change(None, state(audience, longest)), request) == []
    if most < 120:  # the contract takes no more
        too_long = asking(displayName="x" * (most + 1), signInAudience=audience)
        after = state(audience, "x" * (most + 1))
        assert found(Change(None, after), too_long) == [("application.displayName", "name_too_long")]
        assert found(Change(after, after), too_long) == []
        assert found(Change(state(ORGANISATION, after.display_name), after), too_long) != []


def test_reserved_words_matter_where_others_than_the_tenants_people_sign_in() -> None:
    name = "Not Microsoft's"
    for audience, refused in ((ORGANISATION, False), (TENANTS, True), (PERSONAL, True)):
        request = asking(displayName=name, signInAudience=audience)
        expected = [("application.displayName", "name_reserved")] if refused else []
        assert found(Change(None, state(audience, name)), request) == expected


def test_the_field_is_where_the_request_adds_something() -> None:
    before = state(web_redirect_uris=uris(256))
    after = before.model_copy(update={"spa_redirect_uris": frozenset({"https://new.contoso.example"})})
    assert found(Change(before, after)) == [("application.spa.redirectUris", "too_many_redirect_uris")]
    opened = before.model_copy(update={"sign_in_audience": PERSONAL})
    assert found(Change(before, opened)) == [("application.signInAudience", "too_many_redirect_uris")]


def test_consents_to_one_api_have_a_length() -> None:
    longest = [f"{number:0119}" for number in range(32)]  # 3,839 characters, blanks included
    for names, expected in (
        (longest, []),
        ([*longest, "x" * 11], [("application.apiPermissions[0].delegated", "consent_too_long")]),
    ):
        request = asking(apiPermissions=[{"api": "An API", "delegated": names}], adminConsent=True)
        assert found(Change(None, state()), request) == expected
        asked_for = asking(apiPermissions=[{"api": "An API", "delegated": names}], adminConsent=False)
        assert found(Change(None, state()), asked_for) == []


@pytest.mark.parametrize(
    ("audience", "there", "expected"), [(ORGANISATION, 9, []), (PERSONAL, 1, []), (PERSONAL, 2, ["too_many_secrets"])]
)
def test_two_secrets_where_personal_accounts_sign_in(audience: str, there: int, expected: list[str]) -> None:
    change = Change(state(audience), state(audience), secrets=there, new_credentials=frozenset({"client-secret"}))
    assert [code for _, code in found(change)] == expected
    assert has_room_for_a_secret(change.after, there) == (not expected)
    # As a credential that the app has already it is no new one.
    assert found(Change(state(audience), state(audience), secrets=there)) == []


def test_an_app_that_cannot_rotate_is_told() -> None:
    def told(there: int, *new: str) -> list[str]:
        change = Change(None, state(PERSONAL), secrets=there, new_credentials=frozenset(new))
        return [remark.code for remark in remarks(asking(), change)]

    assert told(0, "client-secret") == []
    assert told(1, "client-secret") == ["no_room_to_rotate"]
    assert told(2) == ["no_room_to_rotate"]
