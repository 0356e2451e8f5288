"""What ends `rejected` leaves no right and no live credential behind, however late the refusal came."""

from datetime import timedelta

import pytest

from shared.core.errors import UnavailableError
from shared.model.application import ApplicationRecord
from shared.model.operation import State
from tests.component.registration.refusing import (
    APP,
    FORBIDDEN,
    SECRET,
    Refusing,
    asking,
    assert_nothing_is_left,
    consents,
    enabled,
    forbidden,
)
from tests.component.registration.test_narrowing import READ_WRITE, USER_READ, policy
from tests.fakes.invariants import breaches
from tests.fakes.world import World


async def test_a_tenant_that_forbids_secrets_never_sees_a_consent() -> None:
    """The application, its principal, the credentials, the consent: so nothing has to be taken back, at once."""
    world = World()
    world.faults.next("graph add_password", "before", forbidden())
    await world.send(asking("R1"))
    (answer,) = world.queues.answers
    assert answer["data"]["status"] == "rejected"
    assert [each["code"] for each in answer["data"]["errors"]] == [FORBIDDEN]
    assert world.directory.consented == {}
    assert world.directory.applications[APP].passwords == {}
    assert world.vault.secrets == {}
    assert breaches(world) == []


async def test_of_two_secrets_the_first_goes_when_the_second_is_refused() -> None:
    """It was live, and its value in the vault: out of the directory, out of reach, and seen gone before the answer."""
    faults = Refusing("graph add_password", times=(2,))
    world = World(faults=faults)
    await world.send(asking("R1", "first", "second"))
    (app,) = world.directory.applications.values()
    assert (app.passwords, world.directory.passwords_ever_issued) == ({}, 1)
    assert enabled(world) == []
    assert world.queues.answers == []
    assert world.operations.all()[0].reason == "taking_back"
    await world.settle()
    assert_nothing_is_left(world)
    assert faults.refused == 1
    assert [each["code"] for each in world.queues.answers[0]["data"]["errors"]] == [FORBIDDEN]


async def test_a_refusal_of_the_taking_back_ends_nothing() -> None:
    """Graph refuses to remove the first secret, by a rule of the tenant's: while it is there, nothing is answered."""
    world = World(faults=Refusing("graph add_password", times=(2,)))
    world.faults.next("graph remove_password", "before", forbidden())
    await world.send(asking("R1", "first", "second"))
    assert len(world.directory.applications[APP].passwords) == 1
    assert (world.queues.answers, world.operations.all()[0].reason) == ([], "taking_back")
    await world.settle()
    assert_nothing_is_left(world)


async def test_a_certificate_goes_whose_removal_got_no_answer() -> None:
    """Nobody was told its keyId when it was added, and the app's last write of certificates is its removal by then."""
    world = World(policy())
    world.directory.lag = timedelta(seconds=40)
    request = asking("R1")
    request["credentials"] = [{"name": "pair", "type": "certificate", "lifetimeDays": 90}]
    await world.send(request)
    while not world.directory.applications[APP].keys:
        await world.go_on(timedelta(seconds=5))
    await world.send(asking("R2"))
    world.faults.next("graph write_keys", "before", UnavailableError("no answer"))
    await world.settle()
    assert [each["data"]["status"] for each in world.queues.answers] == ["completed", "rejected"]
    assert world.directory.applications[APP].keys == {}
    assert breaches(world) == []


async def test_a_certificate_that_a_failed_request_had_taken_up_goes_with_the_request_that_issued_it() -> None:
    """Nobody was told of it, and clients do not read a value that signs nobody in: its version is out of reach."""
    faults = Refusing("graph write_consents", times=())
    world = World(policy(), faults=faults)
    pair = [{"name": "pair", "type": "certificate", "lifetimeDays": 90}]
    world.directory.secret_delay = timedelta(minutes=30)
    await world.send(asking("R1") | {"credentials": pair})
    world.clock.advance(timedelta(minutes=31))
    faults.down = True
    await world.send(asking("R2") | {"credentials": pair})
    (newest,) = world.vault.secrets["adt-client-dev--pair"]
    first, second = (each for each in world.operations.all() if each.state is State.WAITING)
    assert newest.entry.tags["operationId"] == second.id
    await world.settle()
    assert {each["data"]["status"] for each in world.queues.answers} == {"failed"}
    faults.down, world.directory.secret_delay = False, timedelta(0)
    await world.run(asking("R3"))
    (app,) = world.directory.applications.values()
    assert len(app.keys) == 1
    await world.registrar.replays.replay(first.id)
    await world.settle()
    assert [each["code"] for each in world.queues.answers[-1]["data"]["errors"]] == ["superseded"]
    assert (app.keys, enabled(world)) == ({}, [SECRET])
    assert {credential for _, _, credential in world.due.rows} == {"client-secret"}
    assert breaches(world) == []


