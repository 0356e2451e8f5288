"""A certificate is made in the vault, known to the directory before any client reads it, and replaced in time."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import UnavailableError
from shared.model.directory import PublicCertificate
from tests.component.rotating import APP, registered_with, rotation_of, signing_in_with
from tests.fakes.faults import Moment, WorkerDied
from tests.fakes.invariants import breaches, unusable
from tests.fakes.people import ADA, GRACE
from tests.fakes.world import World, administered, example

CREDENTIAL = "client-certificate"
SECRET, PENDING = f"{APP}--{CREDENTIAL}", f"{APP}--{CREDENTIAL}--pending"
OWN = {"name": CREDENTIAL, "type": "certificate", "description": "signs in", "lifetimeDays": 180}
SOMEBODYS = PublicCertificate(b"public part of theirs", "AB" * 20)


def wanted(request_id: str = "CERT1", **credential: Any) -> dict[str, Any]:
    return example(requestId=request_id, credentials=[OWN | credential])


def rotation(request_id: str = "ROT1", **changes: Any) -> dict[str, Any]:
    return rotation_of(CREDENTIAL, request_id, **changes)


async def registered() -> World:
    return await registered_with(wanted())


def keys(world: World) -> list[str]:
    return list(world.directory.applications[APP].keys)


def signing_in(world: World, name: str = SECRET) -> list[bool]:
    return signing_in_with(world, name)


async def test_a_certificate_is_made_in_the_vault_and_known_to_the_directory() -> None:
    world = World()
    answer = await world.run(wanted())
    assert answer["data"]["status"] == "completed"
    (credential,) = answer["data"]["credentials"]
    (version,) = world.vault.secrets[SECRET]
    assert credential["type"] == "certificate"
    assert keys(world) == [credential["keyId"]] == [version.entry.tags["keyId"]]
    assert signing_in(world) == [True]
    assert version.entry.expires is not None
    life = version.entry.expires - world.clock.now()
    assert timedelta(days=140) < life <= timedelta(days=180)
    assert [each.entry.enabled for each in world.vault.secrets[PENDING]] == [False]
    assert world.directory.passwords_ever_issued == 0
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
        "graph keys",
        "graph write_keys",
        "graph keys",
        "entra token",
    ]
    writes = ("vault make_certificate", "vault import_certificate", "vault disable", "vault retag", "vault store")
    assert [call for call in calls if call in writes] == [
        "vault make_certificate",
        "vault import_certificate",
        "vault disable",
    ]


async def test_no_client_reads_the_first_certificate_before_it_signs_in() -> None:
    world = World()
    world.directory.secret_delay = timedelta(minutes=3)
    await world.send(wanted())
    while world.operations.unsettled:
        assert unusable(world, [SECRET]) == []
        await world.go_on(timedelta(minutes=1))
    assert signing_in(world) == [True]
    assert breaches(world) == []


async def test_no_client_reads_a_certificate_before_it_signs_in() -> None:
    world = await registered()
    world.directory.secret_delay = timedelta(minutes=3)
    await world.send(rotation())
    while world.operations.unsettled:
        assert unusable(world, [SECRET]) == []
        await world.go_on(timedelta(minutes=1))
    assert signing_in(world) == [True, True]
    assert len(keys(world)) == 2
    assert breaches(world) == []


async def test_the_old_certificate_goes_after_the_overlap_and_no_other() -> None:
    world = await registered()
    theirs = world.directory.put_key(APP, SOMEBODYS, "made by hand")
    (old, _) = keys(world)
    await world.go_on(timedelta(minutes=10))
    answer = await world.run(rotation())
    new = answer["data"]["credentials"][0]["keyId"]
    assert keys(world) == [old, theirs, new]
    for _ in range(8):
        world.clock.advance(timedelta(hours=23))
        await world.go_on(timedelta(hours=1))
    assert keys(world) == [theirs, new]
    assert [each.entry.enabled for each in world.vault.secrets[SECRET]] == [False, True]
    assert breaches(world) == []


async def test_a_certificate_is_replaced_before_it_expires() -> None:
    world = await registered()
    for _ in range(170):
        world.clock.advance(timedelta(hours=23))
        await world.go_on(timedelta(hours=1))
        assert unusable(world, [SECRET]) == []
    assert len(world.vault.secrets[SECRET]) == 2
    assert len(keys(world)) == 1
    assert breaches(world) == []


async def test_a_leaked_certificate_goes_at_once() -> None:
    world = await registered()
    (old,) = keys(world)
    answer = await world.run(rotation(revokePrevious={"within": "PT10M"}))
    assert answer["type"] == "registrar.credential.rotated.v1"
    assert old not in keys(world)
    assert answer["data"]["rotation"]["replacedRefusedSince"] is not None
    assert [each.entry.enabled for each in world.vault.secrets[SECRET]] == [False, True]
    assert breaches(world) == []


async def test_two_certificates_of_one_app_do_not_undo_each_other_under_lag() -> None:
    world = World()
    world.directory.lag = timedelta(seconds=40)
    both = example(requestId="BOTH", credentials=[OWN, OWN | {"name": "second-certificate"}])
    answer = await world.run(both)
    assert answer["data"]["status"] == "completed"
    assert len(keys(world)) == 2
    assert signing_in(world) == signing_in(world, f"{APP}--second-certificate") == [True]
    await world.go_on(timedelta(hours=1))
    await world.send(rotation("A"))
    await world.send(rotation("B", credential="second-certificate"))
    await world.settle()
    assert len(keys(world)) == 4
    assert breaches(world) == []


async def test_an_answer_lost_while_the_pair_is_made_or_added_makes_no_second_live_one() -> None:
    for lost in ("vault make_certificate", "graph write_keys", "vault import_certificate"):
        world = World()
        world.faults.next(lost, "after", UnavailableError("the answer is lost"))
        answer = await world.run(wanted())
        assert answer["data"]["status"] == "completed", lost
        assert len(keys(world)) == 1, lost
        assert set(signing_in(world)) == {True}, lost
        assert breaches(world) == [], lost


async def test_a_certificate_removed_by_hand_is_replaced() -> None:
    world = await registered()
    (old,) = keys(world)
    world.directory.remove_by_hand(APP, old)
    await world.go_on(timedelta(hours=1))
    hint = {"schemaVersion": "1", "uniqueName": APP, "credential": CREDENTIAL, "askDirectory": True}
    await world.rotations.receive(json.dumps(hint).encode())
    await world.settle()
    assert len(keys(world)) == 1
    assert signing_in(world)[-1]
    assert breaches(world) == []


async def test_a_certificate_lives_for_a_month_at_least() -> None:
    world = World()
    answer = await world.run(wanted(lifetimeDays=30))
    assert [error["code"] for error in answer["data"]["errors"]] == ["lifetime_too_short"]
    assert world.vault.secrets == {}


async def test_policy_may_give_certificates_alone() -> None:
    world = World()
    rules = world.services.policy.credentials.model_copy(update={"types": ("certificate",)})
    world = World(policy=world.services.policy.model_copy(update={"credentials": rules}))
    answer = await world.run(example())
    assert [error["code"] for error in answer["data"]["errors"]] == ["credential_type_not_allowed"]
    assert (await world.run(wanted()))["data"]["status"] == "completed"


async def test_a_credential_stays_what_it_is() -> None:
    world = await registered()
    answer = await world.run(wanted("CERT2", type="secret"))
    assert [error["code"] for error in answer["data"]["errors"]] == ["type_cannot_change"]
    assert signing_in(world) == [True]


async def test_a_new_owner_stands_in_the_tags_of_the_certificate() -> None:
    world = await registered()
    assert world.vault.secrets[SECRET][-1].entry.tags["owner"] == ADA
    world.deploy(administered().services.policy)
    await world.run(wanted("CERT2") | {"requestedBy": "boss@contoso.example", "owner": "grace@contoso.example"})
    assert world.vault.secrets[SECRET][-1].entry.tags["owner"] == GRACE
    assert len(keys(world)) == 1
    assert breaches(world) == []


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_worker_that_dies_at_any_call_of_the_first_one_leaves_one(moment: Moment) -> None:
    whole = World()
    await whole.run(wanted())
    for index, call in enumerate(whole.faults.calls):
        world = World()
        world.faults.at(index, moment, WorkerDied())
        answer = await world.run(wanted())
        what = f"died {moment} call {index}, {call}"
        assert answer["data"]["status"] == "completed", what
        assert len(keys(world)) == 1, what
        assert set(signing_in(world)) == {True}, what
        assert not any(version.entry.enabled for version in world.vault.secrets[PENDING]), what
        assert breaches(world) == [], what
