"""What the token endpoint's refusals mean: read from `error_codes`, from the endpoint and never from a cache."""

from datetime import timedelta

import pytest

from devstack.doubles.faults import Fault, FaultKind
from shared.core.errors import DeferredError, NotYetVisibleError, SignInUnclearError, ThrottledError, UnavailableError
from shared.core.secret import Secret
from tests.contract.adapters.registering import TWINS, TWINS_URI, add_password, make_principal
from tests.contract.adapters.sides import DoubledSide
from tests.devstack.doubles.local import Local


@pytest.fixture
async def client(doubled: DoubledSide, registrar: Local, name: str) -> tuple[str, Secret]:
    """A client id with a secret that works."""
    principal = await make_principal(doubled, name)
    issued = await add_password(doubled, principal.object_id)
    registrar.world.calls.clear()
    return principal.client_id, issued.value


async def test_every_proof_asks_the_endpoint(
    doubled: DoubledSide, registrar: Local, client: tuple[str, Secret]
) -> None:
    for _ in range(2):
        await doubled.sign_in.verify(*client, TWINS_URI, "secret")
    assert sum(count for (service, _), count in registrar.world.calls.items() if service == "entra") == 2


async def test_a_refusal_after_the_secret_was_accepted_is_a_proof(
    doubled: DoubledSide, registrar: Local, client: tuple[str, Secret]
) -> None:
    """AADSTS501051: the resource wants an assignment. Conditional Access refuses at the same place."""
    (twins,) = registrar.world.primary().find("servicePrincipals", "appId", TWINS)
    registrar.world.documents.put("servicePrincipals", twins["id"], twins | {"appRoleAssignmentRequired": True})
    try:
        await doubled.sign_in.verify(*client, TWINS_URI, "secret")
    finally:
        registrar.world.documents.put("servicePrincipals", twins["id"], twins)
    assert sum(count for (service, _), count in registrar.world.calls.items() if service == "entra") == 1


async def test_a_throttled_sign_in_proves_nothing_and_names_the_pause(
    doubled: DoubledSide, registrar: Local, client: tuple[str, Secret]
) -> None:
    registrar.world.faults.add(Fault(service="entra", kind=FaultKind.THROTTLE, retry_after=7, times=9))
    with pytest.raises(ThrottledError) as failed:
        await doubled.sign_in.verify(*client, TWINS_URI, "secret")
    assert failed.value.after == timedelta(seconds=7)


@pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.LOST_ANSWER, FaultKind.REFUSE])
async def test_without_an_answer_nothing_is_proven(
    doubled: DoubledSide, registrar: Local, client: tuple[str, Secret], kind: FaultKind
) -> None:
    registrar.world.faults.add(Fault(service="entra", kind=kind, status=503, times=9))
    with pytest.raises(UnavailableError):
        await doubled.sign_in.verify(*client, TWINS_URI, "secret")


async def test_the_secret_is_in_no_message(doubled: DoubledSide, registrar: Local, client: tuple[str, Secret]) -> None:
    registrar.world.faults.add(Fault(service="entra", kind=FaultKind.ERROR, status=503, times=9))
    with pytest.raises(UnavailableError) as failed:
        await doubled.sign_in.verify(*client, TWINS_URI, "secret")
    chain = [failed.value, failed.value.__cause__, failed.value.__context__]
    assert client[1].reveal() not in "".join(repr(each) + str(each) for each in chain)


@pytest.mark.parametrize("audience", [TWINS, TWINS_URI])
async def test_an_appid_is_an_audience_like_any_name(
    doubled: DoubledSide, client: tuple[str, Secret], audience: str
) -> None:
    await doubled.sign_in.verify(*client, audience, "secret")


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        ((500014,), SignInUnclearError),
        ((50027,), SignInUnclearError),
        ((53003, 500014), SignInUnclearError),
        ((50196,), UnavailableError),
        ((90033,), UnavailableError),
        ((90055,), ThrottledError),
    ],
)
async def test_a_refusal_that_says_nothing_about_the_secret_is_no_proof(
    doubled: DoubledSide,
    registrar: Local,
    client: tuple[str, Secret],
    codes: tuple[int, ...],
    error: type[DeferredError],
) -> None:
    registrar.world.faults.add(Fault(service="entra", kind=FaultKind.REFUSED_SIGN_IN, codes=codes))
    with pytest.raises(error) as failed:
        await doubled.sign_in.verify(*client, TWINS_URI, "secret")
    assert f"AADSTS{codes[0]}" in str(failed.value)
    await doubled.sign_in.verify(*client, TWINS_URI, "secret")


async def test_conditional_access_is_a_proof_for_the_right_secret_only(
    doubled: DoubledSide, registrar: Local, client: tuple[str, Secret]
) -> None:
    client_id, right = client
    registrar.world.faults.add(Fault(service="entra", kind=FaultKind.REFUSED_SIGN_IN, codes=(53003,), times=2))
    with pytest.raises(NotYetVisibleError, match="AADSTS7000215"):
        await doubled.sign_in.verify(client_id, Secret("wrong"), TWINS_URI, "secret")
    await doubled.sign_in.verify(client_id, right, TWINS_URI, "secret")
    assert registrar.world.faults.pending == []
