"""What nears its expiry is replaced by itself, once and in time; people are warned of what cannot be."""

import json
from datetime import datetime, timedelta
from typing import Any

from shared.rotation.messages import Hint
from tests.component.rotating import APP
from tests.component.rotating_secrets import CREDENTIAL, PENDING, SECRET, days, keys, registered, rotation, signing_in
from tests.fakes.faults import WorkerDied
from tests.fakes.invariants import breaches, unusable
from tests.fakes.world import World, example


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
