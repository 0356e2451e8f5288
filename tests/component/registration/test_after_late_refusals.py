"""What follows a late refusal: the next request continues with what stays; no rotation replaces what is taken back."""

from datetime import timedelta

import pytest

from shared.core.errors import UnavailableError
from shared.model.application import ApplicationRecord
from tests.component.credentials.test_tenant_rules import NO_SECRETS
from tests.component.registration.refusing import APP, FORBIDDEN, SECRET, Refusing, asking, consents, enabled, forbidden
from tests.component.registration.test_narrowing import READ_WRITE, policy
from tests.component.rotating import rotation_of, signing_in_with
from tests.fakes.invariants import breaches
from tests.fakes.world import World


async def test_the_answer_names_what_stays_and_the_next_request_goes_on_with_it() -> None:
    world = World()
    world.faults.next("graph add_password", "before", forbidden())
    data = (await world.run(asking("R1", owner="grace@contoso.example")))["data"]
    (app,), (principal,) = world.directory.applications.values(), world.directory.principals.values()
    ids = (data["clientId"], data["objectId"], data["servicePrincipalId"])
    assert ids == (app.client_id, app.object_id, principal)
    (note,) = data["notes"]
    assert note["code"] == "application_stays"
    assert "no admin consent and no credential" in note["message"]
    again = (await world.run(asking("R2", owner="grace@contoso.example")))["data"]
    assert again["status"] == "completed"
    assert (again["clientId"], again["servicePrincipalId"]) == (app.client_id, principal)
    assert "notes" not in again, "the founder names the owner, as with the request that was rejected"
    assert ApplicationRecord.model_validate_json(world.applications.rows[APP][0]).owner == "grace@contoso.example"
    assert consents(world) == {READ_WRITE}
    assert breaches(world) == []


async def test_what_was_taken_back_is_new_again_to_the_tenants_rules() -> None:
    """Its version lies disabled in the vault by the registrar itself: the next request asks for a new one."""
    world = World(faults=Refusing("graph add_password", times=(2,)))
    await world.run(asking("R1", "first", "second"))
    world.policies.restrict(NO_SECRETS)
    await world.go_on(timedelta(hours=1))
    answer = await world.run(asking("R2", "first"))
    assert [(each["field"], each["code"]) for each in answer["data"]["errors"]] == [
        ("credentials[0].type", "tenant_forbids_secrets")
    ]
    assert world.directory.passwords_ever_issued == 1


async def test_somebody_elses_request_does_not_take_up_what_was_rejected() -> None:
    world = World()
    world.faults.next("graph add_password", "before", forbidden())
    await world.run(asking("R1"))
    data = (await world.run(asking("R2", requestedBy="mallory@contoso.example")))["data"]
    assert [each["code"] for each in data["errors"]] == ["not_owner"]
    assert (data["clientId"], "notes" in data) == (None, False)


async def test_a_rotation_waits_until_it_is_sure_that_its_credential_stays() -> None:
    """Its request is refused in the end: what had replaced the credential would stay, and the answer deny it."""
    world = World(faults=Refusing("graph write_consents", times=(1,)))
    world.faults.next("graph write_consents", "before", UnavailableError("no answer"))
    await world.send(asking("R1"))
    assert enabled(world) == [SECRET]
    await world.send(rotation_of("client-secret"))
    assert (world.queues.answers, world.directory.passwords_ever_issued) == ([], 1)
    await world.settle()
    told = {each["data"]["requestId"]: each["data"]["errors"][0]["code"] for each in world.queues.answers}
    assert told == {"R1": FORBIDDEN, "ROT1": "unknown_credential"}
    (app,) = world.directory.applications.values()
    assert (consents(world), app.passwords, enabled(world), world.due.rows) == (set(), {}, [], {})
    assert breaches(world) == []


async def test_what_was_taken_back_is_not_replaced() -> None:
    """It lies disabled in the vault; an application that nobody was given gets no credential by way of a rotation."""
    world = World(faults=Refusing("graph add_password", times=(2,)))
    await world.run(asking("R1", "first", "second"))
    answer = await world.run(rotation_of("first"))
    assert [(each["field"], each["code"]) for each in answer["data"]["errors"]] == [
        ("credential", "unknown_credential")
    ]
    assert world.directory.applications[APP].passwords == {}
    assert breaches(world) == []


async def test_a_rotation_that_waited_is_made_once_the_request_is_completed() -> None:
    world = World()
    world.faults.next("graph write_consents", "before", UnavailableError("no answer"))
    await world.send(asking("R1"))
    await world.send(rotation_of("client-secret"))
    assert world.directory.passwords_ever_issued == 1
    await world.settle()
    assert [each["data"]["status"] for each in world.queues.answers] == ["completed", "completed"]
    assert world.directory.passwords_ever_issued == 2
    assert breaches(world) == []


async def test_a_leaked_value_does_not_wait_for_the_request_that_gave_it() -> None:
    world = World()
    world.faults.next("graph write_consents", "before", UnavailableError("no answer"))
    await world.send(asking("R1"))
    (leaked,) = world.directory.applications[APP].passwords
    await world.send(rotation_of("client-secret", revokePrevious={"within": "PT10M"}))
    assert leaked not in world.directory.applications[APP].passwords
    assert [each["data"]["status"] for each in world.queues.answers] == ["completed"]


@pytest.mark.parametrize("leaked", [False, True])
async def test_a_rotation_does_not_end_with_what_a_request_issued_that_may_take_it_back(leaked: bool) -> None:
    """Its own waits for its proof; then a request replaces the old one, which somebody removed, and is refused once
    its certificate is proven."""
    world = World(policy(), faults=Refusing("graph write_consents", times=(2,)))
    await world.run(asking("R1"))
    await world.go_on(timedelta(hours=1))
    world.directory.secret_delay = timedelta(minutes=10)
    await world.send(rotation_of("client-secret", **({"revokePrevious": {"within": "PT1H"}} if leaked else {})))
    (app,) = world.directory.applications.values()
    world.directory.remove_by_hand(APP, next(iter(app.passwords)))
    request = asking("R2")
    request["application"]["apiPermissions"] += [{"api": "Microsoft Graph", "delegated": ["User.Read"]}]
    request["credentials"] += [{"name": "pair", "type": "certificate", "lifetimeDays": 90}]
    world.directory.secret_delay = timedelta(hours=2)
    await world.send(request)
    for password in app.passwords.values():
        password.active_from = world.clock.now()
    assert (len(app.passwords), len(world.vault.secrets[SECRET])) == (2, 2)
    await world.go_on(timedelta(minutes=30))
    assert [each["data"]["requestId"] for each in world.queues.answers] == ["R1"]
    await world.settle()
    told = {each["data"]["requestId"]: each["data"] for each in world.queues.answers}
    assert [each["code"] for each in told["R2"]["errors"]] == [FORBIDDEN]
    assert list(app.passwords) == [told["ROT1"]["credentials"][0]["keyId"]]
    assert signing_in_with(world, SECRET)[-1]
    assert consents(world) == {READ_WRITE}
    assert breaches(world) == []
