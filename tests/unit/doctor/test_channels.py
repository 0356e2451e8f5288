"""Nobody becomes a ticket by saying so, and a ticket approves what it showed; seen from outside, in the records."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from doctor.collect import rows
from doctor.evidence import Record, Seen
from doctor.invariants import breaches
from tests.component import approving
from tests.fakes.world import World
from tests.unit.doctor.scene import NOW, POLICY, RECORD, SOUND

HOUR = timedelta(hours=1)


def found(*records: Record) -> list[str]:
    return [each.what for each in breaches(replace(SOUND, records=Seen((*SOUND.records, *records))), POLICY)]


def record(**changes: Any) -> Record:
    """A rejected request of a ticket's, of which nothing was made, and that nothing is wrong with."""
    base = replace(RECORD, id="f" * 32, request_id="RITM1", source="servicenow", state="rejected", reason="x")
    return replace(base, **{"channel": "webhook", "ticket": "T1"} | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"channel": None},
        {"channel": "queue", "ticket": None},
        {"channel": None, "decided_in_ticket_at": NOW},
        {"decided_in_ticket_at": NOW, "shown_at": NOW - HOUR},
    ],
)
def test_what_came_by_its_own_way_is_none(changes: dict[str, Any]) -> None:
    assert found(record(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"channel": "queue"}, "came in by queue, but its answers go to the ticket T1"),
        ({"channel": "queue", "ticket": None, "decided_in_ticket_at": NOW}, "but was decided in a ticket"),
        ({"decided_in_ticket_at": NOW}, "before the ticket showed what was waiting"),
        ({"decided_in_ticket_at": NOW - HOUR, "shown_at": NOW}, "before the ticket showed what was waiting"),
        ({"decided_in_ticket_at": NOW, "shown_at": NOW}, "before the ticket showed what was waiting"),
    ],
)
def test_what_counts_as_a_tickets_and_is_not_is_a_breach(changes: dict[str, Any], what: str) -> None:
    (breach,) = found(record(**changes))
    assert what in breach


def test_a_source_that_proved_itself_before_does_not_come_by_the_queue() -> None:
    first = record(id="e" * 32, request_id="RITM0", accepted_at=NOW - 2 * HOUR)
    late = record(channel="queue", ticket=None, source="ServiceNow", accepted_at=NOW - HOUR)
    (breach,) = found(first, late)
    assert "although that source already used its webhook" in breach
    assert found(first, replace(late, accepted_at=NOW - 3 * HOUR)) == []


async def test_way_and_times_are_read_from_the_record() -> None:
    world = World(approving.policy())
    await world.send(approving.asking())
    await world.settle()
    await approving.tell(world, "approved")
    await world.settle()
    seen = rows.record({"value0": approving.operation(world).model_dump_json()})
    assert (seen.channel, seen.ticket) == ("webhook", "RITM0010042")
    assert seen.shown_at is not None
    assert seen.decided_in_ticket_at is not None
    assert seen.decided_in_ticket_at > seen.shown_at
