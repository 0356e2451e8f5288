"""What goes wrong with Graph becomes one error of ours, and no call is ever repeated behind our back.

The double counts the calls. Graph's SDK would repeat 429, 503 and 504 three times, addPassword included.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.seed.additions import Additions, add
from shared.core.errors import (
    ContendedError,
    DeferredError,
    ForbiddenError,
    NotReplicatedError,
    ThrottledError,
    UnavailableError,
)
from shared.model.directory import Consent, PermissionType, SeenConsents
from tests.contract.adapters.registering import TWINS, Principal, add_password, key_ids, make_principal, plain_state
from tests.contract.adapters.sides import DoubledSide, doubled_side
from tests.devstack.doubles.local import Local

ADD_PASSWORD = "/applications/{id}/addPassword"
SCOPES = frozenset[PermissionType]({"Scope"})

type Action = Callable[[DoubledSide, str, Principal], Awaitable[object]]

ACTIONS: dict[str, Action] = {
    "find_apis": lambda side, _, __: side.directory.find_apis("Azure Digital Twins"),
    "api": lambda side, _, __: side.directory.api(TWINS),
    "application": lambda side, name, _: side.directory.application(name),
    "changed_applications": lambda side, _, __: side.directory.changed_applications(None),
    "is_name_held_by_deleted": lambda side, name, _: side.directory.is_name_held_by_deleted(name),
    "upsert_application": lambda side, name, _: side.directory.upsert_application(name, plain_state()),
    "service_principal": lambda side, _, one: side.directory.service_principal(one.client_id),
    "upsert_service_principal": lambda side, _, one: side.directory.upsert_service_principal(one.client_id, "Exam"),
    "consents": lambda side, _, one: side.directory.consents(one.id, SCOPES),
    "add_password": lambda side, _, one: add_password(side, one.object_id),
    "remove_password": lambda side, _, one: side.directory.remove_password(one.object_id, one.object_id),
}
each_action = pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)


@pytest.fixture
async def principal(doubled: DoubledSide, name: str, registrar: Local) -> Principal:
    """An application with its service principal; calls are counted from here on."""
    made = await make_principal(doubled, name)
    registrar.world.calls.clear()
    return made


def calls(local: Local, service: str = "graph") -> int:
    return sum(count for (of, _), count in local.world.calls.items() if of == service)


async def failure(action: Action, side: DoubledSide, name: str, principal: Principal) -> DeferredError:
    with pytest.raises(DeferredError) as failed:
        await action(side, name, principal)
    return failed.value


@each_action
async def test_a_throttled_call_is_made_once_and_names_the_pause(
    doubled: DoubledSide, registrar: Local, name: str, principal: Principal, action: Action
) -> None:
    registrar.world.faults.add(Fault(service="graph", kind=FaultKind.THROTTLE, retry_after=7, times=9))
    error = await failure(action, doubled, name, principal)
    assert (type(error), error.after, error.took_effect) == (ThrottledError, timedelta(seconds=7), False)
    assert calls(registrar) == 1


@each_action
async def test_a_call_that_is_answered_503_is_made_once_and_may_have_taken_effect(
    doubled: DoubledSide, registrar: Local, name: str, principal: Principal, action: Action
) -> None:
    registrar.world.faults.add(Fault(service="graph", kind=FaultKind.ERROR, status=503, times=9))
    error = await failure(action, doubled, name, principal)
    assert (type(error), error.took_effect) == (UnavailableError, None)
    assert calls(registrar) == 1


@each_action
async def test_a_call_whose_answer_is_lost_is_made_once_and_may_have_taken_effect(
    doubled: DoubledSide, registrar: Local, name: str, principal: Principal, action: Action
) -> None:
    registrar.world.faults.add(Fault(service="graph", kind=FaultKind.LOST_ANSWER, times=9))
    error = await failure(action, doubled, name, principal)
    assert (type(error), error.took_effect) == (UnavailableError, None)
    assert calls(registrar) == 1


@each_action
async def test_a_call_that_cannot_be_sent_surely_had_no_effect(
    registrar: Local, name: str, principal: Principal, action: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nobody listens there
    async with doubled_side(registrar) as cut_off:
        error = await failure(action, cut_off, name, principal)
    assert (type(error), error.took_effect) == (UnavailableError, False)
    assert calls(registrar) == 0


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_addpassword_is_called_once_whatever_the_server_error(
    doubled: DoubledSide, registrar: Local, name: str, principal: Principal, status: int
) -> None:
    registrar.world.faults.add(Fault(service="graph", kind=FaultKind.ERROR, status=status, times=9))
    error = await failure(ACTIONS["add_password"], doubled, name, principal)
    assert (type(error), error.took_effect) == (UnavailableError, None)
    assert registrar.world.calls["graph", f"POST {ADD_PASSWORD}"] == 1


async def test_a_secret_whose_answer_is_lost_lives_once(
    doubled: DoubledSide, registrar: Local, name: str, principal: Principal
) -> None:
    registrar.world.faults.add(Fault(service="graph", kind=FaultKind.LOST_ANSWER, path=ADD_PASSWORD))
    error = await failure(ACTIONS["add_password"], doubled, name, principal)
    assert error.took_effect is None
    assert len(await key_ids(doubled, name)) == 1


async def test_a_secret_whose_call_never_arrived_does_not_live(
    doubled: DoubledSide, registrar: Local, name: str, principal: Principal
) -> None:
    registrar.world.faults.add(Fault(service="graph", kind=FaultKind.REFUSE, path=ADD_PASSWORD))
    error = await failure(ACTIONS["add_password"], doubled, name, principal)
    assert error.took_effect is None
    assert await key_ids(doubled, name) == []


@pytest.mark.parametrize("write", ["upsert_application", "upsert_service_principal", "add_password", "remove_password"])
@pytest.mark.parametrize("seed", [0, 1, 4])
async def test_a_write_that_met_another_had_no_effect_whatever_its_status(
    doubled: DoubledSide, registrar: Local, name: str, principal: Principal, write: str, seed: int
) -> None:
    """409, 503 or 400: the dice say which."""
    registrar.world.dice.seed(seed)
    registrar.world.faults.add(Fault(service="graph", kind=FaultKind.CONCURRENCY_VIOLATION, times=9))
    error = await failure(ACTIONS[write], doubled, name, principal)
    assert (type(error), error.took_effect) == (ContendedError, False)
    assert calls(registrar) == 1


async def test_without_a_token_graph_is_not_called(
    registrar: Local, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "99999999-9999-4999-8999-999999999999")
    async with doubled_side(registrar) as stranger:
        with pytest.raises(UnavailableError) as failed:
            await stranger.directory.application(name)
    assert failed.value.took_effect is False
    assert calls(registrar) == 0


async def test_an_identity_without_the_permission_is_forbidden(
    registrar: Local, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger_id = "77777777-7777-4777-8777-777777777777"
    principal = {"appId": stranger_id, "displayName": "stranger", "servicePrincipalType": "ManagedIdentity"}
    add(registrar.world, Additions.model_validate({"servicePrincipals": [principal]}))
    monkeypatch.setenv("AZURE_CLIENT_ID", stranger_id)
    async with doubled_side(registrar) as stranger:
        with pytest.raises(
            NotReplicatedError
        ) as failed:  # of an app that was made moments ago: it is not known as ours yet
            await stranger.directory.upsert_application(name, plain_state())
    assert type(failed.value.otherwise) is ForbiddenError
    assert failed.value.took_effect is False


async def test_a_write_of_consents_stops_at_the_first_failure(
    doubled: DoubledSide, registrar: Local, principal: Principal
) -> None:
    twins = await doubled.directory.api(TWINS)
    assert twins is not None
    consent = Consent(resource_id=twins.service_principal_id, type="Scope", name="Read.Write")
    registrar.world.calls.clear()
    registrar.world.faults.add(Fault(service="graph", kind=FaultKind.LOST_ANSWER, method="POST"))
    with pytest.raises(UnavailableError) as failed:
        await doubled.directory.write_consents(principal.id, SeenConsents(), frozenset({consent}), frozenset())
    assert failed.value.took_effect is None
    assert calls(registrar) == 1
    assert (await doubled.directory.consents(principal.id, SCOPES)).consents == {consent}
