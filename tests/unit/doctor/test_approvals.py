"""What needs an approval has somebody else's, who has a name; seen from outside, in the record."""

from dataclasses import replace

import pytest

from doctor.collect import rows
from doctor.evidence import Approval, Record, Seen
from doctor.invariants import breaches
from tests.component import approving
from tests.fakes.people import ADA, EVE, GRACE
from tests.fakes.world import World
from tests.unit.doctor.scene import POLICY, RECORD, SOUND


def found(approved: Approval | None, channel: str | None = "webhook") -> list[str]:
    record = replace(RECORD, approval=approved, channel=channel)
    return [each.what for each in breaches(replace(SOUND, records=Seen((record,))), POLICY)]


@pytest.mark.parametrize("approved", [None, Approval(GRACE, frozenset({ADA})), Approval("grace@contoso.example")])
def test_somebody_elses_approval_is_none(approved: Approval | None) -> None:
    assert found(approved) == []


@pytest.mark.parametrize("approved", [Approval(ADA, frozenset({ADA})), Approval(ADA, frozenset({GRACE, ADA}))])
def test_an_approval_by_a_party_is_a_breach(approved: Approval) -> None:
    (what,) = found(approved)
    assert f"was approved by {ADA}" in what
    assert found(approved, channel=None) == []


def test_an_approval_by_nobody_is_a_breach() -> None:
    (what,) = found(Approval(None, frozenset({ADA})))
    assert "names nobody" in what


async def test_who_approved_and_who_the_parties_are_is_read_from_the_record() -> None:
    world = World(approving.policy())
    await world.send(approving.asking(owner="eve@contoso.example"))
    await world.settle()
    assert read(world).approval is None
    await approving.say(world, "approve", who=GRACE)
    assert read(world).approval == Approval(GRACE, frozenset({ADA, EVE}))


async def test_without_a_directory_the_webhooks_word_tells_who_asked() -> None:
    world = World(approving.policy())
    world.people.allowed = False
    await world.send(approving.asking())
    await world.settle()
    await approving.say(world, "approve", who=GRACE)
    assert read(world).approval == Approval(GRACE, frozenset({ADA}))


def read(world: World) -> Record:
    return rows.record({"value0": approving.operation(world).model_dump_json()})
