"""The report tells all that was read, or the old one stays."""

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import ContendedError, ForbiddenError, RegistrarError, ThrottledError, UnavailableError
from shared.credentials.tags import read_tags
from shared.model.directory import HeldCredential, PasswordCredential
from shared.report import making
from tests.fakes.clock import START
from tests.fakes.directory_state import FakePassword
from tests.fakes.reporting import holder
from tests.fakes.world import World, example

APP, SECRET = "adt-client-dev", "adt-client-dev--client-secret"


def secret(key_id: str, days: float | None, name: str | None = "by hand", age: float = 10) -> HeldCredential:
    end = START + timedelta(days=days) if days is not None else None
    return HeldCredential("secret", key_id, name, START - timedelta(days=age), end)


async def registered() -> World:
    world = World()
    await world.run(example())
    await world.go_on(timedelta(hours=1))
    return world


def told(world: World) -> dict[str, Any]:
    return json.loads(world.reports.stored["json"].content)


def by_key(world: World) -> dict[str, dict[str, Any]]:
    return {row["keyId"]: row for row in told(world)["credentials"]}


async def test_managed_and_unmanaged_credentials_of_applications_and_principals_are_told_by_expiry() -> None:
    world = await registered()
    (ours,) = world.directory.applications[APP].passwords
    begun = START + timedelta(days=125)
    certificate = HeldCredential("certificate", "k-cert", "CN=x", begun, START + timedelta(days=300))
    world.holders.others = [
        holder(1, "theirs", secret("k-soon", 3)),
        holder(2, "principal", certificate, kind="servicePrincipal"),
    ]
    world.holders.owned[world.holders.others[0].object_id] = ("grace@contoso.example",)
    assert await world.registrar.report_maker.make()
    rows = by_key(world)
    assert list(rows) == ["k-soon", ours, "k-cert"]
    assert (rows[ours]["managed"], rows[ours]["owners"]) == (True, ["ada@contoso.example"])
    assert (rows[ours]["keyVaultSecretName"], rows[ours]["advice"]) == (SECRET, "will_be_replaced")
    assert (rows["k-soon"]["managed"], rows["k-soon"]["owners"]) == (False, ["grace@contoso.example"])
    assert rows["k-soon"]["advice"] == "expires_soon"
    assert (rows["k-cert"]["holder"], rows["k-cert"]["type"]) == ("servicePrincipal", "certificate")
    assert (rows["k-cert"]["advice"], rows["k-cert"]["owners"]) == ("fine", [])
    stored = world.reports.stored
    assert {each.as_of for each in stored.values()} == {world.clock.now()}
    table = list(csv.DictReader(io.StringIO(stored["csv"].content.decode())))
    assert [line["keyId"] for line in table] == list(rows)
    assert all(key.encode() in stored["html"].content for key in rows)


async def test_a_mark_that_no_vault_tag_knows_is_told_as_such_and_not_as_managed() -> None:
    world = await registered()
    app = world.directory.applications[APP]
    lost = PasswordCredential("k-lost", f"reg:{'a' * 32} left behind", START + timedelta(days=90))
    app.passwords["k-lost"] = FakePassword(lost, "lost", START)
    world.directory.remember(APP)
    assert await world.registrar.report_maker.make()
    row = by_key(world)["k-lost"]
    assert (row["managed"], row["advice"], row["urgency"]) == (False, "mark_unknown_to_vault", "act")


async def test_both_of_an_overlap_are_managed_and_so_is_one_before_them() -> None:
    world = await registered()
    for number in range(2):
        rotate = json.dumps(
            {
                "schemaVersion": "1",
                "requestId": f"ROT{number}",
                "action": "rotate",
                "requestedBy": "ada@contoso.example",
                "application": {"uniqueName": APP},
                "credential": "client-secret",
                "reason": "twice within one overlap",
            }
        )
        await world.run(rotate.encode())
        await world.go_on(timedelta(hours=1))
    keys = list(world.directory.applications[APP].passwords)
    assert len(keys) == 3
    assert await world.registrar.report_maker.make()
    rows = by_key(world)
    assert {key: rows[key]["managed"] for key in keys} == dict.fromkeys(keys, True)
    assert Counter(rows[key]["advice"] for key in keys) == {"will_be_removed": 2, "will_be_replaced": 1}


