"""A request that says nothing of admin consent gives none, and takes back only what it no longer lists."""

import json
from datetime import timedelta
from typing import Any

import pytest

from doctor.audit.rows import request as audited
from doctor.collect import rows
from shared.contract.request import RegistrationRequest, parse_request
from shared.core.errors import UnavailableError
from shared.model.operation import Operation, State
from shared.policy.approval import binding
from tests.component import approving
from tests.component.approving import asking as ask_for_approval
from tests.component.registration.test_narrowing import (
    APP,
    GRAPH,
    READ_WRITE,
    TWINS,
    USER_READ,
    USERS,
    asking,
    consents,
    policy,
    registered,
    status,
)
from tests.fakes.faults import Faults
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example

_HOUR = timedelta(hours=1)


def silent(request_id: str, *permissions: dict[str, Any], **application: Any) -> dict[str, Any]:
    """A request that says nothing of consent."""
    request = asking(request_id, *permissions, **application)
    del request["application"]["adminConsent"]
    return request


def answered(world: World, request_id: str) -> dict[str, tuple[bool, bool]]:
    """By permission's name: whether the answer says it is consented to, and by others."""
    (data,) = (each["data"] for each in world.queues.answers if each["data"]["requestId"] == request_id)
    return {
        each["name"]: (each["consented"], each.get("consentedByOthers", False))
        for api in data["apiPermissions"]
        for each in api["permissions"]
    }


async def test_a_new_app_gets_no_consent() -> None:
    world = World(policy())
    await world.run(silent("R1", TWINS, GRAPH))
    assert status(world, "R1") == "completed"
    assert consents(world) == set()
    assert set(answered(world, "R1").values()) == {(False, False)}
    assert breaches(world) == []


@pytest.mark.parametrize("lag", [timedelta(0), timedelta(seconds=40)])
async def test_an_app_keeps_the_consents_of_what_is_still_listed(lag: timedelta) -> None:
    world = await registered()
    world.directory.lag = lag
    await world.run(silent("R2", TWINS, GRAPH, displayName="Another name"))
    assert status(world, "R2") == "completed"
    assert world.directory.applications[APP].state.display_name == "Another name"
    assert consents(world) == {READ_WRITE, USER_READ, USERS}
    assert set(answered(world, "R2").values()) == {(True, False)}
    assert breaches(world) == []


async def test_the_consents_of_what_is_no_longer_listed_go() -> None:
    world = await registered()
    await world.run(silent("R2", TWINS))
    assert consents(world) == {READ_WRITE}
    assert answered(world, "R2") == {"Read.Write": (True, False)}
    assert breaches(world) == []


async def test_what_is_listed_for_the_first_time_is_not_consented_to() -> None:
    world = await registered(None, TWINS)
    await world.run(silent("R2", TWINS, GRAPH))
    assert consents(world) == {READ_WRITE}
    assert answered(world, "R2") == {
        "Read.Write": (True, False),
        "User.Read": (False, False),
        "User.Read.All": (False, False),
    }
    assert breaches(world) == []


async def test_only_an_explicit_no_takes_all_back() -> None:
    world = await registered()
    await world.run(asking("R2", TWINS, GRAPH, adminConsent=False))
    assert consents(world) == set()
    await world.run(silent("R3", TWINS, GRAPH))
    assert consents(world) == set()
    assert breaches(world) == []


async def test_what_an_overtaken_request_gave_is_not_kept() -> None:
    """It said yes, and waits; the one that overtakes it says nothing, and keeps nothing of what will be refused."""
    world = World(policy())
    await world.run(asking("R1", TWINS, adminConsent=False))
    world.clock.advance(_HOUR)
    world.directory.lag = timedelta(seconds=40)
    await world.send(asking("R2", TWINS))
    assert (consents(world), world.queues.answers[1:]) == ({READ_WRITE}, [])
    await world.send(silent("R3", TWINS))
    await world.settle()
    assert (status(world, "R2"), status(world, "R3")) == ("rejected", "completed")
    assert answered(world, "R3") == {"Read.Write": (False, False)}
    assert consents(world) == set()
    assert breaches(world) == []


async def test_what_is_being_taken_back_is_not_kept_by_a_request_that_says_nothing() -> None:
    """The removal of the explicit no fails; the next request comes before anybody tries again."""
    world = await registered()
    world.faults.next("graph write_consents", "before", UnavailableError("503"))
    await world.send(asking("R2", TWINS, GRAPH, adminConsent=False))
    await world.send(silent("R3", TWINS, GRAPH, displayName="Another name"))
    await world.settle()
    assert status(world, "R3") == "completed"
    assert consents(world) == set()
    assert breaches(world) == []


async def test_what_somebody_revoked_in_the_portal_is_not_given_again() -> None:
    world = await registered()
    (principal,) = world.directory.principals.values()
    world.directory.revoke_in_portal(principal, USERS)
    world.clock.advance(_HOUR)
    await world.run(silent("R2", TWINS, GRAPH))
    assert status(world, "R2") == "completed"
    assert consents(world) == {READ_WRITE, USER_READ}
    assert answered(world, "R2")["User.Read.All"] == (False, False)


