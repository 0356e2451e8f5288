"""A credential is replaced without one moment in which what clients read does not sign in."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.rotation.messages import Hint
from tests.component.rotating import APP, registered_with, rotation_of, signing_in_with
from tests.fakes.faults import WorkerDied
from tests.fakes.invariants import breaches, unusable
from tests.fakes.world import World, administered, example

CREDENTIAL = "client-secret"
SECRET, PENDING = f"{APP}--{CREDENTIAL}", f"{APP}--{CREDENTIAL}--pending"


def rotation(request_id: str = "ROT1", **changes: Any) -> dict[str, Any]:
    return rotation_of(CREDENTIAL, request_id, **changes)


async def registered() -> World:
    return await registered_with(example())


async def days(world: World, number: int) -> None:
    """Days on which nothing happens but a sweep."""
    for _ in range(number):
        world.clock.advance(timedelta(hours=23, minutes=50))
        await world.go_on(timedelta(minutes=10))


def keys(world: World) -> list[str]:
    return list(world.directory.applications[APP].passwords)


def signing_in(world: World, name: str = SECRET) -> list[bool]:
    return signing_in_with(world, name)


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


async def test_what_is_about_to_expire_is_replaced_and_the_old_one_goes_after_the_overlap() -> None:
    world = await registered()
    (first,) = keys(world)
    await days(world, 180 - 33 - 1)
    assert keys(world) == [first]
    await days(world, 4)
    old, new = keys(world)
    assert old == first
    assert signing_in(world) == [True, True]
    (event,) = [event for event in world.queues.events if event["type"] == "registrar.credential.rotated.v1"]
    assert event["data"]["rotation"]["reason"] == "nearing_expiry"
    assert event["data"]["source"] == "registrar"
    assert len(world.queues.answers) == 1
    gone = datetime.fromisoformat(event["data"]["rotation"]["replacedUntil"])
    assert gone - datetime.fromisoformat(event["time"]) == timedelta(days=7)
    world.clock.advance(gone - world.clock.now() - timedelta(minutes=2))
    await world.go_on(timedelta(minutes=1))
    assert keys(world) == [old, new]
    await world.go_on(timedelta(hours=2))
    assert keys(world) == [new]
    assert [version.entry.enabled for version in world.vault.secrets[SECRET]] == [False, True]
    assert breaches(world) == []


async def test_an_app_lives_through_years_of_rotations() -> None:
    world = await registered()
    for _ in range(3 * 365):
        await days(world, 1)
        assert unusable(world, [SECRET]) == []
    assert 7 <= world.directory.passwords_ever_issued <= 8
    assert len(keys(world)) <= 2
    assert breaches(world) == []


async def test_a_second_message_for_the_same_credential_changes_nothing() -> None:
    world = await registered()
    await days(world, 151)
    issued = world.directory.passwords_ever_issued
    hint = Hint(APP, CREDENTIAL).to_json()
    for _ in range(3):
        world.queues.send_rotation_now(hint)
    await world.settle()
    assert world.directory.passwords_ever_issued == issued == 2


async def test_a_hint_makes_nothing_due() -> None:
    world = await registered()
    world.queues.send_rotation_now(Hint(APP, CREDENTIAL).to_json())
    world.queues.send_rotation_now(Hint("nobody", CREDENTIAL).to_json())
    await world.settle()
    assert world.directory.passwords_ever_issued == 1
    assert world.queues.poison == []


async def test_a_hint_ends_no_overlap_before_its_time() -> None:
    world = await registered()
    await world.run(rotation())
    for _ in range(6):
        await days(world, 1)
        world.queues.send_rotation_now(Hint(APP, CREDENTIAL).to_json())
        await world.settle()
        assert signing_in(world) == [True, True]
    await days(world, 2)
    assert signing_in(world) == [True]


async def test_a_message_that_was_lost_is_sent_again() -> None:
    world = await registered()
    await days(world, 145)
    while not any(entry.sent_at for entry in world.due.rows.values()):
        world.clock.advance(timedelta(minutes=59))
        await world.timers()
    world.queues.rotations.clear()
    await world.go_on(timedelta(hours=5))
    assert len(keys(world)) == 1
    await world.go_on(timedelta(hours=3))
    assert len(keys(world)) == 2


async def test_a_row_that_was_lost_comes_back_with_key_vaults_event() -> None:
    world = await registered()
    await days(world, 140)
    world.due.rows.clear()
    await days(world, 12)
    assert len(keys(world)) == 1
    event = {
        "id": "1",
        "eventType": "Microsoft.KeyVault.SecretNearExpiry",
        "subject": SECRET,
        "data": {"ObjectName ": SECRET, "EXP": "1559082102"},
    }
    world.queues.send_rotation_now(json.dumps(event))
    await world.settle()
    assert len(keys(world)) == 2
    await days(world, 8)
    assert len(keys(world)) == 1
    assert breaches(world) == []


async def test_two_months_switched_off_are_caught_up_without_rotating_twice() -> None:
    world = World()
    names = [f"app-{number}" for number in range(30)]
    for name in names:
        await world.send(example(requestId=name, application=example()["application"] | {"uniqueName": name}))
    await world.settle()
    world.clock.advance(timedelta(days=180 - 10))
    await world.go_on(timedelta(hours=2))
    for name in names:
        assert len(world.directory.applications[name].passwords) == 2
    assert world.directory.passwords_ever_issued == 60
    assert breaches(world) == []


async def test_a_rotation_that_failed_is_kept_told_and_tried_again() -> None:
    world = await registered()
    world.vault.put(PENDING, "theirs", world.clock.now() + timedelta(days=900), {"team": "theirs"})
    await days(world, 151)
    failed = [event for event in world.queues.events if event["type"] == "registrar.credential.rotation_failed.v1"]
    assert [error["code"] for error in failed[-1]["data"]["errors"]] == ["vault_name_taken"]
    assert [kept["reason"] for kept in world.queues.poison] == ["vault_name_taken"]
    del world.vault.secrets[PENDING]
    await days(world, 2)
    assert len(keys(world)) == 2
    assert world.queues.poison == []
    assert breaches(world) == []


async def test_people_are_warned_of_a_secret_that_expires_and_cannot_be_replaced() -> None:
    world = await registered()
    (old,) = keys(world)
    world.vault.put(PENDING, "theirs", world.clock.now() + timedelta(days=900), {"team": "theirs"})
    await days(world, 182)
    warnings = [event for event in world.queues.events if event["type"] == "registrar.credential.expiring.v1"]
    expires = world.vault.secrets[SECRET][-1].entry.expires
    assert expires is not None
    left = [(expires - datetime.fromisoformat(event["time"])).days for event in warnings]
    assert left == [21, 14, 7, 3, 1, 0]
    assert len({event["id"] for event in warnings}) == len(warnings)
    for event in warnings:
        assert event["subject"] == APP
        assert [error["code"] for error in event["data"]["errors"]] == ["vault_name_taken"]
        assert event["data"]["credentials"][0]["keyId"] == old
    assert [answer["type"] for answer in world.queues.answers] == ["registrar.registration.completed.v1"]


async def test_a_warning_whose_sender_dies_is_the_same_when_it_comes_again() -> None:
    world = await registered()
    world.vault.put(PENDING, "theirs", world.clock.now() + timedelta(days=900), {"team": "theirs"})
    await days(world, 157)
    before = len(world.queues.events)
    while not (warnings := _warnings(world, before)):
        world.faults.next("queue event", "after", WorkerDied())
        await days(world, 1)
    await days(world, 1)
    warnings = _warnings(world, before)
    assert len(warnings) == 2
    assert warnings[0] == warnings[1]


def _warnings(world: World, since: int) -> list[dict[str, Any]]:
    return [event for event in world.queues.events[since:] if event["type"] == "registrar.credential.expiring.v1"]


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


async def test_what_nobody_can_read_is_kept() -> None:
    world = await registered()
    for text in ("no json", "[]", "{}", '{"schemaVersion":"1","uniqueName":"UPPER","credential":"x"}'):
        world.queues.send_rotation_now(text)
    await world.settle()
    assert {kept["reason"] for kept in world.queues.poison} == {"unreadable_rotation_message"}
    assert len(world.queues.poison) == 4


async def test_what_the_directory_has_lost_is_replaced_when_it_is_asked() -> None:
    world = await registered()
    (old,) = keys(world)
    world.directory.remove_by_hand(APP, old)
    world.queues.send_rotation_now(Hint(APP, CREDENTIAL).to_json())
    await world.settle()
    assert keys(world) == []
    world.queues.send_rotation_now(Hint(APP, CREDENTIAL, ask_directory=True).to_json())
    await world.settle()
    assert len(keys(world)) == 1
    assert world.queues.events[-1]["data"]["rotation"]["reason"] == "unknown_to_directory"
    assert signing_in(world)[-1]