async def test_what_the_app_had_before_stays() -> None:
    """A change that is refused late: its own consent and credential go, the first request's stay as they were."""
    faults = Refusing("graph write_consents", times=(2,))
    world = World(policy(), faults=faults)
    before = await world.run(asking("R1"))
    world.clock.advance(timedelta(hours=1))
    change = asking("R2", "client-secret", "another")
    change["application"]["apiPermissions"] += [{"api": "Microsoft Graph", "delegated": ["User.Read"]}]
    data = (await world.run(change))["data"]
    assert data["status"] == "rejected"
    assert data["clientId"] == before["data"]["clientId"]
    assert consents(world) == {READ_WRITE}
    (app,) = world.directory.applications.values()
    assert list(app.passwords) == [before["data"]["credentials"][0]["keyId"]]
    assert enabled(world) == [SECRET]
    assert breaches(world) == []
    data = (await world.run(change | {"requestId": "R3"}))["data"]
    assert data["status"] == "completed"
    assert consents(world) == {READ_WRITE, USER_READ}
    assert sorted(set(enabled(world))) == [f"{APP}--another", SECRET]
    assert breaches(world) == []


async def test_a_consent_that_was_given_before_the_refusal_goes() -> None:
    """Two consents are two writes: the first one took effect."""
    world = World(policy(), faults=Refusing("graph write_consents", times=(2,)))
    request = asking("R1")
    request["application"]["apiPermissions"] += [{"api": "Microsoft Graph", "delegated": ["User.Read"]}]
    await world.run(request)
    assert_nothing_is_left(world)


@pytest.mark.parametrize("lag", [timedelta(0), timedelta(seconds=45), timedelta(minutes=4)])
async def test_nothing_is_answered_before_it_is_seen_gone(lag: timedelta) -> None:
    world = World(faults=Refusing("graph add_password", times=(2,)))
    world.directory.lag = lag
    await world.send(asking("R1", "first", "second"))
    while not world.queues.answers:
        await world.go_on(timedelta(minutes=1))
    (app,) = world.directory.applications.values()
    assert app.passwords == {}
    assert enabled(world) == []
    await world.settle()
    assert_nothing_is_left(world)


async def test_a_consent_is_seen_gone_before_its_request_is_told() -> None:
    """Nothing but consents was given: reads show the grant for some minutes more."""
    world = World(policy(), faults=Refusing("graph write_consents", times=(2,)))
    world.directory.lag = timedelta(minutes=4)
    request = asking("R1")
    request["credentials"] = []
    request["application"]["apiPermissions"] += [{"api": "Microsoft Graph", "delegated": ["User.Read"]}]
    await world.send(request)
    while not world.queues.answers:
        await world.go_on(timedelta(minutes=1))
    assert consents(world) == set()
    (record,) = (ApplicationRecord.model_validate_json(text) for text, _ in world.applications.rows.values())
    assert record.granted == frozenset()
    await world.settle()
    assert_nothing_is_left(world)


async def test_what_was_refused_is_not_tried_again() -> None:
    """The rule is gone by the next attempt: the refusal stands all the same, and is what is told."""
    world = World(faults=Refusing("graph add_password", times=(2,)))
    await world.send(asking("R1", "first", "second"))
    assert world.directory.passwords_ever_issued == 1
    await world.settle()
    assert world.directory.passwords_ever_issued == 1
    assert_nothing_is_left(world)
    data = (await world.run(asking("R2", "first", "second")))["data"]
    assert (data["status"], len(data["credentials"])) == ("completed", 2)
    assert breaches(world) == []
