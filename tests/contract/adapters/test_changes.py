"""What changes in the directory is read once, from link to link, behind the port `Directory`."""

import base64
import json

import pytest

from devstack.doubles.faults import Fault, FaultKind
from shared.core.errors import RefusedError, ThrottledError
from tests.contract.adapters.registering import add_password, make_application, plain_state
from tests.contract.adapters.sides import DoubledSide, Side
from tests.devstack.doubles.local import Local

DAY = 86_400
DELTA = "GET /applications/delta"


async def link(side: Side) -> str:
    """A link that stands for now."""
    following = (await side.directory.changed_applications(None)).link
    side.advance(1)
    return following


async def test_without_a_link_all_of_ours_are_read_and_no_others(side: Side, name: str) -> None:
    made = await make_application(side, name)
    issued = await add_password(side, made.object_id)
    await side.directory.upsert_application(f"{name}-theirs", plain_state().model_copy(update={"tags": frozenset()}))
    changes = await side.directory.changed_applications(None)
    assert [each for each in changes.seen if each.startswith(name)] == [name]
    assert changes.seen[name].client_id == made.client_id
    assert [password.key_id for password in changes.seen[name].passwords] == [issued.key_id]
    assert changes.removed == ()


async def test_with_a_link_only_what_has_changed_is_read(side: Side, name: str) -> None:
    made = await make_application(side, name)
    other = await make_application(side, f"{name}-other")
    issued = await add_password(side, made.object_id)
    first = await link(side)
    assert (await side.directory.changed_applications(first)).seen == {}
    await side.directory.remove_password(made.object_id, issued.key_id)
    await side.directory.upsert_application(f"{name}-theirs", plain_state().model_copy(update={"tags": frozenset()}))
    side.advance(1)
    changes = await side.directory.changed_applications(first)
    assert set(changes.seen) == {name}
    assert (changes.seen[name].client_id, changes.seen[name].passwords) == (made.client_id, ())
    side.advance(1)
    added = await add_password(side, other.object_id)
    side.advance(1)
    changes = await side.directory.changed_applications(changes.link)
    assert {each: [one.key_id for one in seen.passwords] for each, seen in changes.seen.items()} == {
        f"{name}-other": [added.key_id]
    }


async def test_a_change_that_is_not_replicated_is_read_later(side: Side, name: str) -> None:
    made = await make_application(side, name)
    side.let_reads_lag(30)
    side.advance(31)
    first = await link(side)
    await add_password(side, made.object_id)
    early = await side.directory.changed_applications(first)
    assert early.seen == {}
    side.advance(31)
    late = await side.directory.changed_applications(early.link)
    assert set(late.seen) == {name}


async def test_an_application_that_is_gone_is_named_by_its_object_id(side: Side, name: str) -> None:
    made = await make_application(side, name)
    first = await link(side)
    side.delete_application(name)
    side.advance(1)
    changes = await side.directory.changed_applications(first)
    assert (changes.seen, changes.removed) == ({}, (made.object_id,))


def link_of(moment: float) -> str:
    """A link as the double gave it at this moment; the clock cannot be moved so far, as tokens would run out."""
    token = base64.urlsafe_b64encode(json.dumps([moment, 0.0, 0]).encode()).decode()
    return f"https://graph.microsoft.com/v1.0/applications/delta?$select=id&$deltatoken={token}"


async def test_a_link_that_is_too_old_is_refused_and_all_can_be_read(
    doubled: DoubledSide, registrar: Local, name: str
) -> None:
    await make_application(doubled, name)
    now = registrar.world.clock.time()
    await doubled.directory.changed_applications(link_of(now - 6 * DAY))
    with pytest.raises(RefusedError):
        await doubled.directory.changed_applications(link_of(now - 8 * DAY))
    assert name in (await doubled.directory.changed_applications(None)).seen


async def test_a_link_that_nobody_gave_is_refused(doubled: DoubledSide) -> None:
    with pytest.raises(RefusedError):
        await doubled.directory.changed_applications(
            "https://graph.microsoft.com/v1.0/applications/delta?$deltatoken=x"
        )


@pytest.mark.parametrize(
    "foreign",
    [
        "https://graph.microsoft.com.evil.example/v1.0/applications/delta?$deltatoken=x",
        "https://evil.example/v1.0/applications/delta?$deltatoken=x",
        "http://graph.microsoft.com/v1.0/applications/delta?$deltatoken=x",
        "https://graph.microsoft.com@evil.example/v1.0/applications/delta",
        "",
    ],
)
async def test_a_link_that_leads_elsewhere_is_not_followed(
    doubled: DoubledSide, registrar: Local, foreign: str
) -> None:
    registrar.world.calls.clear()
    with pytest.raises(RefusedError):
        await doubled.directory.changed_applications(foreign)
    assert sum(registrar.world.calls.values()) == 0


async def test_many_changes_come_in_pages(doubled: DoubledSide, registrar: Local, name: str) -> None:
    first = await link(doubled)
    for number in range(120):
        await make_application(doubled, f"{name}-{number}")
    doubled.advance(1)
    registrar.world.calls.clear()
    changes = await doubled.directory.changed_applications(first)
    assert len(changes.seen) == 120
    assert registrar.world.calls["graph", DELTA] == 2


async def test_reading_changes_is_throttled_like_any_other_read(doubled: DoubledSide, registrar: Local) -> None:
    first = await link(doubled)
    registrar.world.faults.add(Fault(service="graph", kind=FaultKind.THROTTLE, retry_after=7))
    with pytest.raises(ThrottledError):
        await doubled.directory.changed_applications(first)