async def test_what_others_consented_to_is_told_as_theirs() -> None:
    world = World(policy())
    await world.run(silent("R1", TWINS))
    (principal,) = world.directory.principals.values()
    world.directory.consent_in_portal(principal, READ_WRITE)
    world.clock.advance(_HOUR)
    await world.run(silent("R2", TWINS, displayName="Another name"))
    assert answered(world, "R2") == {"Read.Write": (True, True)}
    await world.run(silent("R3"))
    assert consents(world) == {READ_WRITE}
    assert breaches(world) == []


@pytest.mark.parametrize("call", ["graph write_consents", "graph upsert_application", "graph consents"])
async def test_a_failing_call_changes_nothing_of_that(call: str) -> None:
    world = await registered(Faults())
    for moment in ("before", "after"):
        world.faults.next(call, moment, UnavailableError("503"))
    await world.run(silent("R2", TWINS, displayName="Another name"))
    assert status(world, "R2") == "completed"
    assert consents(world) == {READ_WRITE}
    assert breaches(world) == []


async def test_a_form_that_says_nothing_is_the_same_request_as_one_that_says_no() -> None:
    """One hash, as in version 1: whichever came first is carried out, and the other gets its answer."""
    silent_one, no = silent("R2", TWINS, GRAPH), asking("R2", TWINS, GRAPH, adminConsent=False)
    assert parse_request(silent_one).body_hash() == parse_request(no).body_hash()
    world = await registered()
    await world.run(silent_one)
    await world.run(no)
    assert [each["data"]["status"] for each in world.queues.answers[1:]] == ["completed"] * 2
    assert world.queues.answers[1]["id"] == world.queues.answers[2]["id"]
    assert consents(world) == {READ_WRITE, USER_READ, USERS}


async def test_the_record_keeps_what_was_said() -> None:
    world = await registered()
    await world.run(silent("R2", TWINS))
    operation = next(each for each in world.operations.all() if each.request.request_id == "R2")
    text = operation.model_dump_json()
    again = Operation.model_validate_json(text)
    assert isinstance(again.request, RegistrationRequest)
    assert again.request.application.admin_consent is None
    assert again.request.body_hash() == operation.body_hash
    wants = rows.record({"value0": text}).requested
    assert wants is not None
    assert wants.admin_consent is None
    assert audited({"value0": text}).request_hash == operation.body_hash


async def test_a_record_of_version_1_says_no_as_it_was_carried_out() -> None:
    """Version 1 wrote false for both, and took the consents back for both."""
    world = await registered()
    await world.run(asking("R2", TWINS, adminConsent=False))
    operation = next(each for each in world.operations.all() if each.request.request_id == "R2")
    row = json.loads(operation.model_dump_json())
    assert row["request"]["application"]["adminConsent"] is False
    again = Operation.model_validate(row)
    assert isinstance(again.request, RegistrationRequest)
    assert again.request.application.admin_consent is False


def form(*, says: bool | None) -> dict[str, Any]:
    """A ticket's form whose app needs approval: it says yes, no, or nothing."""
    request = ask_for_approval()
    application = {name: value for name, value in request["application"].items() if name != "adminConsent"}
    request["application"] = application | ({} if says is None else {"adminConsent": says})
    return request


async def send_later(world: World, request: dict[str, Any]) -> None:
    world.clock.advance(timedelta(minutes=1))
    await world.send(request)
    await world.settle()


async def test_a_waiting_form_that_says_no_after_all_takes_the_place_of_one_that_said_nothing() -> None:
    world = World(approving.policy())
    await send_later(world, form(says=None))
    await send_later(world, form(says=False))
    old, new = world.operations.all()
    assert (old.state, new.state, old.body_hash) == (State.REJECTED, State.AWAITING_APPROVAL, new.body_hash)
    assert old.replaced_by is not None
    assert old.replaced_by.operation_id == new.id
    await send_later(world, form(says=False))
    await send_later(world, form(says=None))
    assert len(world.operations.all()) == 2
    await approving.tell(world, "approved")
    await world.settle()
    done = world.operations.all()[1]
    assert done.state is State.COMPLETED
    await send_later(world, form(says=None))
    assert world.queues.answers[-1]["data"]["operationId"] == done.id


async def test_an_approval_of_a_form_that_says_no_is_none_of_one_that_says_nothing() -> None:
    world = World(approving.policy())
    await send_later(world, form(says=None))
    no = RegistrationRequest.model_validate(form(says=False))
    await approving.tell(world, "approved", content=no.content_hash())
    await world.settle()
    waiting = approving.operation(world)
    assert waiting.state is State.AWAITING_APPROVAL
    assert waiting.approval is not None
    policy, request = world.services.policy, waiting.request
    assert binding(request, [], policy) != binding(no, [], policy)
    await approving.tell(world, "approved", decision_id="2")
    await world.settle()
    assert approving.operation(world).state is State.COMPLETED


def test_null_says_nothing() -> None:
    request = example()
    request["application"]["adminConsent"] = None
    parsed = parse_request(request)
    assert isinstance(parsed, RegistrationRequest)
    assert "adminConsent" not in parsed.model_dump(mode="json")["application"]
