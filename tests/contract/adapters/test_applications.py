"""Applications and their service principals, behind the port `Directory`."""

import asyncio

import pytest

from shared.core.errors import DisabledError, NotReplicatedError, NotYetVisibleError
from shared.core.secret import Secret
from shared.model.directory import ApplicationState, RequiredPermission, SeenPrincipal
from tests.contract.adapters.registering import MICROSOFT_GRAPH, TWINS, make_application, make_principal, plain_state
from tests.contract.adapters.sides import Side

USER_READ = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
NOBODY = "99999999-9999-4999-8999-999999999999"


async def test_an_unknown_application_is_none(side: Side, name: str) -> None:
    assert await side.directory.application(name) is None


async def test_the_first_upsert_answers_the_ids_and_the_next_none(side: Side, name: str) -> None:
    made = await side.directory.upsert_application(name, plain_state())
    assert made is not None
    assert await side.directory.upsert_application(name, plain_state("renamed")) is None
    seen = await side.directory.application(name)
    assert seen is not None
    assert (seen.object_id, seen.client_id, seen.passwords) == (made.object_id, made.client_id, ())
    assert seen.state.display_name == "renamed"


async def test_calls_at_the_same_time_do_not_take_each_others_keys(side: Side, name: str) -> None:
    names = [f"{name}-{number}" for number in range(3)]
    # The first calls of a client wait for its token together.
    made = await asyncio.gather(*(side.directory.upsert_application(each, plain_state(each)) for each in names))
    seen = [await side.directory.application(each) for each in names]
    assert [one and one.object_id for one in seen] == [one and one.object_id for one in made]
    assert [one and one.state.display_name for one in seen] == names


async def test_a_state_is_read_as_it_was_written(side: Side, name: str) -> None:
    written = ApplicationState(
        display_name="Whole",
        sign_in_audience="AzureADMyOrg",
        public_client_redirect_uris=frozenset({"http://localhost", "msal://auth"}),
        is_fallback_public_client=True,
        web_redirect_uris=frozenset({"https://a.example/cb", "https://b.example/cb"}),
        enable_id_token_issuance=True,
        enable_access_token_issuance=True,
        spa_redirect_uris=frozenset({"https://spa.example/"}),
        required_permissions=frozenset(
            {
                RequiredPermission(resource_app_id=MICROSOFT_GRAPH, id=USER_READ, type="Scope"),
                RequiredPermission(resource_app_id=TWINS, id=NOBODY, type="Role"),
            }
        ),
        tags=frozenset({"registrar", "other"}),
    )
    await side.directory.upsert_application(name, written)
    seen = await side.directory.application(name)
    assert seen is not None
    assert seen.state == written


async def test_an_application_for_personal_accounts_has_the_version_of_tokens_that_it_needs(
    side: Side, name: str
) -> None:
    personal = {"sign_in_audience": "AzureADandPersonalMicrosoftAccount", "requested_access_token_version": 2}
    state = plain_state().model_copy(update=personal)
    await side.directory.upsert_application(name, state)
    seen = await side.directory.application(name)
    assert seen is not None
    assert seen.state == state
    # Closed again, it keeps the version: nothing is wanted of it any more, and nothing is sent.
    await side.directory.upsert_application(name, plain_state())
    seen = await side.directory.application(name)
    assert seen is not None
    assert seen.state == plain_state().model_copy(update={"requested_access_token_version": 2})


async def test_an_upsert_takes_away_what_it_no_longer_has(side: Side, name: str) -> None:
    rich = plain_state().model_copy(
        update={"web_redirect_uris": frozenset({"https://a.example/"}), "enable_id_token_issuance": True}
    )
    await side.directory.upsert_application(name, rich)
    await side.directory.upsert_application(name, plain_state())
    seen = await side.directory.application(name)
    assert seen is not None
    assert seen.state == plain_state()


async def test_a_read_shows_a_new_application_after_the_lag(side: Side, name: str) -> None:
    side.let_reads_lag(30)
    await make_application(side, name)
    assert await side.directory.application(name) is None
    side.advance(31)
    assert await side.directory.application(name) is not None


async def test_a_read_shows_an_older_state_until_the_lag_is_over(side: Side, name: str) -> None:
    await make_application(side, name)
    side.let_reads_lag(30)
    side.advance(31)
    await side.directory.upsert_application(name, plain_state("newer"))
    seen = await side.directory.application(name)
    assert seen is not None
    assert seen.state.display_name == "Exam"
    side.advance(31)
    seen = await side.directory.application(name)
    assert seen is not None
    assert seen.state.display_name == "newer"


