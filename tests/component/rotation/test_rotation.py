"""A credential is replaced without one moment in which what clients read does not sign in."""

from datetime import timedelta
from typing import Any

import pytest

from tests.component.rotating_secrets import PENDING, SECRET, keys, registered, rotation, signing_in
from tests.fakes.invariants import breaches, unusable
from tests.fakes.world import administered, example


async def test_the_owner_gets_a_new_secret_beside_the_old_one() -> None:
    world = await registered()
    (old,) = keys(world)
    answer = await world.run(rotation())
    assert answer["type"] == "registrar.credential.rotated.v1"
    assert world.queues.events[-1] == answer
    new = answer["data"]["credentials"][0]["keyId"]
    assert keys(world) == [old, new]
    assert signing_in(world) == [True, True]
    newest = world.vault.secrets[SECRET][-1].entry
    assert (newest.tags["keyId"], newest.tags["previousKeyId"]) == (new, old)
    assert newest.tags["operationId"] == answer["data"]["operationId"]
    assert answer["data"]["credentials"][0]["keyVaultSecretVersion"] == newest.version
    assert answer["data"]["rotation"]["replacedUntil"] == newest.tags["retireAfter"]
    assert [version.entry.enabled for version in world.vault.secrets[PENDING]] == [False]
    assert breaches(world) == []


async def test_no_client_ever_reads_a_value_that_does_not_sign_in_yet() -> None:
    world = await registered()
    world.directory.secret_delay = timedelta(minutes=3)
    await world.send(rotation())
    while world.operations.unsettled:
        assert unusable(world, [SECRET]) == []
        await world.go_on(timedelta(minutes=1))
    assert signing_in(world) == [True, True]
    assert world.directory.passwords_ever_issued == 2
    assert breaches(world) == []


async def test_what_a_rotation_costs() -> None:
    world = await registered()
    before = len(world.faults.calls)
    await world.run(rotation())
    calls = world.faults.calls[before:]
    assert [call for call in calls if call.startswith(("graph", "entra"))] == [
        "graph application",
        "graph policies",  # side by side with the application
        "graph people",
        "graph add_password",
        "entra token",
    ]
    assert [call for call in calls if call in ("vault store", "vault disable", "vault retag")] == [
        "vault store",
        "vault store",
        "vault disable",
    ]


async def test_the_same_request_again_changes_nothing() -> None:
    world = await registered()
    first = await world.run(rotation())
    assert await world.run(rotation()) == first
    assert world.directory.passwords_ever_issued == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"requestedBy": "mallory@contoso.example"}, "not_owner"),
        ({"credential": "other"}, "unknown_credential"),
        ({"application": {"uniqueName": "nobody"}}, "unknown_application"),
    ],
)
async def test_who_may_not_or_asks_for_what_is_not_there_is_told_and_nothing_happens(
    changes: dict[str, Any], code: str
) -> None:
    world = await registered()
    answer = await world.run(rotation(**changes))
    assert answer["type"] == "registrar.credential.rotation_rejected.v1"
    assert code in [error["code"] for error in answer["data"]["errors"]]
    assert world.directory.passwords_ever_issued == 1
    assert PENDING not in world.vault.secrets


async def test_a_pending_name_that_is_somebody_elses_is_not_written() -> None:
    world = await registered()
    world.vault.put(PENDING, "theirs", world.clock.now() + timedelta(days=9), {"team": "theirs"})
    answer = await world.run(rotation())
    assert [error["code"] for error in answer["data"]["errors"]] == ["vault_name_taken"]
    assert [version.value for version in world.vault.secrets[PENDING]] == ["theirs"]


async def test_a_leaked_secret_is_refused_within_a_minute() -> None:
    world = await registered()
    (old,) = keys(world)
    begun = world.clock.now()
    await world.send(rotation(revokePrevious={"within": "PT10M"}))
    (answer,) = world.queues.answers[1:]
    assert world.clock.now() - begun < timedelta(minutes=1)
    assert old not in keys(world)
    assert signing_in(world) == [True]
    told = answer["data"]["rotation"]
    assert told["replacedKeyId"] == old
    assert told["replacedRefusedSince"] is not None
    assert told["issuedTokensUntil"] > told["replacedRefusedSince"]
    await world.settle()
    assert breaches(world) == []


async def test_at_the_deadline_a_leaked_secret_goes_though_the_new_one_is_not_proven() -> None:
    world = await registered()
    (old,) = keys(world)
    world.directory.secret_delay = timedelta(minutes=30)
    await world.send(rotation(revokePrevious={"within": "PT10M"}))
    await world.go_on(timedelta(minutes=9))
    assert old in keys(world)
    await world.go_on(timedelta(minutes=2))
    assert old not in keys(world)
    await world.settle()
    assert world.queues.answers[-1]["type"] == "registrar.credential.rotated.v1"
    assert signing_in(world) == [True]
    assert breaches(world) == []


async def test_a_pause_for_everybody_does_not_keep_a_leaked_secret_alive() -> None:
    world = await registered()
    (old,) = keys(world)
    await world.backoff.extend(world.clock.now() + timedelta(hours=2), "throttled")
    await world.send(rotation(revokePrevious={"within": "PT10M"}))
    assert keys(world) == [old]
    await world.go_on(timedelta(minutes=12))
    assert old not in keys(world)
    await world.settle()
    assert breaches(world) == []


async def test_a_rotation_while_another_waits_for_its_proof_takes_that_one_up() -> None:
    world = await registered()
    world.directory.secret_delay = timedelta(minutes=3)
    await world.send(rotation("ROT1"))
    await world.send(rotation("ROT2"))
    await world.settle()
    assert {a["type"] for a in world.queues.answers[1:]} == {"registrar.credential.rotated.v1"}
    assert world.directory.passwords_ever_issued == 2
    assert breaches(world) == []


async def test_what_a_rotation_leaves_that_comes_to_nothing_is_tidied_up() -> None:
    world = await registered()
    (old,) = keys(world)
    world.directory.secret_delay = timedelta(hours=6)
    await world.send(rotation())
    assert len(keys(world)) == 2
    world.deploy(administered().services.policy)
    await world.run(example(requestId="NEW-OWNER", requestedBy="boss@contoso.example", owner="grace@contoso.example"))
    await world.settle()
    rejected = [answer for answer in world.queues.answers if answer["data"]["status"] == "rejected"]
    assert [error["code"] for answer in rejected for error in answer["data"]["errors"]] == ["not_owner"]
    assert keys(world) == [old]
    assert [version.entry.enabled for version in world.vault.secrets[PENDING]] == [False]
    assert breaches(world) == []


async def test_what_somebody_else_stored_meanwhile_is_proven_before_a_rotation_ends() -> None:
    world = await registered()
    world.directory.secret_delay = timedelta(minutes=30)
    await world.send(rotation(revokePrevious={"within": "PT0S"}))
    await world.go_on(timedelta(minutes=10))
    await world.send(example(requestId="CHANGE"))
    while not any(answer["data"]["requestId"] == "ROT1" for answer in world.queues.answers):
        await world.go_on(timedelta(minutes=1))
    assert signing_in(world)[-1]
    await world.settle()
    assert breaches(world) == []