async def test_a_vault_tag_of_another_application_makes_nothing_managed() -> None:
    world = await registered()
    tags = read_tags(world.vault.secrets[SECRET][-1].entry)
    assert tags is not None
    world.holders.others = [holder(1, "copies a keyId", secret(tags.key_id, 200))]
    assert await world.registrar.report_maker.make()
    copied = [row for row in told(world)["credentials"] if row["displayName"] == "copies a keyId"]
    assert [row["managed"] for row in copied] == [False]


async def failing_again(world: World) -> bool:
    world.clock.advance(timedelta(days=1))
    world.holders.others.append(holder(9, "new since", secret("k-new", 5)))
    return await world.registrar.report_maker.make()


@pytest.mark.parametrize("call", ["graph holders applications", "graph holders others", "vault page"])
@pytest.mark.parametrize("error", [UnavailableError("no answer"), ThrottledError("patience", timedelta(seconds=40))])
async def test_a_listing_that_failed_leaves_the_old_report_as_it_is(call: str, error: RegistrarError) -> None:
    world = await registered()
    world.holders.others = [holder(1, "theirs", secret("k-soon", 3))]
    assert await world.registrar.report_maker.make()
    before = dict(world.reports.stored)
    world.faults.next(call, "before", error)
    assert not await failing_again(world)
    assert world.reports.stored == before
    if isinstance(error, ThrottledError):
        assert world.backoff.pause == world.clock.now() + timedelta(seconds=40)
        assert not await world.registrar.report_maker.make()
        world.clock.advance(timedelta(minutes=1))
    assert await world.registrar.report_maker.make()
    assert "k-new" in by_key(world)


async def test_a_page_of_the_vault_that_fails_in_the_middle_leaves_the_old_report() -> None:
    world = await registered()
    for number in range(9):
        await world.run(
            example(requestId=f"R{number}", application=example()["application"] | {"uniqueName": f"a{number}"})
        )
    assert await world.registrar.report_maker.make()
    before = dict(world.reports.stored)
    world.faults.next("vault page", "after", UnavailableError("no answer"))
    assert not await failing_again(world)
    assert world.reports.stored == before


async def test_a_report_whose_last_part_could_not_be_written_is_made_again_at_the_next_hour() -> None:
    world = await registered()
    assert await world.registrar.report_maker.make()
    world.clock.advance(timedelta(days=1))
    calls = [name for name in world.faults.calls if name == "blob write report"]
    assert len(calls) == 3
    begun = len(world.faults.calls)
    # as of, backoff, vault, two listings of Graph, two parts: the eighth call writes JSON.
    world.faults.at(begun + 7, "before", UnavailableError("no answer"))
    assert not await world.registrar.report_maker.make()
    assert world.faults.calls[begun + 7] == "blob write report"
    assert world.reports.stored["html"].as_of > world.reports.stored["json"].as_of
    world.clock.advance(timedelta(hours=1))
    assert await world.registrar.report_maker.make()
    assert {each.as_of for each in world.reports.stored.values()} == {world.clock.now()}


async def test_a_young_report_is_not_made_again() -> None:
    world = await registered()
    assert await world.registrar.report_maker.make()
    before = dict(world.reports.stored)
    world.clock.advance(timedelta(hours=1))
    assert not await world.registrar.report_maker.make()
    assert world.reports.stored == before


def many_holders(world: World, each_kind: int = 30) -> None:
    """Three kinds of holders, the least urgent first."""
    world.holders.others = [
        *(holder(number, f"fine {number}", secret(f"k-fine-{number}", 100)) for number in range(each_kind)),
        *(holder(1000 + number, f"watch {number}", secret(f"k-watch-{number}", -1)) for number in range(each_kind)),
        *(holder(2000 + number, f"act {number}", secret(f"k-act-{number}", 20)) for number in range(each_kind)),
    ]
    for number, each in enumerate(world.holders.others):
        world.holders.owned[each.object_id] = (f"owner{number}@contoso.example",)


def unnamed(world: World) -> Counter[str]:
    """How many rows name no owner, by urgency."""
    return Counter(row["urgency"] for row in told(world)["credentials"] if row["owners"] is None)


