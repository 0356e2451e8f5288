"""What Graph refuses, from the request to its answer: who can mend it, how soon they hear of it, and what lag is."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.adapters.graph.refusals.judging import judge
from shared.adapters.graph.refusals.refusal import Detail, Doing, Refusal
from shared.model.operation import Operation, State
from tests.fakes.directory_state import refused
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example

BAD, DENIED = "Request_BadRequest", "Authorization_RequestDenied"
NAME = "adt-client-dev"
UPSERT, PRINCIPAL, CONSENT, PASSWORD = (
    "graph upsert_application",
    "graph upsert_service_principal",
    "graph write_consents",
    "graph add_password",
)
DOING = {
    UPSERT: Doing.WRITE_APPLICATION,
    PRINCIPAL: Doing.CREATE_PRINCIPAL,
    CONSENT: Doing.GIVE_CONSENT,
    PASSWORD: Doing.ISSUE_CREDENTIAL,
}


def changed(request_id: str = "RITM2", **application: Any) -> dict[str, Any]:
    request = example(requestId=request_id)
    request["application"] |= {"displayName": "Something else"} | application
    return request


class Refusing:
    """Has every call of one name refused, as Graph refuses it, until it is lifted."""

    def __init__(self, world: World, call: str, status: int, code: str, *details: Detail) -> None:
        self._call, self._faults = call, world.faults
        self._error: Callable[[], Exception] = lambda: refused(DOING[call], status, code, *details)
        self._original = self._faults.call
        self._faults.call = self._refuse  # type: ignore[method-assign]

    async def _refuse[R](self, name: str, effect: Callable[[], R]) -> R:
        if name == self._call:
            self._faults.next(name, "before", self._error())
        return await self._original(name, effect)

    def lift(self) -> None:
        self._faults.call = self._original  # type: ignore[method-assign]


def only(world: World, request_id: str) -> Operation:
    (operation,) = [each for each in world.operations.all() if each.request.request_id == request_id]
    return operation


async def an_old_app() -> World:
    """An app that was registered an hour ago: nothing about it is new."""
    world = World()
    await world.run(example())
    await world.go_on(timedelta(hours=1))
    return world


async def answered_at_once(world: World, request: dict[str, Any]) -> dict[str, Any]:
    """Send a request that has to be answered by its first attempt."""
    before = world.clock.now()
    await world.send(request)
    assert world.clock.now() - before < timedelta(minutes=1)
    assert only(world, request["requestId"]).state.settled
    return world.queues.answers[-1]["data"]


@pytest.mark.parametrize(
    ("detail", "field"),
    [
        (Detail("InvalidValue", "displayName"), "application.displayName"),
        (Detail("InvalidValue", "redirectUris"), "application"),
        (Detail("InvalidValue", "publicClient.redirectUris"), "application.publicClient.redirectUris"),
        (Detail("DuplicateValue", ""), "application"),
        (Detail("InvalidValue", "requiredResourceAccess"), "application.apiPermissions"),
    ],
)
@pytest.mark.parametrize("is_new", [True, False])
async def test_what_the_requester_must_mend_is_rejected_at_once_and_names_the_field(
    detail: Detail, field: str, is_new: bool
) -> None:
    world = World() if is_new else await an_old_app()
    world.faults.next(UPSERT, "before", refused(Doing.WRITE_APPLICATION, 400, BAD, detail))
    data = await answered_at_once(world, example() if is_new else changed())
    assert data["status"] == "rejected"
    assert [(each["field"], each["code"]) for each in data["errors"]] == [(field, "refused_by_entra")]
    assert world.queues.poison == []
    assert (NAME in world.directory.applications) is not is_new


async def test_an_app_that_is_too_large_is_rejected_and_nobody_waits_for_a_right() -> None:
    world = await an_old_app()
    world.faults.next(UPSERT, "before", refused(Doing.WRITE_APPLICATION, 403, "Directory_ResourceSizeExceeded"))
    data = await answered_at_once(world, changed())
    assert [each["code"] for each in data["errors"]] == ["application_too_large"]


async def test_a_young_app_does_not_make_lag_of_a_value_that_entra_does_not_take() -> None:
    world = World()
    await world.run(example())
    assert world.clock.now() - only(world, "RITM0010042").accepted_at < timedelta(minutes=5)
    refusal = refused(Doing.WRITE_APPLICATION, 400, BAD, Detail("InvalidValue", "displayName"))
    world.faults.next(UPSERT, "before", refusal)
    data = await answered_at_once(world, changed())
    assert [each["field"] for each in data["errors"]] == ["application.displayName"]


@pytest.mark.parametrize("call", [UPSERT, PRINCIPAL])
async def test_a_full_quota_waits_for_an_operator_with_its_own_reason(call: str) -> None:
    world = World()
    full = Refusing(world, call, 403, "Directory_QuotaExceeded")
    await world.send(example())
    await world.go_on(timedelta(hours=2))
    operation = only(world, "RITM0010042")
    assert (operation.state, operation.reason) == (State.WAITING, "directory_quota_exceeded")
    full.lift()
    await world.settle()
    assert world.queues.answers[-1]["data"]["status"] == "completed"
    assert breaches(world) == []


async def test_a_full_quota_that_nobody_widens_fails_at_the_deadline_and_says_so() -> None:
    world = World()
    Refusing(world, PRINCIPAL, 403, "Directory_QuotaExceeded")
    answer = await world.run(example())
    assert [each["code"] for each in answer["data"]["errors"]] == ["directory_quota_exceeded"]
    assert [kept["reason"] for kept in world.queues.poison] == ["directory_quota_exceeded"]


async def test_another_403_has_its_code_in_the_reason() -> None:
    world = World()
    denied = Refusing(world, UPSERT, 403, "AccessDenied")
    await world.send(example())
    assert only(world, "RITM0010042").reason == "denied_AccessDenied"
    denied.lift()
    await world.settle()
    assert world.queues.answers[-1]["data"]["status"] == "completed"


@pytest.mark.parametrize(
    ("call", "status", "code", "details", "afterwards"),
    [
        (PRINCIPAL, 403, DENIED, (), "registrar_lacks_permission"),
        (PRINCIPAL, 400, BAD, (Detail("NoBackingApplicationObject", "appId"),), "object_gone"),
        (PRINCIPAL, 404, "Request_ResourceNotFound", (), "object_gone"),
        (PASSWORD, 404, "Request_ResourceNotFound", (), "object_gone"),
        (PASSWORD, 403, DENIED, (), "registrar_lacks_permission"),
        (CONSENT, 404, "Request_ResourceNotFound", (), "object_gone"),
    ],
)
async def test_lag_is_believed_of_what_this_operation_made_and_only_within_the_window(
    call: str, status: int, code: str, details: tuple[Detail, ...], afterwards: str
) -> None:
    world = World()
    refusing = Refusing(world, call, status, code, *details)
    await world.send(example())
    assert only(world, "RITM0010042").reason == "not_replicated"
    await world.go_on(timedelta(minutes=7))
    assert only(world, "RITM0010042").reason == afterwards
    refusing.lift()
    await world.settle()
    assert world.queues.answers[-1]["data"]["status"] == "completed"
    assert breaches(world) == []


@pytest.mark.parametrize(("status", "code", "reason"), [(403, DENIED, "registrar_lacks_permission")])
async def test_a_missing_right_on_an_old_app_is_named_at_once(status: int, code: str, reason: str) -> None:
    world = await an_old_app()
    Refusing(world, UPSERT, status, code)
    await world.send(changed())
    assert only(world, "RITM2").reason == reason


async def test_an_unknown_400_about_nothing_new_fails_at_once_and_says_what_graph_said() -> None:
    world = await an_old_app()
    refusal = judge(Refusal(400, BAD, "The moon is in the wrong house."), Doing.WRITE_APPLICATION)
    world.faults.next(UPSERT, "before", refusal)
    data = await answered_at_once(world, changed())
    assert (data["status"], [each["code"] for each in data["errors"]]) == ("failed", [BAD])
    assert "400 Request_BadRequest: The moon is in the wrong house." in data["errors"][0]["message"]
    assert "Operators look into it" in data["errors"][0]["message"]


async def test_an_unknown_400_that_lasts_is_final_once_nothing_is_new_any_more() -> None:
    world = World()
    Refusing(world, CONSENT, 400, BAD)
    sent = world.clock.now()
    await world.send(example())
    assert only(world, "RITM0010042").reason == "not_replicated"
    await world.settle()
    assert world.queues.answers[-1]["data"]["status"] == "failed"
    assert world.clock.now() - sent < timedelta(minutes=15)


async def test_what_was_deleted_meanwhile_is_no_lag_and_the_next_attempt_says_so() -> None:
    world = await an_old_app()
    original = world.faults.call

    async def call[R](name: str, effect: Callable[[], R]) -> R:
        if name == PASSWORD:
            world.faults.call = original  # type: ignore[method-assign]
            world.directory.delete(NAME)
        return await original(name, effect)

    world.faults.call = call  # type: ignore[method-assign]
    request = example(requestId="RITM2")
    request["credentials"].append({"name": "second", "type": "secret", "lifetimeDays": 30})
    await world.send(request)
    assert only(world, "RITM2").reason == "object_gone"
    await world.settle()
    errors = world.queues.answers[-1]["data"]["errors"]
    assert [each["code"] for each in errors] == ["name_held_by_deleted_application"]


async def test_a_name_that_something_unseen_holds_is_rejected_at_once() -> None:
    world = World()
    world.faults.next(
        UPSERT, "before", refused(Doing.WRITE_APPLICATION, 400, BAD, Detail("ObjectConflict", "uniqueName"))
    )
    data = await answered_at_once(world, example())
    assert [(each["field"], each["code"]) for each in data["errors"]] == [("application.uniqueName", "name_taken")]