async def test_an_upsert_never_makes_a_second_application_while_the_first_is_not_visible(side: Side, name: str) -> None:
    side.let_reads_lag(30)
    await make_application(side, name)
    assert await side.directory.upsert_application(name, plain_state()) is None


async def test_a_deleted_application_holds_its_name(side: Side, name: str) -> None:
    assert await side.directory.is_name_held_by_deleted(name) is False
    await make_application(side, name)
    assert await side.directory.is_name_held_by_deleted(name) is False
    side.delete_application(name)
    assert await side.directory.application(name) is None
    assert await side.directory.is_name_held_by_deleted(name) is True
    with pytest.raises(NotReplicatedError) as refused:
        await side.directory.upsert_application(name, plain_state())
    assert refused.value.took_effect is False


async def test_a_service_principal_is_made_once(side: Side, name: str) -> None:
    made = await make_application(side, name)
    assert await side.directory.service_principal(made.client_id) is None
    first = await side.directory.upsert_service_principal(made.client_id, "Exam")
    assert first is not None
    assert await side.directory.upsert_service_principal(made.client_id, "Exam") is None
    assert await side.directory.service_principal(made.client_id) == SeenPrincipal(first)


async def test_a_service_principal_that_somebody_disabled_shows_it_and_gets_no_token(side: Side, name: str) -> None:
    made = await make_principal(side, name)
    side.disable_principal(made.client_id)
    assert await side.directory.service_principal(made.client_id) == SeenPrincipal(made.id, enabled=False)
    with pytest.raises(DisabledError):
        await side.sign_in.verify(made.client_id, Secret("any"), "https://graph.microsoft.com", "secret")


async def test_no_service_principal_before_the_application_is_replicated(side: Side, name: str) -> None:
    side.let_reads_lag(30)
    made = await make_application(side, name)
    with pytest.raises(NotReplicatedError) as refused:
        await side.directory.upsert_service_principal(made.client_id, "Exam")
    assert refused.value.took_effect is False
    side.advance(31)
    assert await side.directory.upsert_service_principal(made.client_id, "Exam") is not None


async def test_a_new_service_principal_shows_after_the_lag(side: Side, name: str) -> None:
    made = await make_application(side, name)
    side.let_reads_lag(30)
    side.advance(31)
    principal_id = await side.directory.upsert_service_principal(made.client_id, "Exam")
    assert principal_id is not None
    assert await side.directory.service_principal(made.client_id) is None
    side.advance(31)
    assert await side.directory.service_principal(made.client_id) == SeenPrincipal(principal_id)


async def test_an_api_is_found_by_its_name_and_by_its_id(side: Side) -> None:
    found = await side.directory.find_apis("Azure Digital Twins")
    assert [api.app_id for api in found] == [TWINS]
    assert await side.directory.api(TWINS) == found[0]
    assert found[0].owner_organization_id == "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
    (permission,) = [each for each in found[0].permissions if each.name == "Read.Write"]
    assert (permission.id, permission.type, permission.enabled) == (
        "4589bd03-58cb-4e6c-b17f-b580e39652f8",
        "Scope",
        True,
    )


async def test_scopes_and_roles_of_one_name_are_two_permissions(side: Side) -> None:
    graph = await side.directory.api(MICROSOFT_GRAPH)
    assert graph is not None
    ids = {each.type: each.id for each in graph.permissions if each.name in ("User.Read", "User.Read.All")}
    assert ids["Role"] == "df021288-bdef-4463-88db-98f22de89214"
    assert {each.type for each in graph.permissions} == {"Scope", "Role"}


async def test_an_unknown_api_is_not_found(side: Side) -> None:
    assert await side.directory.find_apis("O'Neil's API") == []
    assert await side.directory.api(NOBODY) is None


async def test_a_secret_for_an_application_that_is_not_replicated_comes_later(side: Side, name: str) -> None:
    side.let_reads_lag(30)
    made = await make_application(side, name)
    with pytest.raises(NotYetVisibleError) as refused:
        await side.directory.add_password(made.object_id, "reg:1", side.now())
    assert refused.value.took_effect is False


async def test_a_principal_survives_a_second_registration_of_its_name(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    await side.directory.upsert_application(name, plain_state("again"))
    assert await side.directory.service_principal(principal.client_id) == SeenPrincipal(principal.id)