async def test_every_owner_is_looked_up_once_the_most_urgent_first_in_batches() -> None:
    world = World()
    many_holders(world)
    world.holders.others[29] = replace(world.holders.others[29], credentials=(secret("a", 110), secret("b", 120)))
    assert await world.registrar.report_maker.make()
    assert world.holders.looked_up == [
        each.object_id for part in (60, 30, 0) for each in world.holders.others[part : part + 30]
    ]
    assert world.faults.calls.count("graph owners") == 5
    rows = by_key(world)
    assert {row["displayName"]: row["owners"] for row in rows.values()} == {
        each.display_name: [f"owner{number}@contoso.example"] for number, each in enumerate(world.holders.others)
    }
    assert told(world)["ownersNotLookedUp"] == 0
    assert b'id="owners-cut"' not in world.reports.stored["html"].content


async def test_when_time_is_up_the_report_is_written_with_the_owners_known_by_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(making, "_SECONDS_BEFORE_WRITING", 0.2)
    world = World()
    many_holders(world)
    world.holders.silent_after = 40
    assert await world.registrar.report_maker.make()
    assert unnamed(world) == {"watch": 20, "fine": 30}
    assert told(world)["ownersNotLookedUp"] == 50
    assert b'id="owners-cut"' in world.reports.stored["html"].content


async def test_a_graph_that_asks_for_patience_is_left_alone_and_the_report_is_written_all_the_same() -> None:
    world = World()
    many_holders(world, 100)
    world.faults.next("graph owners", "before", ThrottledError("patience", timedelta(seconds=40)))
    assert await world.registrar.report_maker.make()
    assert world.backoff.pause == world.clock.now() + timedelta(seconds=40)
    assert world.faults.calls.count("graph owners") < 10
    assert told(world)["ownersNotLookedUp"] == unnamed(world).total() > 0


@pytest.mark.parametrize("error", [UnavailableError("no answer"), ContendedError("busy")])
async def test_a_batch_that_failed_is_asked_for_once_more_after_the_others(error: RegistrarError) -> None:
    world = World()
    many_holders(world)
    world.faults.next("graph owners", "before", error)
    assert await world.registrar.report_maker.make()
    assert world.faults.calls.count("graph owners") == 6
    assert unnamed(world).total() == told(world)["ownersNotLookedUp"] == 0


async def test_an_owner_nobody_could_name_is_not_nobody() -> None:
    world = World()
    many_holders(world)
    world.holders.others = world.holders.others[:2]
    world.holders.gone = world.holders.others[:1]
    world.holders.owned = {}
    assert await world.registrar.report_maker.make()
    rows = by_key(world)
    assert (rows["k-fine-0"]["owners"], rows["k-fine-1"]["owners"]) == (None, [])


async def test_without_the_right_to_look_there_is_no_report() -> None:
    world = World()
    many_holders(world)
    world.faults.next("graph owners", "before", ForbiddenError("not allowed"))
    assert not await world.registrar.report_maker.make()
    assert world.reports.stored == {}


async def test_certificates_are_managed_and_one_that_waits_for_its_proof_is_told_as_such() -> None:
    world = World()
    credential = {"name": "pair", "type": "certificate", "lifetimeDays": 90}
    await world.run(example(credentials=[credential]))
    (current,) = world.directory.applications[APP].keys
    await world.go_on(timedelta(hours=1))
    world.directory.secret_delay = timedelta(hours=12)
    rotate = {"action": "rotate", "requestId": "ROT", "requestedBy": "ada@contoso.example", "credential": "pair"}
    rotate |= {"schemaVersion": "1", "application": {"uniqueName": APP}, "reason": "asked for"}
    await world.send(json.dumps(rotate).encode())
    await world.go_on(timedelta(hours=2))
    waiting = next(key for key in world.directory.applications[APP].keys if key != current)
    assert await world.registrar.report_maker.make()
    rows = by_key(world)
    assert (rows[current]["advice"], rows[current]["type"]) == ("will_be_replaced", "certificate")
    assert (rows[waiting]["managed"], rows[waiting]["advice"]) == (True, "being_proven")
