"""Entra's refusals of a write, as the adapter hears them from the double: a field for the requester, or who acts."""

import pytest

from shared.core.errors import ForbiddenError, NotReplicatedError, ObjectGoneError, QuotaExceededError, RejectedError
from shared.model.directory import ApplicationState
from tests.contract.adapters.registering import add_password, plain_state
from tests.contract.adapters.sides import DoubledSide
from tests.devstack.doubles.local import Local

URI, OTHER = "https://app.example/cb", "https://other.example/cb"
NOWHERE = "99999999-9999-4999-8999-999999999999"


def state(name: str = "Exam", audience: str = "AzureADMyOrg", **uris: set[str]) -> ApplicationState:
    changes = {f"{platform}_redirect_uris": frozenset(of) for platform, of in uris.items()}
    return plain_state(name).model_copy(update={"sign_in_audience": audience, **changes})


CASES = {
    "one URI on two platforms": (state(web={URI, OTHER}, spa={URI}), "application.spa.redirectUris"),
    "a URN on a public client": (
        state(public_client={"urn:ietf:wg:oauth:2.0:oob"}),
        "application.publicClient.redirectUris",
    ),
    "too many URIs": (state(web={f"{URI}/{n}" for n in range(257)}), "application.web.redirectUris"),
    "a name that is too long": (state("x" * 121), "application.displayName"),
    "a reserved word": (state("Microsoft Exam", "AzureADMultipleOrgs"), "application.displayName"),
    "tokens that personal accounts do not get": (
        state(audience="AzureADandPersonalMicrosoftAccount"),
        "application.signInAudience",
    ),
}


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize(("refused", "field"), CASES.values(), ids=CASES)
async def test_what_entra_does_not_take_is_rejected_with_its_field(
    doubled: DoubledSide, name: str, refused: ApplicationState, field: str, is_new: bool
) -> None:
    if not is_new:
        await doubled.directory.upsert_application(name, plain_state())
    with pytest.raises(RejectedError) as caught:
        await doubled.directory.upsert_application(name, refused)
    assert [(each.field, each.code) for each in caught.value.problems] == [(field, "refused_by_entra")]
    seen = await doubled.directory.application(name)
    assert (seen.state if seen is not None else None) == (None if is_new else plain_state())


async def test_an_app_that_is_too_large_is_rejected(doubled: DoubledSide, name: str) -> None:
    tags = frozenset(f"tag-{number}" for number in range(1_300))
    with pytest.raises(RejectedError) as caught:
        await doubled.directory.upsert_application(name, plain_state().model_copy(update={"tags": tags}))
    assert [each.code for each in caught.value.problems] == ["application_too_large"]


async def test_a_full_quota_is_told_from_a_missing_right(doubled: DoubledSide, registrar: Local, name: str) -> None:
    made = await doubled.directory.upsert_application(f"{name}-1", plain_state())
    assert made is not None
    before = sum(1 for _ in registrar.world.primary().all("applications"))
    registrar.world.weather.created_objects_quota = 1
    with pytest.raises(QuotaExceededError) as caught:
        await doubled.directory.upsert_application(f"{name}-2", plain_state())
    assert caught.value.took_effect is False
    with pytest.raises(QuotaExceededError):
        await doubled.directory.upsert_service_principal(made.client_id, "Exam")
    assert sum(1 for _ in registrar.world.primary().all("applications")) == before
    assert await doubled.directory.upsert_application(f"{name}-1", plain_state("changed")) is None


async def test_a_third_secret_of_an_app_for_personal_accounts_is_rejected(doubled: DoubledSide, name: str) -> None:
    personal = state(audience="PersonalMicrosoftAccount").model_copy(update={"requested_access_token_version": 2})
    made = await doubled.directory.upsert_application(name, personal)
    assert made is not None
    for _ in range(2):
        await add_password(doubled, made.object_id)
    with pytest.raises(RejectedError) as caught:
        await add_password(doubled, made.object_id)
    assert [(each.field, each.code) for each in caught.value.problems] == [("credentials", "refused_by_entra")]


async def test_what_is_not_there_is_lag_only_if_it_is_new(doubled: DoubledSide) -> None:
    with pytest.raises(NotReplicatedError) as caught:
        await add_password(doubled, NOWHERE)
    assert isinstance(caught.value.otherwise, ObjectGoneError)


async def test_a_principal_of_no_application_is_a_missing_right_unless_that_is_new(doubled: DoubledSide) -> None:
    """So Graph answers an identity that is confined to what it owns."""
    with pytest.raises(NotReplicatedError) as caught:
        await doubled.directory.upsert_service_principal(NOWHERE, "Exam")
    assert type(caught.value.otherwise) is ForbiddenError
