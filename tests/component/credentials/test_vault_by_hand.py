"""What people do to a vault secret of ours by hand: a version set above ours, and a version disabled."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.rotation.messages import CheckOn, Hint
from tests.component import rotating_secrets
from tests.component.credentials import test_certificates
from tests.component.rotating import APP, registered_with, rotation_of, signing_in_with
from tests.fakes.faults import WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.vault import FakeVersion
from tests.fakes.world import World, example

KINDS = {
    "secret": ("client-secret", example()),
    "certificate": (test_certificates.CREDENTIAL, test_certificates.wanted()),
}
_YEAR = timedelta(days=365)
_FOREVER = timedelta(days=2000)


def set_by_hand(world: World, name: str) -> FakeVersion:
    """Somebody makes a version of a secret of ours the newest; it bears no tags."""
    below = world.vault.secrets[name][-1].entry
    thumbprint = "AB" * 20 if below.thumbprint else ""
    expires = world.clock.now() + _FOREVER
    world.vault.put(name, "theirs", expires, {}, below.content_type or "", thumbprint)
    world.clock.advance(timedelta(minutes=10))
    return world.vault.secrets[name][-1]


def untouched(world: World, name: str, theirs: FakeVersion) -> bool:
    """Whether that version is there as somebody set it."""
    return theirs in world.vault.secrets[name] and theirs.entry.enabled and not theirs.entry.tags


def notes(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["field"], each["code"]) for each in answer["data"].get("notes", ())]


def changed(request: dict[str, Any], request_id: str = "R2") -> dict[str, Any]:
    """The same app under another name."""
    return request | {"requestId": request_id, "application": request["application"] | {"displayName": "Another"}}


def ours(world: World, name: str) -> list[FakeVersion]:
    return [each for each in world.vault.secrets[name] if each.entry.tags]


async def days(world: World, number: int) -> None:
    await rotating_secrets.days(world, number)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_change_goes_on_from_our_version_and_says_what_stands_above_it(kind: str) -> None:
    credential, request = KINDS[kind]
    world, name = await registered_with(request), f"{APP}--{credential}"
    before = world.vault.secrets[name][-1].entry
    theirs = set_by_hand(world, name)
    answer = await world.run(changed(request))
    assert answer["data"]["status"] == "completed"
    (answered,) = answer["data"]["credentials"]
    assert answered["keyVaultSecretVersion"] == before.version
    assert notes(answer) == [("credentials[0]", "newer_version_not_ours")]
    assert theirs.entry.version in answer["data"]["notes"][0]["message"]
    assert len(world.vault.secrets[name]) == 2
    assert untouched(world, name, theirs)
    assert breaches(world) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_the_owner_has_a_new_one_put_on_top(kind: str) -> None:
    credential, request = KINDS[kind]
    world, name = await registered_with(request), f"{APP}--{credential}"
    theirs = set_by_hand(world, name)
    answer = await world.run(rotation_of(credential))
    assert answer["data"]["status"] == "completed"
    newest = world.vault.secrets[name][-1].entry
    assert answer["data"]["credentials"][0]["keyVaultSecretVersion"] == newest.version
    assert newest.tags["previousKeyId"] == ours(world, name)[0].entry.tags["keyId"]
    assert notes(answer) == [("credential", "newer_version_replaced")]
    assert untouched(world, name, theirs)
    assert breaches(world) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_rotation_that_died_after_it_promoted_still_says_what_stood_above(kind: str) -> None:
    credential, request = KINDS[kind]
    world, name = await registered_with(request), f"{APP}--{credential}"
    set_by_hand(world, name)
    world.faults.next("vault disable", "before", WorkerDied())
    answer = await world.run(rotation_of(credential))
    assert notes(answer) == [("credential", "newer_version_replaced")]
    assert breaches(world) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_it_is_replaced_before_it_expires_all_the_same(kind: str) -> None:
    credential, request = KINDS[kind]
    world, name = await registered_with(request), f"{APP}--{credential}"
    theirs = set_by_hand(world, name)
    await world.run(changed(request))
    await days(world, 180)
    first, second = ours(world, name)
    assert second.entry.tags["previousKeyId"] == first.entry.tags["keyId"]
    assert world.vault.secrets[name][-1] is second
    assert not first.entry.enabled
    assert untouched(world, name, theirs)
    (event,) = [each for each in world.queues.events if each["type"] == "registrar.credential.rotated.v1"]
    assert notes(event) == [("credential", "newer_version_replaced")]
    assert breaches(world) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_it_stays_in_the_index_and_comes_back_to_one_that_was_lost(kind: str) -> None:
    credential, request = KINDS[kind]
    world, name = await registered_with(request), f"{APP}--{credential}"
    (row,) = world.due.rows.values()
    set_by_hand(world, name)
    await world.rotations.consider(Hint(APP, credential, listed_on=""))
    assert list(world.due.rows.values()) == [row]
    world.due.rows.clear()
    await world.registrar.index_check.run(CheckOn(part=0, parts=1))
    assert list(world.due.rows.values()) == [row]


@pytest.mark.parametrize("kind", KINDS)
async def test_it_stays_in_the_report_with_what_to_do(kind: str) -> None:
    credential, request = KINDS[kind]
    world, name = await registered_with(request), f"{APP}--{credential}"
    await world.run(rotation_of(credential))
    old, new = held_by(world)
    await report(world)
    before = rows(world)
    theirs = set_by_hand(world, name)
    await report(world)
    after = rows(world)
    assert (before[new]["advice"], after[new]["advice"]) == ("will_be_replaced", "newer_version_not_ours")
    assert (after[new]["managed"], after[new]["keyVaultSecretName"]) == (True, name)
    assert after[old] == before[old]
    assert untouched(world, name, theirs)


async def report(world: World) -> None:
    world.clock.advance(timedelta(hours=5))
    assert await world.registrar.report_maker.make()


def rows(world: World) -> dict[str, dict[str, Any]]:
    told = json.loads(world.reports.stored["json"].content)
    return {row["keyId"]: row for row in told["credentials"]}


async def test_what_stood_above_when_the_overlap_ended_is_not_touched() -> None:
    world, name = await registered_with(example()), f"{APP}--client-secret"
    await world.run(rotation_of("client-secret"))
    theirs = set_by_hand(world, name)
    await days(world, 20)
    first, second = ours(world, name)
    assert (first.entry.enabled, second.entry.enabled) == (False, True)
    assert list(world.directory.applications[APP].passwords) == [second.entry.tags["keyId"]]
    assert untouched(world, name, theirs)


async def test_what_somebody_set_under_the_pending_name_above_ours_is_not_disabled() -> None:
    world, pending = await registered_with(example()), f"{APP}--client-secret--pending"
    await world.run(rotation_of("client-secret"))
    theirs = set_by_hand(world, pending)
    answer = await world.run(rotation_of("client-secret", "ROT2"))
    assert answer["data"]["status"] == "completed"
    assert untouched(world, pending, theirs)
    assert signing_in_with(world, f"{APP}--client-secret")[-1]


async def test_a_secret_with_no_version_of_ours_is_never_written() -> None:
    world, name = World(), f"{APP}--client-secret"
    world.vault.put(name, "theirs", world.clock.now() + _YEAR, {})
    theirs = set_by_hand(world, name)
    answer = await world.run(example())
    assert [each["code"] for each in answer["data"]["errors"]] == ["vault_name_taken"]
    rotated = await world.run(rotation_of("client-secret"))
    assert "unknown_credential" in [each["code"] for each in rotated["data"]["errors"]]
    assert len(world.vault.secrets[name]) == 2
    assert untouched(world, name, theirs)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_change_leaves_a_disabled_one_disabled_and_says_so(kind: str) -> None:
    credential, request = KINDS[kind]
    world, name = await registered_with(request), f"{APP}--{credential}"
    world.vault.disable_newest(name)
    held = list(held_by(world))
    answer = await world.run(changed(request))
    assert answer["data"]["status"] == "completed"
    (answered,) = answer["data"]["credentials"]
    (version,) = world.vault.secrets[name]
    assert not version.entry.enabled
    assert answered["disabled"] is True
    assert answered["keyVaultSecretVersion"] == version.entry.version
    assert notes(answer) == [("credentials[0]", "credential_disabled")]
    assert list(held_by(world)) == held
    assert world.directory.applications[APP].state.display_name == "Another"


@pytest.mark.parametrize("kind", KINDS)
async def test_once_it_is_enabled_again_it_is_answered_as_ever(kind: str) -> None:
    credential, request = KINDS[kind]
    world, name = await registered_with(request), f"{APP}--{credential}"
    world.vault.disable_newest(name)
    await world.run(changed(request))
    world.vault.enable_newest(name)
    answer = await world.run(changed(request, "R3"))
    assert notes(answer) == []
    assert "disabled" not in answer["data"]["credentials"][0]
    assert len(world.vault.secrets[name]) == 1
    assert breaches(world) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_who_asks_for_a_rotation_gets_a_new_one_and_the_disabled_one_goes_after_the_overlap(kind: str) -> None:
    credential, request = KINDS[kind]
    world, name = await registered_with(request), f"{APP}--{credential}"
    world.vault.disable_newest(name)
    answer = await world.run(rotation_of(credential))
    assert answer["data"]["status"] == "completed"
    old, new = world.vault.secrets[name]
    assert (old.entry.enabled, new.entry.enabled) == (False, True)
    assert answer["data"]["credentials"][0]["keyId"] == new.entry.tags["keyId"]
    assert set(held_by(world)) == {old.entry.tags["keyId"], new.entry.tags["keyId"]}
    await days(world, 20)
    assert list(held_by(world)) == [new.entry.tags["keyId"]]
    removals = [each for each in world.faults.calls if each in ("graph remove_password", "graph write_keys")]
    await days(world, 20)
    assert removals == [each for each in world.faults.calls if each in ("graph remove_password", "graph write_keys")]
    assert breaches(world) == []


async def test_a_replaced_one_that_somebody_disables_early_goes_after_its_overlap_all_the_same() -> None:
    world, name = await registered_with(example()), f"{APP}--client-secret"
    await world.run(rotation_of("client-secret"))
    await days(world, 1)
    world.vault.disable_version(name, 0)
    await days(world, 20)
    assert list(held_by(world)) == [world.vault.secrets[name][-1].entry.tags["keyId"]]
    assert breaches(world) == []


async def test_a_disabled_one_of_an_application_that_is_gone_says_nothing_about_the_new_one() -> None:
    world, name = await registered_with(example()), f"{APP}--client-secret"
    world.vault.disable_newest(name)
    world.directory.delete(APP)
    world.directory.deleted_names.remove(APP)
    answer = await world.run(example(requestId="R2"))
    assert answer["data"]["status"] == "completed"
    assert notes(answer) == []
    assert signing_in_with(world, name) == [True]


async def test_what_is_disabled_and_has_one_above_it_says_both() -> None:
    world, name = await registered_with(example()), f"{APP}--client-secret"
    world.vault.disable_newest(name)
    set_by_hand(world, name)
    answer = await world.run(changed(example()))
    assert [code for _, code in notes(answer)] == ["credential_disabled", "newer_version_not_ours"]
    assert len(world.vault.secrets[name]) == 2


def held_by(world: World) -> list[str]:
    app = world.directory.applications[APP]
    return [*app.passwords, *app.keys]
